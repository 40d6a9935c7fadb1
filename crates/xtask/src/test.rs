//! Every test there is.

use crate::languages::{HandOver, kotlin, machine, node, python, swift};
use crate::step::{Outcome, cargo, run};
use crate::{fuzz, lint, models, simulate, torture};

/// The languages whose tests can be run alone.
pub(crate) const LANGUAGES: [&str; 5] = ["rust", "python", "node", "kotlin", "swift"];

pub(crate) fn run_all(full: bool) -> Outcome {
    models::check()?;
    rust(full)?;
    let hand_over = HandOver::new(true)?;
    python::test(&hand_over)?;
    node::test(&hand_over)?;
    kotlin::test(&hand_over)?;
    swift::test(&hand_over)?;
    if full {
        lint::run_all()?;
        fuzz::run_if_there()?;
        simulate::run_all()?;
        torture::run_all()?;
        run("the demo, as a newcomer runs it", &mut cargo(["run", "--release", "--locked", "--", "demo"]))?;
    }
    println!("\n== everything passed");
    Ok(())
}

/// The tests of one language, with what they need and nothing else.
pub(crate) fn run_one(language: &str) -> Outcome {
    models::check()?;
    if language == "rust" {
        return rust(false);
    }
    let hand_over = HandOver::new(false)?;
    match language {
        "python" => python::test(&hand_over),
        "node" => node::test(&hand_over),
        "kotlin" => kotlin::test(&hand_over),
        _ => swift::test(&hand_over),
    }
}

/// Whether the programs of Postgres are on the machine: on the path, or where Debian puts them.
const POSTGRES: &str = "command -v initdb || ls /usr/lib/postgresql/*/bin/initdb";

fn rust(full: bool) -> Outcome {
    // The tests of the inbox start one of their own.
    machine::package(&["sh", "-c", POSTGRES], "postgresql")?;
    let mut tests = cargo(["test", "--workspace", "--all-features", "--locked"]);
    if full {
        // Tests that come in two sizes take the larger one: 5,000 pictures through a run that is killed, 2,000 jobs with
        // faults.
        tests.env("II_TEST_FULL", "1");
    }
    run("Rust: tests and documented examples", &mut tests)?;
    // With every feature on, a crate that forgot to ask for one would pass all the same.
    for (title, arguments) in [
        ("core alone", &["check", "--locked", "-p", "image-intelligence-core"][..]),
        (
            "client with no root certificates",
            &["check", "--locked", "-p", "image-intelligence", "--no-default-features"],
        ),
        (
            "vision without its model",
            &["check", "--locked", "-p", "image-intelligence-vision", "--no-default-features"],
        ),
        ("server without vision", &["check", "--locked", "-p", "image-intelligence-server"]),
    ] {
        run(&format!("Rust: {title}"), &mut cargo(arguments))?;
    }
    Ok(())
}
