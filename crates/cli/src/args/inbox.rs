//! `ii inbox`: what a receiver keeps.

use std::path::PathBuf;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, Subcommand};
use image_intelligence::EventKind;
use image_intelligence_webhooks::EventState;

use crate::args::{ListShapeArgs, RecordShapeArgs};
use crate::help;
use crate::output::Format;

#[derive(Debug, Subcommand)]
pub(crate) enum InboxCommand {
    /// List events, the newest first
    List(InboxListArgs),
    /// Show one event and its body
    Show(InboxShowArgs),
    /// Have events handled again
    Replay(InboxReplayArgs),
    /// List dead letters, and why no handler could
    Dead(InboxDeadArgs),
    /// Take away what is old enough, now
    Prune(InboxPruneArgs),
}

impl InboxCommand {
    pub(crate) fn format(&self) -> Format {
        match self {
            Self::List(args) => args.shape.format(),
            Self::Show(args) => args.shape.format(),
            Self::Replay(args) => args.shape.format(),
            Self::Dead(args) => args.shape.format(),
            Self::Prune(args) => args.shape.format(),
        }
    }
}

/// Which inbox.
#[derive(Debug, Args)]
pub(crate) struct PlaceArgs {
    #[arg(long, help = help::INBOX_PLACE, value_name = "FILE")]
    pub(crate) inbox: Option<PathBuf>,
}

/// Which part of a list.
#[derive(Debug, Args)]
pub(crate) struct PageArgs {
    /// Only of this kind
    #[arg(long, value_name = "KIND", value_parser = kind())]
    pub(crate) kind: Option<EventKind>,

    /// Only of this job: its id, or the rid that an inbox has for its own
    #[arg(long, value_name = "ID")]
    pub(crate) job: Option<String>,

    /// Only with a smaller number, as for the next page
    #[arg(long, value_name = "SEQ")]
    pub(crate) before: Option<i64>,

    /// At most so many
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) limit: u16,
}

#[derive(Debug, Args)]
#[command(after_help = help::INBOX_LIST)]
pub(crate) struct InboxListArgs {
    #[command(flatten)]
    pub(crate) place: PlaceArgs,

    /// Only in this state
    #[arg(long, value_name = "STATE", value_parser = state())]
    pub(crate) state: Option<EventState>,

    #[command(flatten)]
    pub(crate) page: PageArgs,

    #[command(flatten)]
    pub(crate) shape: ListShapeArgs,
}

#[derive(Debug, Args)]
#[command(after_help = help::INBOX_DEAD)]
pub(crate) struct InboxDeadArgs {
    #[command(flatten)]
    pub(crate) place: PlaceArgs,

    #[command(flatten)]
    pub(crate) page: PageArgs,

    #[command(flatten)]
    pub(crate) shape: ListShapeArgs,
}

#[derive(Debug, Args)]
#[command(after_help = help::INBOX_SHOW)]
pub(crate) struct InboxShowArgs {
    /// Its number, as `ii inbox list` has it
    #[arg(value_name = "SEQ")]
    pub(crate) seq: i64,

    #[command(flatten)]
    pub(crate) place: PlaceArgs,

    /// Write the very bytes of its body, and nothing else
    #[arg(long, conflicts_with = "json")]
    pub(crate) raw: bool,

    #[command(flatten)]
    pub(crate) shape: RecordShapeArgs,
}

#[derive(Debug, Args)]
#[command(after_help = help::INBOX_REPLAY)]
pub(crate) struct InboxReplayArgs {
    /// Their numbers, as `ii inbox list` has them
    #[arg(value_name = "SEQ", required_unless_present = "dead", conflicts_with = "dead")]
    pub(crate) seqs: Vec<i64>,

    /// All dead letters
    #[arg(long)]
    pub(crate) dead: bool,

    #[command(flatten)]
    pub(crate) place: PlaceArgs,

    #[command(flatten)]
    pub(crate) shape: RecordShapeArgs,
}

#[derive(Debug, Args)]
#[command(after_help = help::INBOX_PRUNE)]
pub(crate) struct InboxPruneArgs {
    #[command(flatten)]
    pub(crate) place: PlaceArgs,

    #[command(flatten)]
    pub(crate) shape: RecordShapeArgs,
}

fn state() -> impl TypedValueParser<Value = EventState> {
    PossibleValuesParser::new(EventState::ALL.map(EventState::as_str)).try_map(|name| EventState::named(&name))
}

fn kind() -> impl TypedValueParser<Value = EventKind> {
    PossibleValuesParser::new(EventKind::ALL.map(EventKind::as_str)).try_map(|name| {
        let found = EventKind::ALL.into_iter().find(|kind| kind.as_str() == name);
        found.ok_or("no event is of that kind")
    })
}
