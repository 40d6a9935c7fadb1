//! `ii feedback`, `ii webhooks` and `ii token`, and what helps at a terminal: completions and the manual.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use clap_complete::Shell;

use crate::args::{ListShapeArgs, RecordShapeArgs};
use crate::help;
use crate::output::Format;

/// What to do with feedback.
#[derive(Debug, Subcommand)]
#[command(after_help = help::FEEDBACK)]
pub(crate) enum FeedbackCommand {
    /// Say about which classes a detect job was wrong
    #[command(after_help = help::FEEDBACK_GIVE)]
    Give(FeedbackGiveArgs),
    /// Print feedback, by its id
    #[command(after_help = help::FEEDBACK_GET)]
    Get(FeedbackGetArgs),
    /// List the feedback about a job, or all of it
    #[command(after_help = help::FEEDBACK_LIST)]
    List(FeedbackListArgs),
}

impl FeedbackCommand {
    pub(crate) fn format(&self) -> Format {
        match self {
            Self::Give(args) => args.shape.format(),
            Self::Get(args) => args.shape.format(),
            Self::List(args) => args.shape.format(),
        }
    }
}

#[derive(Debug, Args)]
#[group(id = "wrong", required = true, multiple = true, args = ["false_positive", "false_negative"])]
pub(crate) struct FeedbackGiveArgs {
    /// The id of a detect job, or its resume token
    #[arg(value_name = "JOB")]
    pub(crate) job: String,

    /// A class that was found and is not there; as often as you like
    #[arg(long, value_name = "CLASS")]
    pub(crate) false_positive: Vec<String>,

    /// A class that was not found and is there; as often as you like
    #[arg(long, value_name = "CLASS")]
    pub(crate) false_negative: Vec<String>,

    #[command(flatten)]
    pub(crate) shape: RecordShapeArgs,
}

#[derive(Debug, Args)]
pub(crate) struct FeedbackGetArgs {
    /// Its id
    #[arg(value_name = "ID")]
    pub(crate) id: String,

    #[command(flatten)]
    pub(crate) shape: RecordShapeArgs,
}

#[derive(Debug, Args)]
pub(crate) struct FeedbackListArgs {
    /// Only the feedback about this detect job: its id or its resume token
    #[arg(long, value_name = "JOB")]
    pub(crate) job: Option<String>,

    #[command(flatten)]
    pub(crate) shape: ListShapeArgs,
}

/// What to do with registered webhooks.
#[derive(Debug, Subcommand)]
#[command(after_help = help::WEBHOOKS)]
pub(crate) enum WebhooksCommand {
    /// Register the one URL to which your application's events are posted; it cannot be taken back
    #[command(after_help = help::WEBHOOKS_REGISTER)]
    Register(WebhooksRegisterArgs),
}

#[derive(Debug, Args)]
pub(crate) struct WebhooksRegisterArgs {
    /// Where events are to be posted: public, at most 2048 characters
    #[arg(value_name = "URL")]
    pub(crate) url: String,

    #[arg(long, help = help::SECRET_KEY_FILE, value_name = "FILE")]
    pub(crate) secret_key_file: Option<PathBuf>,

    /// Where a secret is kept that the service makes up, if you give it none
    #[arg(long, value_name = "FILE", default_value = "ii-webhook-secret.txt", conflicts_with = "secret_key_file")]
    pub(crate) save_secret: PathBuf,

    /// Do not ask whether you are sure
    #[arg(long)]
    pub(crate) yes: bool,

    #[command(flatten)]
    pub(crate) shape: RecordShapeArgs,
}

#[derive(Debug, Args)]
#[command(after_help = help::TOKEN)]
pub(crate) struct TokenArgs {
    /// Print the access token itself, and nothing else, for a script of your own
    #[arg(long, conflicts_with = "json")]
    pub(crate) show: bool,

    #[command(flatten)]
    pub(crate) shape: RecordShapeArgs,
}

#[derive(Debug, Args)]
#[command(after_help = help::COMPLETIONS)]
pub(crate) struct CompletionsArgs {
    /// Which shell
    #[arg(value_name = "SHELL")]
    pub(crate) shell: Shell,
}

#[derive(Debug, Args)]
#[command(after_help = help::MAN)]
pub(crate) struct ManArgs {
    /// Write a page for each command into this directory, made where there is none
    #[arg(value_name = "DIR")]
    pub(crate) directory: Option<PathBuf>,
}
