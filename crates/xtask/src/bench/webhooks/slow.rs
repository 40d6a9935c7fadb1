//! Honest senders beside a thousand that trickle.

use std::io::Read as _;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use super::{Served, goal, millis, pinned};
use crate::step::{Outcome, command};

/// Connections of the honest ones: with the slow ones no more than a receiver keeps.
const HONEST: u32 = 16;
const SECONDS: u64 = 8;
const WITHIN: Duration = Duration::from_millis(200);

pub(super) fn measure(receiver: &Path) -> Outcome {
    let served = Served::start(pinned(0, &roomy(receiver, &[])))?;
    let address = served.url.trim_start_matches("http://").split('/').next().unwrap_or_default();
    let mut slow = Served::start(pinned(1, &roomy(receiver, &["--slow", address])))?;
    let honest = served.wrk(0, HONEST, SECONDS, "honest")?;
    drop(slow.process.stdin.take());
    let mut tally = String::new();
    slow.said.read_to_string(&mut tally).map_err(|error| format!("webhooks: {error}"))?;
    let tally: Vec<u64> = tally.split_whitespace().filter_map(|number| number.parse().ok()).collect();
    let [open, closed] = tally[..] else { return Err("webhooks: the slow connections ended otherwise".to_owned()) };
    println!(
        "beside 1000 slow connections ({open} open at the end, {closed} closed by the receiver): {:.0} a second, half within \
         {:.1} ms, {} not answered 200 within 2 s",
        honest.rate,
        millis(honest.median),
        honest.failed,
    );
    let met = honest.slowest <= WITHIN && honest.failed == 0;
    goal("99 of 100 within, ms", millis(honest.slowest), met, &format!("at most {WITHIN:?}, and none that fails"));
    Ok(())
}

/// The same, with more files open than most systems let a process have that does not ask.
fn roomy(receiver: &Path, arguments: &[&str]) -> Command {
    let mut shell = command("sh");
    shell.args(["-c", r#"ulimit -n "$(ulimit -H -n)" && exec "$0" "$@""#]).arg(receiver).args(arguments);
    shell
}
