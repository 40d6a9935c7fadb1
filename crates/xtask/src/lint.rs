//! What can be said of the code without running it.

use std::path::PathBuf;

use crate::fuzz;
use crate::languages::{node, python};
use crate::step::{Outcome, cargo, command, output, run, tool};

/// The release of cargo-deny whose checks these are.
const DENY: &str = "0.20.2";

pub(crate) fn run_all() -> Outcome {
    run("fmt", &mut cargo(["fmt", "--all", "--check"]))?;
    run("fmt: fuzz targets", &mut cargo(["fmt", "--check", "--manifest-path", fuzz::MANIFEST]))?;
    let warnings = ["--", "-D", "warnings"];
    let clippy = ["clippy", "--workspace", "--all-targets", "--all-features", "--locked"];
    run("clippy", &mut cargo(clippy.iter().chain(&warnings)))?;
    run(
        "doc",
        cargo(["doc", "--workspace", "--all-features", "--no-deps", "--locked"]).env("RUSTDOCFLAGS", "-D warnings"),
    )?;
    wasm()?;
    let mut check = command(tool("cargo-deny", DENY)?);
    run("deny: licences, bans, sources", check.args(["--locked", "check", "licenses", "bans", "sources"]))?;
    python::lint()?;
    node::lint()
}

/// core must compile for wasm32; the check is made where the target is installed, which needs rustup.
fn wasm() -> Outcome {
    let target = "wasm32-unknown-unknown";
    let installed = output(command("rustc").args(["--print", "target-libdir", "--target", target]));
    let there = installed.is_some_and(|folder| PathBuf::from(folder.trim()).is_dir());
    if !there {
        println!("\n== core for {target}: not checked, the target is not installed (rustup target add {target})");
        return Ok(());
    }
    run("core for wasm32", &mut cargo(["check", "--locked", "-p", "image-intelligence-core", "--target", target]))
}
