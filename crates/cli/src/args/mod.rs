//! The command line: every command and option, with the help that a user reads.

mod account;
mod hooks;
mod inbox;
mod jobs;
mod recognition;
mod server;
mod submit;
pub(crate) mod values;

use std::process::ExitCode;

use clap::error::ErrorKind as ClapErrorKind;
use clap::{Args, Parser, Subcommand};
use image_intelligence::{Error, ErrorKind, Timestamp};

pub(crate) use account::{
    CompletionsArgs, FeedbackCommand, FeedbackGiveArgs, FeedbackListArgs, ManArgs, TokenArgs, WebhooksCommand,
    WebhooksRegisterArgs,
};
pub(crate) use hooks::{DoctorArgs, EventName, ListenArgs, TriggerArgs};
pub(crate) use inbox::{InboxCommand, InboxListArgs, InboxReplayArgs, InboxShowArgs, PageArgs, PlaceArgs};
pub(crate) use jobs::{JobsCommand, JobsFindArgs, JobsGetArgs, JobsListArgs, JobsWaitArgs, WhichArgs};
pub(crate) use recognition::{
    GroupsCommand, IdentitiesCommand, IdentityCreateArgs, IdentityUpdateArgs, ImagesCommand, ImagesDownloadArgs,
    OneArgs, RowsArgs,
};
pub(crate) use server::{DemoArgs, ServeArgs};
pub(crate) use submit::{AskArgs, DetectArgs, MatchArgs, RecognizeArgs, SubmitArgs};

use crate::failure::Failure;
use crate::help;
use crate::output::Format;

/// Finds things in pictures: with the Image Intelligence API, or with a server of your own.
#[derive(Debug, Parser)]
#[command(name = "ii", version, help_template = help::TEMPLATE, after_help = help::ALL, propagate_version = true)]
pub(crate) struct Cli {
    #[arg(long, help = help::BASE_URL, help_heading = "Everywhere", global = true, value_name = "URL")]
    pub(crate) base_url: Option<String>,

    /// Say on stderr what happens; give it twice to see every request
    #[arg(short, long, help_heading = "Everywhere", global = true, action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,

    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What to do. `help::TEMPLATE` tells these in groups; a test holds it to this list.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Show it working: a server, four photos, one job, its result
    Demo(DemoArgs),
    /// Run the API on this machine, with a real detector
    Serve(ServeArgs),
    /// Check that all is in place, before anything is spent
    Doctor(DoctorArgs),
    /// Find classes of objects in pictures
    Detect(Box<DetectArgs>),
    /// Find the picture that shows a target, such as this dog
    Match(Box<MatchArgs>),
    /// Ask a question about pictures, to be answered with yes or no
    Ask(Box<AskArgs>),
    /// Find faces in pictures, and whose they are
    Recognize(Box<RecognizeArgs>),
    /// Look at, wait for, or find jobs that were submitted before
    #[command(subcommand)]
    Jobs(JobsCommand),
    /// Say where a detect job was wrong, and read what was said
    #[command(subcommand)]
    Feedback(FeedbackCommand),
    /// Whom recognition knows: make, read, change, forget, list
    #[command(subcommand)]
    Identities(IdentitiesCommand),
    /// The groups that recognition makes of faces
    #[command(subcommand)]
    Groups(GroupsCommand),
    /// The pictures of faces, and pictures that the API keeps
    #[command(subcommand)]
    Images(ImagesCommand),
    /// Have the events of your application posted to a URL
    #[command(subcommand)]
    Webhooks(WebhooksCommand),
    /// Receive webhooks: print each, or pass it on
    Listen(Box<ListenArgs>),
    /// Look into what a receiver keeps, and have it handled again
    #[command(subcommand, after_help = help::INBOX)]
    Inbox(InboxCommand),
    /// Send a webhook to your receiver, as the service would
    Trigger(Box<TriggerArgs>),
    /// Show whose the credentials are, and what they allow
    Token(TokenArgs),
    /// Print what makes a shell complete `ii` commands
    Completions(CompletionsArgs),
    /// Print the manual page, or write all of them
    Man(ManArgs),
}

impl Command {
    pub(crate) fn format(&self) -> Format {
        match self {
            Self::Demo(args) => Format::from_flags(args.json, false),
            Self::Serve(args) => Format::from_flags(args.json, false),
            Self::Doctor(args) => Format::from_flags(args.json, false),
            Self::Detect(args) => args.submit.shape.format(),
            Self::Match(args) => args.submit.shape.format(),
            Self::Ask(args) => args.submit.shape.format(),
            Self::Recognize(args) => args.submit.shape.format(),
            Self::Jobs(command) => command.format(),
            Self::Feedback(command) => command.format(),
            Self::Identities(command) => command.format(),
            Self::Groups(command) => command.format(),
            Self::Images(command) => command.format(),
            Self::Webhooks(WebhooksCommand::Register(args)) => args.shape.format(),
            Self::Listen(args) => Format::from_flags(args.json, false),
            Self::Inbox(command) => command.format(),
            Self::Trigger(args) => Format::from_flags(args.json, false),
            Self::Token(args) => args.shape.format(),
            Self::Completions(_) | Self::Man(_) => Format::Text,
        }
    }
}

/// Refuses a stretch of time that is none, in the words of the options.
pub(crate) fn check_window(after: Option<Timestamp>, before: Option<Timestamp>) -> Result<(), Failure> {
    match (after, before) {
        (Some(after), Some(before)) if after >= before => {
            Err(Failure::invalid("--after: not earlier than --before; nothing was made in between")
                .hint("2h is two hours ago, so --after takes the longer time"))
        }
        _ => Ok(()),
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

/// How a list is written.
#[derive(Debug, Args)]
pub(crate) struct ListShapeArgs {
    /// Print one JSON array, `[]` where there is nothing
    #[arg(long)]
    pub(crate) json: bool,

    /// Print one JSON object a line
    #[arg(long, conflicts_with = "json")]
    pub(crate) ndjson: bool,
}

/// How a single thing is written.
#[derive(Debug, Args)]
pub(crate) struct RecordShapeArgs {
    /// Print one JSON object, on one line
    #[arg(long, visible_alias = "ndjson")]
    pub(crate) json: bool,
}

impl ShapeArgs {
    pub(crate) fn format(&self) -> Format {
        Format::from_flags(self.json, self.ndjson)
    }
}

impl ListShapeArgs {
    pub(crate) fn format(&self) -> Format {
        Format::from_flags(self.json, self.ndjson)
    }
}

impl RecordShapeArgs {
    pub(crate) fn format(&self) -> Format {
        Format::from_flags(self.json, false)
    }
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
mod tests;
