//! `ii`: the library and the server, from a terminal. This file reads the command line, runs one command, and ends with
//! the exit code that the error kinds fix.

mod annotate;
mod args;
mod classes;
mod demo;
mod detect;
mod failure;
mod help;
mod interrupt;
mod jobs;
mod logs;
mod output;
mod pictures;
mod reasons;
mod serve;
mod session;
mod waiting;
mod zones;

use std::process::ExitCode;

use clap::Parser as _;

use crate::args::{Cli, Command, JobsCommand};
use crate::failure::Failure;

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return args::refuse(&error),
    };
    logs::start(cli.verbose);
    let format = cli.command.format();
    match run(cli) {
        Ok(code) => code,
        Err(failure) => {
            failure.report(format);
            failure.exit_code()
        }
    }
}

fn run(cli: Cli) -> Result<ExitCode, Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::config(format!("the runtime cannot be started: {error}")))?;
    let base_url = base_url(cli.base_url)?;
    let done = runtime.block_on(async {
        match cli.command {
            Command::Demo(args) => demo::run(&args).await,
            Command::Serve(args) => serve::run(args).await,
            Command::Detect(args) => detect::run(*args, base_url.as_deref()).await,
            Command::Jobs(JobsCommand::Get(args)) => jobs::get(&args, base_url.as_deref()).await,
            Command::Jobs(JobsCommand::Wait(args)) => jobs::wait(&args, base_url.as_deref()).await,
            Command::Jobs(JobsCommand::Find(args)) => jobs::look_for(&args, base_url.as_deref()).await,
        }
    });
    // Whatever still runs (a picture being decoded after Ctrl-C, say) must not hold up the end.
    runtime.shutdown_background();
    done
}

/// The option, or else the environment. Not left to clap, whose usage lines would show an option that the environment sets
/// as if it were required.
fn base_url(option: Option<String>) -> Result<Option<String>, Failure> {
    let url = match (option, std::env::var("II_BASE_URL")) {
        (Some(url), _) | (None, Ok(url)) => url,
        (None, Err(std::env::VarError::NotPresent)) => return Ok(None),
        (None, Err(error)) => return Err(Failure::config(format!("II_BASE_URL: {error}"))),
    };
    Ok(Some(url).filter(|url| !url.is_empty()))
}
