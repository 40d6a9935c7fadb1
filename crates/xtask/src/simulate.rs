//! The client on a paused clock, against a scripted server in the same process: worlds drawn from seeds, and the table of
//! what waiting costs.

use crate::step::{Outcome, cargo, run};

/// How many worlds a whole test plays.
const SEEDS: u64 = 200;

/// As part of a whole test.
pub(crate) fn run_all() -> Outcome {
    play(SEEDS, 0)
}

/// As `cargo xtask simulate` is called.
pub(crate) fn run_with(options: &[&str]) -> Outcome {
    let (mut seeds, mut start, mut more) = (SEEDS, 0, Vec::new());
    let mut options = options;
    while let [option, rest @ ..] = options {
        let number = |text: &str| text.parse().map_err(|_| format!("{option} wants a number, and not {text}"));
        options = match (*option, rest) {
            ("--seeds", [text, rest @ ..]) => {
                seeds = number(text)?;
                rest
            }
            ("--start", [text, rest @ ..]) => {
                start = number(text)?;
                rest
            }
            ("--only", [name, rest @ ..]) => {
                more.extend(["--only", name]);
                rest
            }
            ("--verbose", rest) => {
                more.push("--verbose");
                rest
            }
            _ => return Err("simulate takes [--seeds N] [--start S] [--only SCENARIO] [--verbose]".to_owned()),
        };
    }
    if more.is_empty() { play(seeds, start) } else { simulation(seeds, start, &more) }
}

/// Worlds, and the table after them.
fn play(seeds: u64, start: u64) -> Outcome {
    simulation(seeds, start, &["--table"])
}

fn simulation(seeds: u64, start: u64, more: &[&str]) -> Outcome {
    let (seeds_text, start_text) = (seeds.to_string(), start.to_string());
    let test = ["test", "--release", "--locked", "-p", "image-intelligence", "--test", "simulation", "--"];
    let mut command = cargo(test);
    command.args(["--seeds", &seeds_text, "--start", &start_text]).args(more);
    run(&format!("simulation of {seeds} worlds from seed {start} on"), &mut command)
}
