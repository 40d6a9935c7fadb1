//! A process that submits, receives and handles, ended by `kill -9` again and again: what it promised must hold.

use crate::step::{Outcome, cargo, run};

/// How often in a whole test.
const CYCLES: u64 = 50;
const SEED: u64 = 7;
/// Where the inbox may be.
const STORES: [&str; 2] = ["sqlite", "postgres"];

/// As part of a whole test: over a file, and over Postgres, where fewer will do as most places are the same.
pub(crate) fn run_all() -> Outcome {
    torture(CYCLES, SEED, "sqlite")?;
    torture(CYCLES / 2, SEED, "postgres")
}

/// As `cargo xtask torture` is called.
pub(crate) fn run_with(options: &[&str]) -> Outcome {
    let (mut cycles, mut seed, mut store) = (CYCLES, SEED, "sqlite");
    let mut options = options;
    while let [option, text, rest @ ..] = options {
        let number = || text.parse::<u64>().map_err(|_| format!("{option} wants a number, and not {text}"));
        match *option {
            "--cycles" => cycles = number()?,
            "--seed" => seed = number()?,
            "--store" if STORES.contains(text) => store = *text,
            _ => break,
        }
        options = rest;
    }
    if options.is_empty() {
        torture(cycles, seed, store)
    } else {
        Err(format!("torture takes [--cycles N] [--seed S] [--store {}]", STORES.join("|")))
    }
}

fn torture(cycles: u64, seed: u64, store: &str) -> Outcome {
    let (cycles_text, seed_text) = (cycles.to_string(), seed.to_string());
    let test = ["test", "--locked", "-p", "image-intelligence-tests", "--test", "torture", "--"];
    let mut command = cargo(test);
    command.args(["--cycles", &cycles_text, "--seed", &seed_text, "--store", store]);
    run(&format!("torture over {store}: {cycles} times kill -9, seed {seed}"), &mut command)
}
