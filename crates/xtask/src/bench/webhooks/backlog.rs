//! A restart with much to do: how soon a handler has the first event.

use std::io::BufRead as _;
use std::path::Path;
use std::time::{Duration, Instant};

use super::{CONNECTIONS, Served, goal, home, millis, pinned};
use crate::step::{self, Outcome, command};

const BACKLOG: u64 = 100_000;
const WITHIN: Duration = Duration::from_secs(2);

pub(super) fn measure(receiver: &Path) -> Outcome {
    let folder = home().join("backlog");
    step::empty(&folder)?;
    let mut serve = command(receiver);
    serve.arg("--in").arg(&folder);
    let served = Served::start(pinned(0, &serve))?;
    let (mut sent, mut round) = (0, 0);
    while sent < BACKLOG {
        let answered = served.wrk(0, CONNECTIONS, 2, &format!("round-{round}"))?.answered;
        if answered == 0 {
            return Err("webhooks: the receiver takes nothing".to_owned());
        }
        (sent, round) = (sent + answered, round + 1);
    }
    // As a crash would end it: with the newest of it in the log.
    drop(served);

    let mut first = command(receiver);
    first.arg("--first").arg(&folder);
    let began = Instant::now();
    let mut again = Served::start(pinned(0, &first))?;
    let after = began.elapsed();
    let mut waiting = String::new();
    again.said.read_line(&mut waiting).map_err(|error| format!("webhooks: {error}"))?;
    let waiting: u64 = waiting.trim().parse().map_err(|_| format!("webhooks: `{}` wait", waiting.trim()))?;
    if waiting < sent {
        return Err(format!("webhooks: {sent} were answered 200 and {waiting} wait after the restart"));
    }
    println!("a restart after kill -9, with {waiting} events that wait");
    goal("the first after, ms", millis(after), after <= WITHIN, &format!("at most {WITHIN:?}"));
    drop(again);
    step::empty(&folder)
}
