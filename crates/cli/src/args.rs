//! The command line: every command and option, with the help that a user reads.

use std::net::IpAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::builder::NonEmptyStringValueParser;
use clap::error::ErrorKind as ClapErrorKind;
use clap::{Args, Parser, Subcommand};
use image_intelligence::{Class, Error, ErrorKind, Secret};
use image_intelligence_server::Progression;

use crate::failure::Failure;
use crate::output::Format;
use crate::zones::ZoneArg;
use crate::{classes, help, serve};

/// Finds things in pictures: with the Image Intelligence API, or with a server of your own.
#[derive(Debug, Parser)]
#[command(name = "ii", version, after_help = help::ALL, propagate_version = true)]
pub(crate) struct Cli {
    #[arg(long, help = help::BASE_URL, help_heading = "Everywhere", global = true, value_name = "URL")]
    pub(crate) base_url: Option<String>,

    /// Say on stderr what happens; give it twice to see every request
    #[arg(short, long, help_heading = "Everywhere", global = true, action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,

    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Show it working: a server, four photos, one job, its result
    Demo(DemoArgs),
    /// Run the API on this machine, with a real detector
    Serve(ServeArgs),
    /// Find classes of objects in pictures
    Detect(Box<DetectArgs>),
    /// Look at, or wait for, a job that was submitted before
    #[command(subcommand)]
    Jobs(JobsCommand),
}

impl Command {
    pub(crate) fn format(&self) -> Format {
        match self {
            Self::Demo(args) if args.json => Format::Json,
            Self::Serve(args) if args.json => Format::Json,
            Self::Demo(_) | Self::Serve(_) => Format::Text,
            Self::Detect(args) => args.shape.format(),
            Self::Jobs(JobsCommand::Get(args)) => args.shape.format(),
            Self::Jobs(JobsCommand::Wait(args)) => args.shape.format(),
            Self::Jobs(JobsCommand::Find(args)) => args.shape.format(),
        }
    }
}

/// How results are written.
#[derive(Debug, Args)]
pub(crate) struct ShapeArgs {
    /// Print one JSON document: the job as the API answers it, with each picture's `input` (which of yours it is)
    #[arg(long)]
    pub(crate) json: bool,

    /// Print one JSON object a line, one line a picture
    #[arg(long, conflicts_with = "json")]
    pub(crate) ndjson: bool,
}

impl ShapeArgs {
    pub(crate) fn format(&self) -> Format {
        Format::from_flags(self.json, self.ndjson)
    }
}

#[derive(Debug, Args)]
#[command(after_help = help::DEMO)]
pub(crate) struct DemoArgs {
    /// Print the result as one JSON document
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
#[command(after_help = help::SERVE)]
pub(crate) struct ServeArgs {
    /// The port; 0 takes a free one
    #[arg(long, default_value_t = 8080)]
    pub(crate) port: u16,

    /// The address to listen on; others than loopback need --credentials
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1")]
    pub(crate) bind: IpAddr,

    /// Who may use it
    #[arg(long, value_name = "FILE")]
    pub(crate) credentials: Option<PathBuf>,

    /// Keep jobs in this file (a database, made where there is none), instead of in memory
    #[arg(long, value_name = "FILE")]
    pub(crate) db: Option<PathBuf>,

    /// When jobs are done: `immediate` (as soon as the work is), `time=SECONDS`, `polls=N` looks at it, or `never`
    #[arg(long, value_name = "HOW", default_value = "immediate", value_parser = serve::progression)]
    pub(crate) progression: Progression,

    /// Let the server's clock run so many times as fast
    #[arg(long, value_name = "FACTOR", default_value_t = 1.0)]
    pub(crate) time_scale: f64,

    /// Fetch pictures from any address, private networks and cloud metadata included: whoever sends jobs then reaches
    /// those through the server
    #[arg(long)]
    pub(crate) allow_private: bool,

    /// How many pictures to look at at once [default: half the number of processors, as two threads
    /// look at each]
    #[arg(long, value_name = "N")]
    pub(crate) workers: Option<std::num::NonZeroUsize>,

    /// Make these faults happen, to test a client against them (see below)
    #[arg(long, value_name = "FILE")]
    pub(crate) scenario: Option<PathBuf>,

    /// Draw the chances of faults from this seed, and not from the scenario's or 0
    #[arg(long, value_name = "N")]
    pub(crate) seed: Option<u64>,

    #[arg(long, help = help::ADMIN_TOKEN, value_name = "TOKEN", value_parser = secret)]
    pub(crate) admin_token: Option<Secret>,

    /// Print one line of JSON with `baseUrl` when ready, and nothing else on stdout
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
#[command(after_help = help::DETECT)]
pub(crate) struct DetectArgs {
    /// Files, patterns, directories, URLs, or - for the bytes on stdin: 1 to 64 pictures in all
    #[arg(required = true, value_name = "IMAGE")]
    pub(crate) images: Vec<String>,

    /// What to look for, such as `person`; with `:never`, `:auto` or `:always`, whether a human should check it
    #[arg(short, long = "class", value_name = "CLASS[:VERIFY]", required = true, value_parser = classes::parse)]
    pub(crate) classes: Vec<Class>,

    /// Where not to look: `[CLASS=]LEFT,TOP,RIGHT,BOTTOM` or `[CLASS=]01/00` (see below)
    #[arg(long = "zone", value_name = "ZONE")]
    pub(crate) zones: Vec<ZoneArg>,

    /// Wait for the result (this is the default)
    #[arg(long, conflicts_with = "no_wait")]
    pub(crate) wait: bool,

    /// Only submit: print the job's id and a resume token for `ii jobs wait`
    #[arg(long, conflicts_with_all = ["annotate", "timeout"])]
    pub(crate) no_wait: bool,

    /// How long it may take from the start of the command: 60s, 15m, 1h [default: 15m]; sending is not cut short
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub(crate) timeout: Option<Duration>,

    /// Your own name for the job, at most 64 characters
    #[arg(long, value_name = "ID")]
    pub(crate) custom_id: Option<String>,

    /// Which camera or source the pictures came from, at most 64 characters
    #[arg(long, value_name = "ID")]
    pub(crate) feed_id: Option<String>,

    /// Ask where in the picture each object is (`ii serve` says it; the public API does not)
    #[arg(long)]
    pub(crate) boxes: bool,

    /// Write a copy of each picture with its boxes drawn to this directory, as NAME.boxes.jpg or .png
    #[arg(long, value_name = "DIR")]
    pub(crate) annotate: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) shape: ShapeArgs,
}

/// What to do with a job.
#[derive(Debug, Subcommand)]
pub(crate) enum JobsCommand {
    /// Print a job as it is now, done or not
    Get(JobsGetArgs),
    /// Wait until a job is done, and print its result
    Wait(JobsWaitArgs),
    /// Find the jobs with a customId: their ids, how far they are, and when they were made
    Find(JobsFindArgs),
}

#[derive(Debug, Args)]
pub(crate) struct JobsGetArgs {
    /// The job's id, or its resume token
    #[arg(value_name = "ID")]
    pub(crate) job: String,

    #[command(flatten)]
    pub(crate) shape: ShapeArgs,
}

#[derive(Debug, Args)]
pub(crate) struct JobsWaitArgs {
    /// The job's id, or the resume token that `--no-wait`, Ctrl-C or a time-out left behind
    #[arg(value_name = "ID_OR_RESUME_TOKEN")]
    pub(crate) job: String,

    /// How long to wait: 60s, 15m, 1h [default: 15m]
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub(crate) timeout: Option<Duration>,

    #[command(flatten)]
    pub(crate) shape: ShapeArgs,
}

#[derive(Debug, Args)]
pub(crate) struct JobsFindArgs {
    /// The name that you gave the job, or that an error named
    #[arg(long, value_name = "ID", allow_hyphen_values = true, value_parser = NonEmptyStringValueParser::new())]
    pub(crate) custom_id: String,

    #[command(flatten)]
    pub(crate) shape: ListShapeArgs,
}

/// How a list of jobs is written.
#[derive(Debug, Args)]
pub(crate) struct ListShapeArgs {
    /// Print one JSON array of jobs, `[]` where there is none
    #[arg(long)]
    pub(crate) json: bool,

    /// Print one JSON object a line, one line a job
    #[arg(long, conflicts_with = "json")]
    pub(crate) ndjson: bool,
}

impl ListShapeArgs {
    pub(crate) fn format(&self) -> Format {
        Format::from_flags(self.json, self.ndjson)
    }
}

/// Reads `60s`, `1.5m`, `1h`, `500ms`; a bare number is seconds.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    let digits = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let factor = match unit.trim() {
        "ms" => 0.001,
        "" | "s" => 1.0,
        "m" | "min" => 60.0,
        "h" => 3600.0,
        _ => return Err("a duration looks like 60s, 15m or 1h".to_owned()),
    };
    let number: f64 = number.parse().map_err(|_| "a duration looks like 60s, 15m or 1h".to_owned())?;
    Duration::try_from_secs_f64(number * factor).map_err(|_| "that is longer than anybody can wait".to_owned())
}

/// Takes anything: an error of the command line would print it.
#[expect(clippy::unnecessary_wraps, reason = "what clap asks for")]
fn secret(text: &str) -> Result<Secret, std::convert::Infallible> {
    Ok(text.into())
}

/// Says what is wrong with a command line; prints the help or the version where that was asked for.
pub(crate) fn refuse(error: &clap::Error) -> ExitCode {
    let asked_for = matches!(error.kind(), ClapErrorKind::DisplayHelp | ClapErrorKind::DisplayVersion);
    // The line could not be read, so whether JSON is wanted can only be guessed from its words.
    let json = std::env::args_os().skip(1).any(|word| word == "--json" || word == "--ndjson");
    if asked_for || !json {
        // A closed pipe is no reason to complain about help that nobody reads.
        let _ = error.print();
        return ExitCode::from(if asked_for { 0 } else { ErrorKind::Config.exit_code() });
    }
    let text = error.render().to_string();
    // What comes after the first empty line is the usage.
    let lines: Vec<_> = text.lines().take_while(|line| !line.is_empty()).map(str::trim).collect();
    let words = lines.join(" ");
    let message = words.strip_prefix("error: ").unwrap_or(&words);
    let failure = Failure::from(Error::new(ErrorKind::Config, message)).hint("see ii --help");
    failure.report(Format::Json);
    failure.exit_code()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        <Cli as clap::CommandFactory>::command().debug_assert();
    }

    #[test]
    fn durations() {
        assert_eq!(duration("60s"), Ok(Duration::from_mins(1)));
        assert_eq!(duration("15m"), Ok(Duration::from_mins(15)));
        assert_eq!(duration("1.5h"), Ok(Duration::from_mins(90)));
        assert_eq!(duration("250ms"), Ok(Duration::from_millis(250)));
        assert_eq!(duration("7"), Ok(Duration::from_secs(7)));
        for wrong in ["", "s", "-1s", "1 fortnight", "1e99h", "1.2.3s"] {
            assert!(duration(wrong).is_err(), "{wrong}");
        }
    }
}
