//! A process that submits, receives and handles, ended by `kill -9` again and again: what it promised must hold.

use crate::step::{Outcome, cargo, run};

/// How often in a whole test.
const CYCLES: u64 = 50;
const SEED: u64 = 7;

/// As part of a whole test.
pub(crate) fn run_all() -> Outcome {
    torture(CYCLES, SEED)
}

/// As `cargo xtask torture` is called.
pub(crate) fn run_with(options: &[&str]) -> Outcome {
    let (mut cycles, mut seed) = (CYCLES, SEED);
    let mut options = options;
    while let [option, text, rest @ ..] = options {
        let number = text.parse().map_err(|_| format!("{option} wants a number, and not {text}"))?;
        match *option {
            "--cycles" => cycles = number,
            "--seed" => seed = number,
            _ => break,
        }
        options = rest;
    }
    if options.is_empty() { torture(cycles, seed) } else { Err("torture takes [--cycles N] [--seed S]".to_owned()) }
}

fn torture(cycles: u64, seed: u64) -> Outcome {
    let (cycles_text, seed_text) = (cycles.to_string(), seed.to_string());
    let test = ["test", "--locked", "-p", "image-intelligence-tests", "--test", "torture", "--"];
    let mut command = cargo(test);
    command.args(["--cycles", &cycles_text, "--seed", &seed_text]);
    run(&format!("torture: {cycles} times kill -9, seed {seed}"), &mut command)
}
