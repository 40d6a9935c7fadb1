//! `ii listen`, `ii trigger` and `ii doctor`: to receive webhooks, to try a receiver, and to look whether all is in place.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};

use crate::args::values::patience;
use crate::trigger::{Setting, setting};
use crate::{help, listen};

/// What a webhook can bring.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum EventName {
    /// A finished detect job
    Detect,
    /// A finished match job
    Match,
    /// A finished ask job
    Ask,
    /// A finished recognize job
    Recognize,
    /// An event of the registered webhook: recognition knows somebody new
    #[value(name = "identity.created")]
    IdentityCreated,
    /// An event of the registered webhook: an identity was changed
    #[value(name = "identity.updated")]
    IdentityUpdated,
}

impl EventName {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Detect => "detect",
            Self::Match => "match",
            Self::Ask => "ask",
            Self::Recognize => "recognize",
            Self::IdentityCreated => "identity.created",
            Self::IdentityUpdated => "identity.updated",
        }
    }

    /// Whether it comes to a registered webhook, which the service signs, and not to a job's own.
    pub(crate) const fn is_registered(self) -> bool {
        matches!(self, Self::IdentityCreated | Self::IdentityUpdated)
    }
}

#[derive(Debug, Args)]
#[command(after_help = help::LISTEN)]
pub(crate) struct ListenArgs {
    /// Where to listen; a port alone is one of this machine, and 0 a free one
    #[arg(value_name = "ADDRESS", default_value = "127.0.0.1:8787", value_parser = listen::address)]
    pub(crate) address: SocketAddr,

    /// The address at which the service reaches this one, such as a tunnel's; needed unless it is of this machine
    #[arg(long, value_name = "URL")]
    pub(crate) public_url: Option<String>,

    /// Pass each event on: the very bytes, again until they are taken with a status of 200 to 299
    #[arg(long, value_name = "URL")]
    pub(crate) forward_to: Option<String>,

    /// Keep events here until they are done (a file, made where there is none, or `postgres://..`)
    #[arg(long, value_name = "FILE")]
    pub(crate) inbox: Option<PathBuf>,

    #[arg(long, help = help::CHECK_WITH, value_name = "FILE")]
    pub(crate) secret_key_file: Option<PathBuf>,

    /// Tell jobs as they come, without asking the API whether they are true
    #[arg(long)]
    pub(crate) no_confirm: bool,

    /// End after so many events
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) count: Option<u64>,

    /// How long to wait for the answer of --forward-to [default: 10s]
    #[arg(long, value_name = "DURATION", value_parser = patience)]
    pub(crate) timeout: Option<Duration>,

    /// Print one JSON object a line, one line an event
    #[arg(long, visible_alias = "ndjson")]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
#[command(after_help = help::TRIGGER)]
pub(crate) struct TriggerArgs {
    /// What it brings; may be left out with --body
    #[arg(value_name = "EVENT", required_unless_present = "body")]
    pub(crate) event: Option<EventName>,

    /// Where it goes: your receiver, such as `http://127.0.0.1:9000/ii`
    #[arg(long, value_name = "URL", required_unless_present = "print")]
    pub(crate) to: Option<String>,

    /// Send the very bytes of this file, such as a webhook that you kept; - for stdin
    #[arg(long, value_name = "FILE")]
    pub(crate) body: Option<PathBuf>,

    /// Change a value of the body: `status=IN_PROGRESS`, `imageResults[0].status=SPIDERWEBS_ERROR`; as often as you like
    #[arg(long = "set", value_name = "PATH=VALUE", value_parser = setting, allow_hyphen_values = true)]
    pub(crate) settings: Vec<Setting>,

    #[arg(long, help = help::SIGN_WITH, value_name = "FILE")]
    pub(crate) secret_key_file: Option<PathBuf>,

    /// Send this header too, or in place of ours; as often as you like
    #[arg(long = "header", value_name = "NAME: VALUE")]
    pub(crate) headers: Vec<String>,

    /// Send it so many times, the same bytes each time, as after a failure
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub(crate) times: u32,

    /// How long to wait for the answer; the service waits 10 s [default: 10s]
    #[arg(long, value_name = "DURATION", value_parser = patience)]
    pub(crate) timeout: Option<Duration>,

    /// Send nothing: write the body to stdout, and its signature, if there is one, to stderr
    #[arg(long, conflicts_with = "json")]
    pub(crate) print: bool,

    /// Print one JSON object, on one line: what was sent, and each answer
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
#[command(after_help = help::DOCTOR)]
pub(crate) struct DoctorArgs {
    /// Pictures that you mean to send: files, directories, patterns and URLs
    #[arg(value_name = "IMAGE")]
    pub(crate) images: Vec<String>,

    /// Where your webhooks are to arrive: a POST goes there, which must be answered with 200 in time
    #[arg(long, value_name = "URL")]
    pub(crate) public_url: Option<String>,

    /// The inbox of your receiver (a file, or `postgres://..`): opened, and its events counted
    #[arg(long, value_name = "FILE")]
    pub(crate) inbox: Option<PathBuf>,

    /// How long each check may take [default: 10s]
    #[arg(long, value_name = "DURATION", value_parser = patience)]
    pub(crate) timeout: Option<Duration>,

    /// Print one JSON object, on one line: every check, and how many failed
    #[arg(long)]
    pub(crate) json: bool,
}
