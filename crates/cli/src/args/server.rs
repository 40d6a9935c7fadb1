//! `ii demo` and `ii serve`.

use std::net::IpAddr;
use std::path::PathBuf;

use clap::Args;
use image_intelligence::Secret;
use image_intelligence_server::Progression;

use crate::args::values::secret;
use crate::{help, serve};

#[derive(Debug, Args)]
#[command(after_help = help::DEMO)]
pub(crate) struct DemoArgs {
    /// Ask for the result until it is there, instead of having it posted to a receiver of webhooks
    #[arg(long)]
    pub(crate) poll: bool,

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
