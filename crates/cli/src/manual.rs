//! `ii completions` and `ii man`: what is made of the command line itself.

use std::process::ExitCode;

use clap::CommandFactory as _;

use crate::args::{Cli, CompletionsArgs, ManArgs};
use crate::failure::Failure;
use crate::output::{deliver_bytes, remark};

pub(crate) fn completions(args: &CompletionsArgs) -> Result<ExitCode, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "ii", &mut script);
    written(deliver_bytes(&script))
}

pub(crate) fn man(args: &ManArgs) -> Result<ExitCode, Failure> {
    let Some(directory) = &args.directory else {
        let mut page = Vec::new();
        clap_mangen::Man::new(Cli::command())
            .render(&mut page)
            .map_err(|error| Failure::config(format!("the page cannot be made: {error}")))?;
        return written(deliver_bytes(&page));
    };
    std::fs::create_dir_all(directory)
        .and_then(|()| clap_mangen::generate_to(Cli::command(), directory))
        .map_err(|error| Failure::config(format!("{}: pages cannot be written there: {error}", directory.display())))?;
    remark(&format!("man pages are in {}\n", directory.display()));
    Ok(ExitCode::SUCCESS)
}

/// A reader that has seen enough is no error.
fn written(result: std::io::Result<()>) -> Result<ExitCode, Failure> {
    match result {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(Failure::config(format!("stdout cannot be written to: {error}")))
        }
        _ => Ok(ExitCode::SUCCESS),
    }
}
