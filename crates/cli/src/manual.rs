//! `ii completions` and `ii man`: what is made of the command line itself.

use std::path::Path;
use std::process::ExitCode;

use clap::{Command, CommandFactory as _};
use clap_mangen::Man;

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
        let page =
            page(Cli::command()).map_err(|error| Failure::config(format!("the page cannot be made: {error}")))?;
        return written(deliver_bytes(page.as_bytes()));
    };
    let mut command = Cli::command().disable_help_subcommand(true);
    command.build();
    std::fs::create_dir_all(directory)
        .and_then(|()| pages(&command, directory))
        .map_err(|error| Failure::config(format!("{}: pages cannot be written there: {error}", directory.display())))?;
    remark(&format!("man pages are in {}\n", directory.display()));
    Ok(ExitCode::SUCCESS)
}

fn pages(command: &Command, directory: &Path) -> std::io::Result<()> {
    let file = directory.join(Man::new(command.clone()).get_filename());
    std::fs::write(file, page(command.clone())?)?;
    command.get_subcommands().try_for_each(|command| pages(command, directory))
}

/// A page whose examples keep their lines, which clap's own would fill.
fn page(command: Command) -> std::io::Result<String> {
    let mut page = Vec::new();
    Man::new(command).render(&mut page)?;
    let page = String::from_utf8_lossy(&page);
    let Some((start, rest)) = page.split_once(".SH EXTRA\n") else { return Ok(page.into_owned()) };
    let (extra, end) = rest.find("\n.SH ").map_or((rest.trim_end(), "\n"), |end| rest.split_at(end));
    Ok(format!("{start}.SH EXAMPLES\n.nf\n{extra}\n.fi{end}"))
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
