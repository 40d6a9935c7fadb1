//! `ii jobs`: jobs that were submitted before.

use std::time::Duration;

use clap::builder::NonEmptyStringValueParser;
use clap::{Args, Subcommand};
use image_intelligence::{Kind, Timestamp};

use crate::args::values::{duration, kind, when};
use crate::args::{ListShapeArgs, ShapeArgs};
use crate::help;
use crate::output::Format;

/// What to do with jobs.
#[derive(Debug, Subcommand)]
#[command(after_help = help::JOBS)]
pub(crate) enum JobsCommand {
    /// Print a job as it is now, done or not
    Get(JobsGetArgs),
    /// Wait until jobs are done, and print their results
    Wait(JobsWaitArgs),
    /// Find the jobs with a customId: their ids, how far they are, and when they were made
    Find(JobsFindArgs),
    /// List jobs, the newest first, without their results
    List(JobsListArgs),
}

impl JobsCommand {
    pub(crate) fn format(&self) -> Format {
        match self {
            Self::Get(args) => args.shape.format(),
            Self::Wait(args) => args.shape.format(),
            Self::Find(args) => args.shape.format(),
            Self::List(args) => args.shape.format(),
        }
    }
}

/// Among which jobs to look.
#[derive(Debug, Args)]
pub(crate) struct WhichArgs {
    /// The kind of job [default: detect; with --namespace, recognize]
    #[arg(long, value_name = "KIND", value_parser = kind())]
    pub(crate) kind: Option<Kind>,

    /// The namespace of a recognize job
    #[arg(short, long, value_name = "NAMESPACE")]
    pub(crate) namespace: Option<String>,
}

#[derive(Debug, Args)]
#[command(after_help = help::JOBS_GET)]
pub(crate) struct JobsGetArgs {
    /// The job's id, or its resume token, which knows kind and namespace
    #[arg(value_name = "ID")]
    pub(crate) job: String,

    #[command(flatten)]
    pub(crate) which: WhichArgs,

    #[command(flatten)]
    pub(crate) shape: ShapeArgs,
}

#[derive(Debug, Args)]
#[command(after_help = help::JOBS_WAIT)]
pub(crate) struct JobsWaitArgs {
    /// The job's id, or the resume token that `--no-wait`, Ctrl-C or a time-out left behind; of any number of jobs, and - for
    /// a list of them on stdin
    #[arg(required = true, value_name = "ID_OR_RESUME_TOKEN")]
    pub(crate) jobs: Vec<String>,

    /// How long to wait: 60s, 15m, 1h [default: 15m]
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub(crate) timeout: Option<Duration>,

    #[command(flatten)]
    pub(crate) which: WhichArgs,

    #[command(flatten)]
    pub(crate) shape: ShapeArgs,
}

#[derive(Debug, Args)]
#[command(after_help = help::JOBS_FIND)]
pub(crate) struct JobsFindArgs {
    /// The name that you gave the job, or that an error named
    #[arg(long, value_name = "ID", allow_hyphen_values = true, value_parser = NonEmptyStringValueParser::new())]
    pub(crate) custom_id: String,

    #[command(flatten)]
    pub(crate) which: WhichArgs,

    #[command(flatten)]
    pub(crate) shape: ListShapeArgs,
}

#[derive(Debug, Args)]
#[command(after_help = help::JOBS_LIST)]
pub(crate) struct JobsListArgs {
    #[command(flatten)]
    pub(crate) which: WhichArgs,

    /// Only those that you gave this name
    #[arg(long, value_name = "ID", allow_hyphen_values = true, value_parser = NonEmptyStringValueParser::new())]
    pub(crate) custom_id: Option<String>,

    /// Only those of this camera or source
    #[arg(long, value_name = "ID", allow_hyphen_values = true, value_parser = NonEmptyStringValueParser::new())]
    pub(crate) feed_id: Option<String>,

    /// Only those made after this moment: 2h (so long ago), a date or date and time of RFC 3339, or milliseconds
    #[arg(long, value_name = "WHEN", value_parser = when)]
    pub(crate) after: Option<Timestamp>,

    /// Only those made before this moment
    #[arg(long, value_name = "WHEN", value_parser = when)]
    pub(crate) before: Option<Timestamp>,

    /// At most so many, the newest
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) limit: u32,

    #[command(flatten)]
    pub(crate) shape: ListShapeArgs,
}
