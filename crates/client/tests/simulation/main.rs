//! The client's own code on a paused clock, against a scripted server in the same process.
//!
//! `cargo xtask simulate --seeds N --start S` plays that many worlds and prints the table; a world that fails prints its seed,
//! and the same seed plays the same world again, to the nanosecond.
#![allow(clippy::unwrap_used, clippy::print_stdout, missing_docs, unreachable_pub)]

mod chance;
mod checks;
mod clerk;
mod crowd;
mod faults;
mod jobs;
mod measure;
mod memory;
mod network;
mod peers;
mod play;
mod replay;
mod scenarios;
mod search;
mod server;
mod submits;
mod trace;
mod world;

use std::process::ExitCode;
use std::time::Instant;

use scenarios::SCENARIOS;

/// How much smaller than promised the scenarios are where nothing is asked for.
const QUICK: usize = 20;
const QUICK_SEEDS: u64 = 8;

struct Arguments {
    /// None: a quick run of everything.
    seeds: Option<u64>,
    start: u64,
    only: Option<String>,
    table: bool,
    verbose: bool,
    /// How much smaller than promised the scenarios are.
    part: Option<usize>,
}

fn arguments() -> Option<Arguments> {
    let mut read = Arguments { seeds: None, start: 0, only: None, table: false, verbose: false, part: None };
    let mut given = std::env::args().skip(1);
    while let Some(argument) = given.next() {
        let mut number = || given.next().and_then(|text| text.parse().ok());
        match argument.as_str() {
            "--seeds" => read.seeds = Some(number()?),
            "--start" => read.start = number()?,
            "--only" => read.only = Some(given.next()?),
            "--part" => read.part = Some(given.next()?.parse().ok().filter(|part| *part > 0)?),
            "--table" => read.table = true,
            "--verbose" => read.verbose = true,
            // What cargo passes to every test binary, to list or filter tests by their names.
            "--list" => std::process::exit(0),
            _ => {}
        }
    }
    Some(read)
}

fn main() -> ExitCode {
    let Some(arguments) = arguments() else {
        println!(
            "simulation [--seeds N] [--start S] [--only worlds|{}] [--table] [--part N] [--verbose]",
            names().join("|")
        );
        return ExitCode::FAILURE;
    };
    let wanted = |name: &str| arguments.only.as_deref().is_none_or(|only| only == name);
    if arguments.only.is_some() && !names().into_iter().chain(["worlds"]).any(wanted) {
        println!("there is no such scenario; there are worlds, {}", names().join(", "));
        return ExitCode::FAILURE;
    }
    let quick = arguments.seeds.is_none() && !arguments.table && arguments.only.is_none();
    let mut failures = Vec::new();
    if wanted("worlds") && (arguments.seeds.is_some() || !arguments.table) {
        failures.extend(worlds(arguments.start, arguments.seeds.unwrap_or(QUICK_SEEDS), arguments.verbose));
    }
    let part = arguments.part.unwrap_or(if quick { QUICK } else { 1 });
    if quick || arguments.table || arguments.only.is_some() {
        for (name, run) in SCENARIOS.into_iter().filter(|(name, _)| wanted(name)) {
            let began = Instant::now();
            let told = run(arguments.start, part);
            println!();
            told.lines.iter().for_each(|line| println!("{line}"));
            println!("    ({name}: {:.1} s)", began.elapsed().as_secs_f64());
            failures.extend(told.short.into_iter().map(|short| format!("{name}: {short}")));
        }
    }
    if failures.is_empty() {
        return ExitCode::SUCCESS;
    }
    println!("\n{} failures:", failures.len());
    for failure in &failures {
        println!("  {failure}");
    }
    ExitCode::FAILURE
}

fn names() -> Vec<&'static str> {
    SCENARIOS.iter().map(|(name, _)| *name).collect()
}

/// Plays drawn worlds; the failures, with how to see each again.
fn worlds(start: u64, seeds: u64, verbose: bool) -> Vec<String> {
    let began = Instant::now();
    let mut failures = Vec::new();
    let (mut jobs, mut requests) = (0, 0);
    for seed in start..start.saturating_add(seeds) {
        let run = replay::world(seed, verbose);
        jobs += run.jobs;
        requests += run.requests;
        for broken in run.broken.iter().take(4) {
            failures.push(format!("seed {seed}: {broken}"));
        }
        if !run.broken.is_empty() {
            println!("seed {seed} fails; again: cargo xtask simulate --seeds 1 --start {seed} --only worlds --verbose");
        }
    }
    println!(
        "{seeds} worlds from seed {start} on: {jobs} jobs, {requests} requests, {} failures, {:.1} s",
        failures.len(),
        began.elapsed().as_secs_f64()
    );
    failures
}
