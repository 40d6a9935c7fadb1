//! A seed is played twice, and must come to the same.

use crate::checks::check;
use crate::play::play;
use crate::world::World;

pub struct Run {
    pub jobs: usize,
    pub requests: usize,
    /// What does not hold.
    pub broken: Vec<String>,
}

/// Plays the world of a seed, and once more to see whether it comes to the same.
pub fn world(seed: u64, verbose: bool) -> Run {
    let world = World::drawn(seed);
    if verbose {
        println!("{world:#?}");
    }
    let jobs = world.plans.len();
    let played = match play(&world) {
        Ok(played) => played,
        Err(error) => return Run { jobs, requests: 0, broken: vec![error] },
    };
    let mut broken = check(&world, &played);
    let state = played.network.state();
    if verbose {
        for entry in &state.trace.entries {
            let (at, took) = (entry.at, entry.ended_at.saturating_sub(entry.at));
            println!("{:>12.6} {:?} {:?} after {took:?}", at.as_secs_f64(), entry.what, entry.ended);
        }
    }
    match play(&world) {
        Ok(again) => {
            let again = again.network.state();
            if again.trace.fingerprint() != state.trace.fingerprint() {
                let same = |(one, other): &(&crate::trace::Entry, &crate::trace::Entry)| {
                    (one.at, one.what, one.ended) == (other.at, other.what, other.ended)
                };
                let same = state.trace.entries.iter().zip(&again.trace.entries).take_while(same).count();
                broken.push(format!(
                    "a second run comes to something else: they part after {same} of {} requests",
                    state.trace.entries.len()
                ));
            }
        }
        Err(error) => broken.push(format!("a second run: {error}")),
    }
    Run { jobs, requests: state.trace.entries.len(), broken }
}
