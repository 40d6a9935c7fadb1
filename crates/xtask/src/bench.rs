//! Figures and their goals, each from one run on this machine.

use std::process::Command;

use crate::step::{Outcome, cargo, is_there, root, run};

/// Name, package, what is measured.
const BENCHES: [(&str, &str, &str); 4] = [
    ("parse", "image-intelligence-core", "reading webhooks"),
    ("requests", "image-intelligence", "requests a second"),
    ("detect", "image-intelligence-vision", "detection on one core"),
    ("memory", "image-intelligence-cli", "resident memory of ii serve"),
];

pub(crate) fn run_all(name: Option<&str>) -> Outcome {
    let chosen: Vec<_> = BENCHES.iter().filter(|(bench, ..)| name.is_none_or(|name| name == *bench)).collect();
    if chosen.is_empty() {
        let names: Vec<_> = BENCHES.iter().map(|(bench, ..)| *bench).collect();
        return Err(format!("there is no bench of that name; there are {}", names.join(", ")));
    }
    for (bench, package, what) in chosen {
        // Built first, with every core; then run, where one core is what the goal speaks of.
        run(
            &format!("building {bench}"),
            &mut cargo(["bench", "--locked", "-p", package, "--bench", bench, "--no-run"]),
        )?;
        let arguments = ["bench", "--locked", "-p", package, "--bench", bench];
        let one_core = matches!(*bench, "parse" | "detect");
        if one_core && is_there("taskset") {
            let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
            run(what, Command::new("taskset").args(["-c", "0"]).arg(cargo).args(arguments).current_dir(root()))?;
        } else {
            run(what, &mut cargo(arguments))?;
        }
    }
    Ok(())
}
