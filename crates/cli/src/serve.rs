//! `ii serve`: the API on this machine, with the real detector.

use std::env::VarError;
use std::num::NonZeroUsize;
use std::process::ExitCode;
use std::sync::Arc;

use console::style;
use image_intelligence::Secret;
use image_intelligence_server::{Credentials, Faults, Progression, Server};
use image_intelligence_vision::NanoDet;

use crate::args::ServeArgs;
use crate::failure::Failure;
use crate::interrupt::Interrupt;
use crate::output;
use crate::session::LOCAL;

/// Reads `immediate`, `never`, `time=20` and `polls=3`; the server's own words, `time(20)`, will do too.
pub(crate) fn progression(text: &str) -> Result<Progression, String> {
    let words = match text.split_once('=') {
        Some((name, value)) => format!("{name}({value})"),
        None => text.to_owned(),
    };
    words.parse().map_err(|_| "one of immediate, time=SECONDS, polls=N, never".to_owned())
}

/// How many threads look at one picture. Two answer nearly twice as soon as one, for a seventh of the throughput, and half
/// as many pictures in the works need half the memory.
const THREADS_A_PICTURE: usize = 2;

/// How many pictures to look at at once, so that every processor has one thread.
pub(crate) fn workers() -> usize {
    std::thread::available_parallelism().map_or(1, NonZeroUsize::get).div_ceil(THREADS_A_PICTURE)
}

/// The detector that is built in.
pub(crate) fn detector() -> Result<Arc<NanoDet>, Failure> {
    NanoDet::embedded()
        .map(|detector| Arc::new(detector.threads(THREADS_A_PICTURE)))
        .map_err(|error| Failure::config(format!("the detector cannot be loaded: {error}")))
}

pub(crate) async fn run(args: ServeArgs) -> Result<ExitCode, Failure> {
    let mut server = Server::builder()
        .port(args.port)
        .bind(args.bind)
        .progression(args.progression)
        .time_scale(args.time_scale)
        .allow_private_addresses(args.allow_private);
    if let Some(file) = &args.credentials {
        server = server.credentials(Credentials::from_file(file)?);
    } else if !args.bind.is_loopback() {
        return Err(Failure::config(format!(
            "{} can be reached from other machines, so it needs credentials of your own",
            args.bind
        ))
        .hint("--credentials FILE, a JSON array like [{\"clientId\": \"..\", \"clientSecret\": \"..\"}]; or leave --bind out"));
    }
    if let Some(file) = &args.db {
        server = server.database(file);
    }
    if let Some(token) = admin_token(&args)? {
        server = server.admin_token(token);
    }
    let mut faults = args.scenario.as_ref().map(Faults::from_file).transpose()?.unwrap_or_default();
    if let Some(seed) = args.seed {
        faults = faults.seed(seed);
    }
    let server = server
        .faults(faults)
        .workers(args.workers.map_or_else(workers, NonZeroUsize::get))
        .detector(detector()?)
        .start()
        .await
        .map_err(at_start)?;
    // Listening for it comes before saying "ready": whoever starts us may stop us right after that line.
    let mut stop = Interrupt::new()?;
    output::print(&ready(&server, &args))?;
    stop.asked().await;
    server.shutdown().await;
    Ok(ExitCode::SUCCESS)
}

/// The option, or else the environment. Not left to clap, whose usage lines would show an option that the environment sets
/// as if it were required.
fn admin_token(args: &ServeArgs) -> Result<Option<Secret>, Failure> {
    if args.admin_token.is_some() {
        return Ok(args.admin_token.clone());
    }
    match std::env::var("II_ADMIN_TOKEN") {
        Ok(token) => Ok(Some(token.into())),
        Err(VarError::NotPresent) => Ok(None),
        Err(VarError::NotUnicode(_)) => {
            Err(Failure::config("II_ADMIN_TOKEN: not text; use visible ASCII without spaces"))
        }
    }
}

fn at_start(error: image_intelligence::Error) -> Failure {
    let taken = error.message().contains("in use");
    let failure = Failure::from(error);
    if taken {
        return failure
            .hint("an `ii serve` may be running there already, and can be used as it is; --port 0 takes a free port");
    }
    failure
}

fn ready(server: &Server, args: &ServeArgs) -> String {
    let base = server.base_url();
    if args.json {
        return format!("{}\n", serde_json::json!({ "baseUrl": base }));
    }
    let (id, secret) = match &args.credentials {
        Some(_) => ("CLIENT_ID", "CLIENT_SECRET"),
        None => (LOCAL, LOCAL),
    };
    let whose = args.credentials.as_ref().map(|file| format!(" (id and secret are in {})", file.display()));
    format!(
        "{} at {}; Ctrl-C stops it\n\nFor programs, in another terminal{}:\n  \
         export II_BASE_URL={base}\n  \
         export II_CLIENT_ID={id}\n  \
         export II_CLIENT_SECRET={secret}\n\n\
         Then, for example:\n  ii detect street.jpg --class person\n",
        style("Ready").green().bold(),
        style(base).bold(),
        whose.unwrap_or_default()
    )
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn progressions() {
        assert_eq!(progression("immediate"), Ok(Progression::Immediate));
        assert_eq!(progression("time=2.5"), Ok(Progression::Time(Duration::from_millis(2500))));
        assert_eq!(progression("polls=3"), Ok(Progression::Polls(3)));
        assert_eq!(progression("polls(3)"), Ok(Progression::Polls(3)));
        assert_eq!(progression("never"), Ok(Progression::Never));
        assert!(progression("time").is_err() && progression("polls=").is_err() && progression("=").is_err());
    }
}
