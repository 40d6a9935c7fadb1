//! `cargo xtask`: the workspace's own tasks. Each sets up what it needs by itself, so that a new machine passes.

mod bench;
mod fuzz;
mod languages;
mod lint;
mod models;
mod pack;
mod simulate;
mod step;
mod test;
mod torture;

use std::process::ExitCode;

const USAGE: &str = "\
cargo xtask test [--full]   every test of every language; --full adds lint, fuzzing, 200 simulated worlds, 50
                            times kill -9 and the release build of the demo, and takes the larger size of tests that have two
cargo xtask test LANGUAGE   those of one: rust, python, node, kotlin, swift
cargo xtask lint            fmt, clippy, doc, licences and bans, and what each other language has of that kind
cargo xtask gen [--check]   writes the models of Python and TypeScript from core's schema; --check fails where they differ
cargo xtask bench [NAME]    figures and their goals: parse, requests, detect, memory, webhooks, python, node (all without a
                            name)
cargo xtask fuzz [TARGET] [--seconds N] [--keep]
                            fuzzes core, 60 s a target; --keep puts what reached new code among the checked-in inputs
cargo xtask fuzz TARGET --input FILE
                            puts one input to a target, such as one that crashed it
cargo xtask simulate [--seeds N] [--start S] [--only SCENARIO] [--verbose]
                            the client on a paused clock against a scripted server: N worlds (200), and a table of figures
cargo xtask torture [--cycles N] [--seed S] [--store sqlite|postgres]
                            a receiver and its handlers, ended by kill -9 N times (50): no result is lost or doubled
cargo xtask pack [LANGUAGE] wheel, npm tarballs and jar as they are shipped, into target/pack: python, node, kotlin";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let outcome = match arguments.as_slice() {
        ["test"] => test::run_all(false),
        ["test", "--full"] => test::run_all(true),
        ["test", language] if test::LANGUAGES.contains(language) => test::run_one(language),
        ["lint"] => lint::run_all(),
        ["gen"] => models::write(),
        ["gen", "--check"] => models::check(),
        ["bench"] => bench::run_all(None),
        ["bench", name] => bench::run_all(Some(name)),
        ["fuzz", options @ ..] => fuzz::run_with(options),
        ["simulate", options @ ..] => simulate::run_with(options),
        ["torture", options @ ..] => torture::run_with(options),
        ["pack"] => pack::run(None),
        ["pack", language] if pack::LANGUAGES.contains(language) => pack::run(Some(language)),
        ["help" | "--help" | "-h"] => {
            println!("{USAGE}");
            return ExitCode::SUCCESS;
        }
        _ => Err(format!("usage:\n{USAGE}")),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("xtask: {problem}");
            ExitCode::FAILURE
        }
    }
}
