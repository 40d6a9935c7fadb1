//! `cargo xtask`: the workspace's own tasks. Each sets up what it needs by itself, so that a new machine passes.

mod bench;
mod lint;
mod models;
mod step;
mod test;

use std::process::ExitCode;

const USAGE: &str = "\
cargo xtask test [--full]   every test of every language; --full adds lint and the release build of the demo
cargo xtask lint            fmt, clippy, doc, licences and bans, the arrows between crates
cargo xtask bench [NAME]    figures and their goals: parse, requests, detect, memory (all of them without a name)";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let outcome = match arguments.as_slice() {
        ["test"] => test::run_all(false),
        ["test", "--full"] => test::run_all(true),
        ["lint"] => lint::run_all(),
        ["gen"] => models::write(),
        ["gen", "--check"] => models::check(),
        ["bench"] => bench::run_all(None),
        ["bench", name] => bench::run_all(Some(name)),
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
