//! Swift: compiled and run where `swiftc` is on the PATH, which is by itself only on a Mac. Elsewhere its sources are
//! generated, and held to the table of calls by `tests/parity`.

use super::artefact::Profile;
use super::{HandOver, kotlin};
use crate::step::{Outcome, command, is_there, run};

pub(crate) fn test(hand_over: &HandOver) -> Outcome {
    if !is_there("swiftc") {
        println!("\n== Swift: skipped, swiftc is not on the PATH");
        return Ok(());
    }
    let library = kotlin::generate(Profile::Release)?;
    run("Swift: tests", hand_over.to(command("bindings/mobile/swift/check.sh").arg(library)))
}
