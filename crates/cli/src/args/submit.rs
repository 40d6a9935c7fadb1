//! `ii detect`, `ii match`, `ii ask` and `ii recognize`: what makes a job.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use image_intelligence::{Class, JobBuilder, JobKind};

use crate::args::ShapeArgs;
use crate::args::values::duration;
use crate::zones::ZoneArg;
use crate::{classes, help};

/// What every job takes.
#[derive(Debug, Args)]
pub(crate) struct SubmitArgs {
    /// Files, patterns, directories, URLs, or - for the bytes on stdin: 1 to 64 pictures in all
    #[arg(required = true, value_name = "IMAGE")]
    pub(crate) images: Vec<String>,

    /// Wait for the result (this is the default)
    #[arg(long, conflicts_with = "no_wait")]
    pub(crate) wait: bool,

    /// Only submit: print the job's id and a resume token for `ii jobs wait`
    #[arg(long, conflicts_with = "timeout")]
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

    /// Have the service post the finished job there, too: a public URL
    #[arg(long, value_name = "URL")]
    pub(crate) webhook_url: Option<String>,

    #[command(flatten)]
    pub(crate) shape: ShapeArgs,
}

impl SubmitArgs {
    /// The job with the options that every kind has.
    pub(crate) fn onto<K: JobKind>(&self, mut job: JobBuilder<K>) -> JobBuilder<K> {
        if let Some(id) = &self.custom_id {
            job = job.custom_id(id);
        }
        if let Some(id) = &self.feed_id {
            job = job.feed_id(id);
        }
        if let Some(url) = &self.webhook_url {
            job = job.webhook_url(url);
        }
        job
    }
}

#[derive(Debug, Args)]
#[command(after_help = help::DETECT)]
pub(crate) struct DetectArgs {
    /// What to look for, such as `person`; with `:never`, `:auto` or `:always`, whether a human should check it
    #[arg(short, long = "class", value_name = "CLASS[:VERIFY]", required = true, value_parser = classes::parse)]
    pub(crate) classes: Vec<Class>,

    /// Where not to look: `[CLASS=]LEFT,TOP,RIGHT,BOTTOM` or `[CLASS=]01/00` (see below)
    #[arg(long = "zone", value_name = "ZONE")]
    pub(crate) zones: Vec<ZoneArg>,

    /// Ask where in the picture each object is (`ii serve` says it; the public API does not)
    #[arg(long)]
    pub(crate) boxes: bool,

    /// Write a copy of each picture with its boxes drawn to this directory, as NAME.boxes.jpg or .png
    #[arg(long, value_name = "DIR", conflicts_with = "no_wait")]
    pub(crate) annotate: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) submit: SubmitArgs,
}

#[derive(Debug, Args)]
#[command(after_help = help::MATCH)]
pub(crate) struct MatchArgs {
    /// What sort of thing to look for, such as `dog`
    #[arg(short, long, value_name = "CLASS")]
    pub(crate) target: String,

    /// A picture that shows this one of it, by its URL; 1 to 3 times
    #[arg(long, value_name = "URL", required = true)]
    pub(crate) shows: Vec<String>,

    /// Your own name for the target, at most 64 characters
    #[arg(long, value_name = "ID")]
    pub(crate) target_id: Option<String>,

    #[command(flatten)]
    pub(crate) submit: SubmitArgs,
}

#[derive(Debug, Args)]
#[command(after_help = help::ASK)]
pub(crate) struct AskArgs {
    /// The question, at most 256 characters, to be answered with yes or no
    #[arg(value_name = "QUESTION")]
    pub(crate) question: String,

    /// A picture for which the answer is yes, by its URL; up to 3 times
    #[arg(long, value_name = "URL")]
    pub(crate) yes: Vec<String>,

    /// A picture for which the answer is no, by its URL; up to 3 times
    #[arg(long, value_name = "URL")]
    pub(crate) no: Vec<String>,

    #[command(flatten)]
    pub(crate) submit: SubmitArgs,
}

#[derive(Debug, Args)]
#[command(after_help = help::RECOGNIZE)]
pub(crate) struct RecognizeArgs {
    /// Among whose identities to look, at most 128 characters
    #[arg(short, long, value_name = "NAMESPACE")]
    pub(crate) namespace: String,

    #[command(flatten)]
    pub(crate) submit: SubmitArgs,
}
