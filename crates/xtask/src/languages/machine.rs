//! What must be on the machine before anything else can be set up: found, installed by Debian's apt-get where that can be
//! done, or asked for.

use crate::step::{Outcome, command, output, run};

/// A program of at least this major and minor version.
pub(crate) fn release(program: &str, least: (u32, u32), what: &str) -> Outcome {
    let said = output(command(program).arg("--version"));
    let said = said.ok_or_else(|| format!("{program} is not there; install {what}"))?;
    match version(&said) {
        Some(found) if found >= least => Ok(()),
        _ => Err(format!("{} is too old; install {what}", said.lines().next().unwrap_or(program))),
    }
}

/// Something that Debian has a package for: there already if `probe` does well.
pub(crate) fn package(probe: &[&str], name: &str) -> Outcome {
    let there = || output(command(probe[0]).args(&probe[1..])).is_some();
    if there() {
        return Ok(());
    }
    let is_root = output(command("id").arg("-u")).is_some_and(|id| id.trim() == "0");
    if !is_root || output(command("apt-get").arg("--version")).is_none() {
        return Err(format!("`{}` does not work; install {name} (on Debian: apt-get install {name})", probe.join(" ")));
    }
    run(&format!("{name}: reading Debian's lists"), command("apt-get").args(["update", "--quiet", "--quiet"]))?;
    let install = ["install", "--yes", "--quiet", "--quiet", "--no-install-recommends", name];
    run(&format!("{name}: installing it"), command("apt-get").env("DEBIAN_FRONTEND", "noninteractive").args(install))?;
    if there() { Ok(()) } else { Err(format!("`{}` does not work even with {name}", probe.join(" "))) }
}

/// The first two numbers of what a program says of its version; Java's says `openjdk 17.0.15`, Node's `v20.20.2`.
fn version(said: &str) -> Option<(u32, u32)> {
    let start = said.find(|letter: char| letter.is_ascii_digit())?;
    let number = said[start..].split(|letter: char| !letter.is_ascii_digit() && letter != '.').next()?;
    let mut parts = number.split('.').map(str::parse);
    Some((parts.next()?.ok()?, parts.next().and_then(Result::ok).unwrap_or(0)))
}

#[test]
fn versions_are_read() {
    assert_eq!(version("Python 3.11.7"), Some((3, 11)));
    assert_eq!(version("v20.20.2"), Some((20, 20)));
    assert_eq!(version("openjdk 21 2023-09-19"), Some((21, 0)));
    assert_eq!(version("none"), None);
}
