//! `ii`: the library and the server, from a terminal. This file reads the command line, runs one command, and ends with
//! the exit code that the error kinds fix.

mod annotate;
mod args;
mod ask;
mod calls;
mod classes;
mod delivery;
mod demo;
mod detect;
mod doctor;
mod download;
mod faces;
mod failure;
mod feedback;
mod help;
mod identities;
mod inbox;
mod interrupt;
mod jobs;
mod kinds;
mod listen;
mod logs;
mod mailbox;
mod manual;
mod matching;
mod moments;
mod output;
mod pictures;
mod reasons;
mod recognize;
mod run;
mod secrets;
mod serve;
mod session;
mod submit;
mod tls;
mod token;
mod tracking;
mod trigger;
mod waiting;
mod webhooks;
mod zones;

use std::process::ExitCode;

use clap::Parser as _;

use crate::args::{Cli, Command, JobsCommand, WebhooksCommand};
use crate::failure::Failure;

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return args::refuse(&error),
    };
    logs::start(cli.verbose, matches!(cli.command, Command::Listen(_)));
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
    // Boxed: the future of the largest command should not be carried by all.
    let done = runtime.block_on(Box::pin(command(cli.command, base_url.as_deref())));
    // Whatever still runs (a picture being decoded after Ctrl-C, say) must not hold up the end.
    runtime.shutdown_background();
    done
}

async fn command(command: Command, base_url: Option<&str>) -> Result<ExitCode, Failure> {
    match command {
        Command::Demo(args) => demo::run(&args).await,
        Command::Serve(args) => serve::run(args).await,
        Command::Doctor(args) => doctor::run(args, base_url).await,
        Command::Detect(args) => detect::run(*args, base_url).await,
        Command::Match(args) => matching::run(*args, base_url).await,
        Command::Ask(args) => ask::run(*args, base_url).await,
        Command::Recognize(args) => recognize::run(*args, base_url).await,
        Command::Jobs(JobsCommand::Get(args)) => jobs::get(&args, base_url).await,
        Command::Jobs(JobsCommand::Wait(args)) => jobs::wait(&args, base_url).await,
        Command::Jobs(JobsCommand::Find(args)) => jobs::look_for(&args, base_url).await,
        Command::Jobs(JobsCommand::List(args)) => jobs::list(&args, base_url).await,
        Command::Feedback(command) => feedback::run(command, base_url).await,
        Command::Identities(command) => identities::run(command, base_url).await,
        Command::Groups(command) => faces::groups(command, base_url).await,
        Command::Images(command) => faces::images(command, base_url).await,
        Command::Webhooks(WebhooksCommand::Register(args)) => webhooks::register(args, base_url).await,
        Command::Listen(args) => listen::run(*args, base_url).await,
        Command::Inbox(command) => inbox::run(command).await,
        Command::Trigger(args) => trigger::run(*args).await,
        Command::Token(args) => token::run(&args, base_url).await,
        Command::Completions(args) => manual::completions(&args),
        Command::Man(args) => manual::man(&args),
    }
}

/// The option, or else the environment. Not left to clap, whose usage lines would show an option that the environment sets
/// as if it were required.
fn base_url(option: Option<String>) -> Result<Option<String>, Failure> {
    // A variable of the shell that is not set must not send credentials to the public API.
    if option.as_deref() == Some("") {
        return Err(Failure::config("--base-url: empty; give the API's address, or leave it out for the public one"));
    }
    let url = match (option, std::env::var("II_BASE_URL")) {
        (Some(url), _) | (None, Ok(url)) => url,
        (None, Err(std::env::VarError::NotPresent)) => return Ok(None),
        (None, Err(error)) => return Err(Failure::config(format!("II_BASE_URL: {error}"))),
    };
    Ok(Some(url).filter(|url| !url.is_empty()))
}
