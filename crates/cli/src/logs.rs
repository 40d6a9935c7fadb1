//! `--verbose`: what the library and the server say, on stderr.

use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

/// Starts writing logs; without `--verbose` only what went wrong and is told nowhere else, which a command that goes on for
/// long (`lasts`) has more of.
///
/// Only our own crates are heard: they never log a token, which nobody vouches for in the HTTP crates at their most
/// talkative.
pub(crate) fn start(verbose: u8, lasts: bool) {
    let level = match verbose {
        0 if lasts => LevelFilter::WARN,
        0 => LevelFilter::ERROR,
        1 => LevelFilter::INFO,
        2 => LevelFilter::DEBUG,
        _ => LevelFilter::TRACE,
    };
    // As a prefix this covers image_intelligence_server and its siblings too.
    let ours = Targets::new().with_target("image_intelligence", level).with_target("ii", level);
    let lines =
        tracing_subscriber::fmt::layer().with_writer(std::io::stderr).with_ansi(console::colors_enabled_stderr());
    let lines =
        if verbose > 1 { lines.with_span_events(tracing_subscriber::fmt::format::FmtSpan::CLOSE) } else { lines };
    tracing_subscriber::registry().with(ours).with(lines).init();
}
