//! `ii detect`, `ii match`, `ii ask` and `ii recognize`: what makes a job, or many.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use image_intelligence::{AllBuilder, Class, JobBuilder, JobKind};

use crate::args::ShapeArgs;
use crate::args::values::duration;
use crate::zones::ZoneArg;
use crate::{classes, help};

/// What every job takes.
#[derive(Debug, Args)]
pub(crate) struct SubmitArgs {
    /// Any number of files, patterns, directories and URLs; - for a list of them on stdin, or the bytes of one picture
    #[arg(required = true, value_name = "IMAGE")]
    pub(crate) images: Vec<String>,

    /// Wait for the result (this is the default)
    #[arg(long, conflicts_with = "no_wait")]
    pub(crate) wait: bool,

    /// Only submit: print the job's id and a resume token for `ii jobs wait`; of at most 64 pictures
    #[arg(long, conflicts_with = "timeout")]
    pub(crate) no_wait: bool,

    /// How long it may take from the start of the command, and of many jobs how long each is waited for: 60s, 15m, 1h
    /// [default: 15m]; sending is not cut short
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub(crate) timeout: Option<Duration>,

    /// Your own name for the job, at most 64 characters; of at most 64 pictures
    #[arg(long, value_name = "ID")]
    pub(crate) custom_id: Option<String>,

    /// Which camera or source the pictures came from, at most 64 characters
    #[arg(long, value_name = "ID")]
    pub(crate) feed_id: Option<String>,

    /// Have the service post the finished job there, too: a public URL
    #[arg(long, value_name = "URL")]
    pub(crate) webhook_url: Option<String>,

    #[command(flatten)]
    pub(crate) many: ManyArgs,

    #[command(flatten)]
    pub(crate) shape: ShapeArgs,
}

/// How any number of pictures are looked at.
#[derive(Debug, Args)]
#[command(next_help_heading = "Many pictures")]
pub(crate) struct ManyArgs {
    /// Keep track of what was sent in this file, made where there is none: the same command goes on where it was cut off,
    /// and sends nothing twice
    #[arg(long, value_name = "FILE", conflicts_with = "no_wait")]
    pub(crate) manifest: Option<PathBuf>,

    /// How many pictures a job has at most, 1 to 64 [default: 64]
    #[arg(long, value_name = "N", conflicts_with = "no_wait", value_parser = clap::value_parser!(u16).range(1..=64))]
    pub(crate) batch_size: Option<u16>,

    /// How many jobs are in flight at once, 1 to 1000 [default: 8]
    #[arg(long, value_name = "N", conflicts_with = "no_wait", value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub(crate) concurrency: Option<u16>,

    /// Print results in the order of the pictures, and not as they come
    #[arg(long)]
    pub(crate) ordered: bool,
}

impl ManyArgs {
    /// Whether somebody asks for what only many jobs have.
    pub(crate) fn are_given(&self) -> bool {
        self.manifest.is_some() || self.batch_size.is_some() || self.concurrency.is_some()
    }
}

impl SubmitArgs {
    /// The run with the options that every kind has.
    pub(crate) fn onto_all<K: JobKind>(&self, mut all: AllBuilder<K>) -> AllBuilder<K> {
        if let Some(id) = &self.feed_id {
            all = all.feed_id(id);
        }
        if let Some(url) = &self.webhook_url {
            all = all.webhook_url(url);
        }
        if let Some(limit) = self.timeout {
            all = all.wait_for(limit);
        }
        if let Some(file) = &self.many.manifest {
            all = all.manifest(file);
        }
        if let Some(pictures) = self.many.batch_size {
            all = all.batch_size(pictures.into());
        }
        if let Some(jobs) = self.many.concurrency {
            all = all.concurrency(jobs.into());
        }
        all.in_order(self.many.ordered)
    }

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
    #[arg(long, value_name = "DIR", conflicts_with_all = ["no_wait", "manifest"])]
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
