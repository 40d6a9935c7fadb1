//! Node: npm's pinned tools, two tarballs, and everything else from what they install. How they are made is in
//! `node/scripts`.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::artefact::{self, Profile};
use super::{HandOver, machine};
use crate::step::{self, Outcome, command, once, root, run, target};

fn home() -> PathBuf {
    root().join("node")
}

fn in_node(program: &str) -> Command {
    let mut command = command(program);
    command.current_dir(home());
    command
}

/// One of `node/scripts`, or another program of the package.
fn script(title: &str, file: &str, arguments: &[&str]) -> Outcome {
    run(title, in_node("node").arg(file).args(arguments))
}

fn set_up() -> Outcome {
    machine::release("node", (20, 0), "Node.js 20 or newer")?;
    machine::release("npm", (10, 0), "npm 10 or newer")?;
    once(&home().join("node_modules/.set-up"), &step::read(&home().join("package-lock.json"))?, || {
        run("Node: what the build and the tests need", in_node("npm").args(["ci", "--no-audit", "--no-fund"]))
    })
}

/// Makes the tarballs and installs them into an empty folder.
fn tarballs(profile: Profile) -> Result<PathBuf, String> {
    set_up()?;
    let title = format!("Node: the native module ({})", profile.name());
    script(&title, "scripts/native.mjs", &["--profile", profile.name()])?;
    script("Node: the package", "scripts/build.mjs", &[])?;
    script("Node: tarballs, installed into an empty folder", "scripts/pack.mjs", &[])?;
    let module = module()?;
    artefact::weigh(".node", &module)?;
    Ok(module)
}

/// The native module, of which there is one: this machine's.
fn module() -> Result<PathBuf, String> {
    let platforms = home().join("npm");
    let mut modules = Vec::new();
    for platform in step::files(&platforms, "")?.iter().filter(|path| path.is_dir()) {
        modules.extend(step::files(platform, ".node")?);
    }
    match modules.as_slice() {
        [module] => Ok(module.clone()),
        modules => Err(format!("{}: {} native modules, and there should be one", platforms.display(), modules.len())),
    }
}

pub(crate) fn test(hand_over: &HandOver) -> Outcome {
    artefact::no_model(&tarballs(Profile::Release)?, hand_over.ii())?;
    run("Node: tests, from the tarballs", hand_over.to(in_node("node").arg("scripts/test.mjs")))
}

pub(crate) fn lint() -> Outcome {
    set_up()?;
    run("Node: format, lint, types", in_node("npm").args(["run", "--silent", "lint"]))
}

pub(crate) fn bench(server: &Path) -> Outcome {
    tarballs(Profile::Dist)?;
    let mut bench = in_node("node");
    run("Node: figures, of the dist build", bench.arg("bench/run.mjs").env("II_BENCH_SERVER", server))
}

pub(crate) fn pack() -> Outcome {
    tarballs(Profile::Dist)?;
    let folder = target().join("pack/node");
    step::empty(&folder)?;
    for tarball in step::files(&home().join("packed"), ".tgz")? {
        artefact::weigh(&tarball.file_name().unwrap_or_default().to_string_lossy(), &tarball)?;
        step::write(&folder.join(tarball.file_name().unwrap_or_default()), step::read(&tarball)?)?;
    }
    Ok(())
}
