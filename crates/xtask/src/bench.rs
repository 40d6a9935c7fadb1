//! Figures and their goals, each from one run on this machine.

mod webhooks;

use crate::languages::{node, python};
use crate::step::{Outcome, cargo, command, is_there, run, target};

/// Name, package, what is measured.
const BENCHES: [(&str, &str, &str); 4] = [
    ("parse", "image-intelligence-core", "reading webhooks"),
    ("requests", "image-intelligence", "requests a second"),
    ("detect", "image-intelligence-vision", "detection on one core"),
    ("memory", "image-intelligence-cli", "resident memory of ii serve"),
];

/// Beside receivers that people write today.
const WEBHOOKS: &str = "webhooks";

/// Other languages: each runs its own beside what people write today.
const LANGUAGES: [&str; 2] = ["python", "node"];

pub(crate) fn run_all(name: Option<&str>) -> Outcome {
    let wanted = |bench: &str| name.is_none_or(|name| name == bench);
    let all = || BENCHES.iter().map(|(bench, ..)| *bench).chain([WEBHOOKS]).chain(LANGUAGES);
    if !all().any(wanted) {
        return Err(format!("there is no bench of that name; there are {}", all().collect::<Vec<_>>().join(", ")));
    }
    for (bench, package, what) in BENCHES.iter().filter(|(bench, ..)| wanted(bench)) {
        rust(bench, package, what)?;
    }
    if wanted(WEBHOOKS) {
        webhooks::run_all()?;
    }
    for language in LANGUAGES.into_iter().filter(|language| wanted(language)) {
        let build = ["build", "--release", "--locked", "-p", "image-intelligence", "--example", "bench_server"];
        run("the server that the others are measured against", &mut cargo(build))?;
        let server = target().join("release/examples/bench_server");
        if language == "python" { python::bench(&server)? } else { node::bench(&server)? }
    }
    Ok(())
}

fn rust(bench: &str, package: &str, what: &str) -> Outcome {
    // Built first, with every core; then run, where one core is what the goal speaks of.
    run(&format!("building {bench}"), &mut cargo(["bench", "--locked", "-p", package, "--bench", bench, "--no-run"]))?;
    let arguments = ["bench", "--locked", "-p", package, "--bench", bench];
    let one_core = matches!(bench, "parse" | "detect");
    if one_core && is_there("taskset") {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        run(what, command("taskset").args(["-c", "0"]).arg(cargo).args(arguments))
    } else {
        run(what, &mut cargo(arguments))
    }
}
