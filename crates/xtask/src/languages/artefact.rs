//! The library of a language: built by a Cargo call of its own, so that nobody else's features leak into it, weighed, and
//! looked through for a model, which belongs to the server alone.

use std::path::{Path, PathBuf};

use crate::step::{self, Outcome, cargo, root, run, target};

/// What each package may weigh.
const GOAL: f64 = 6.0;

/// How a library is built.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Profile {
    /// As for the tests: quick to build.
    Release,
    /// As it is shipped.
    Dist,
}

impl Profile {
    pub(crate) fn name(self) -> &'static str {
        if self == Self::Release { "release" } else { "dist" }
    }
}

/// Builds the library of `package`, whose file is named after `library`.
pub(crate) fn build(package: &str, library: &str, profile: Profile) -> Result<PathBuf, String> {
    let arguments =
        ["rustc", "--locked", "-p", package, "--lib", "--crate-type", "cdylib", "--profile", profile.name()];
    let mut build = cargo(arguments);
    // Whoever packs it strips its own copy: the generator of Kotlin and Swift reads the symbols.
    build.env("CARGO_PROFILE_DIST_STRIP", "none");
    if package == super::kotlin::PACKAGE {
        // For a phone all of it is built small, which makes an eighth less of it.
        build.env("CARGO_PROFILE_DIST_OPT_LEVEL", "s");
    }
    run(&format!("{package}: the native library ({})", profile.name()), &mut build)?;
    let (prefix, suffix) = (std::env::consts::DLL_PREFIX, std::env::consts::DLL_SUFFIX);
    Ok(target().join(profile.name()).join(format!("{prefix}{library}{suffix}")))
}

/// Says what a file weighs, beside the goal.
pub(crate) fn weigh(what: &str, file: &Path) -> Outcome {
    let bytes = std::fs::metadata(file).map_err(|error| step::at(file, &error))?.len();
    let megabytes = bytes as f64 / 1e6;
    let word = if megabytes <= GOAL { "" } else { ": MISSED" };
    println!("{what}: {megabytes:.2} MB (goal {GOAL} MB{word})");
    Ok(())
}

/// Fails if a detector or its runtime is in this library. That the search would find one is shown on `ii`, which has it.
pub(crate) fn no_model(library: &Path, ii: &Path) -> Outcome {
    let model = step::read(&root().join("crates/vision/assets/nanodet-g-416-fp16.onnx"))?;
    if found(&step::read(ii)?, &model).is_none() {
        return Err(format!("{}: the search for a model finds none where one is", ii.display()));
    }
    match found(&step::read(library)?, &model) {
        None => Ok(()),
        Some(what) => Err(format!("{}: {what} is in it; only the server may have that", library.display())),
    }
}

/// What of a detector is in these bytes.
fn found(bytes: &[u8], model: &[u8]) -> Option<&'static str> {
    // Its weights, from the middle of the file.
    let weights = &model[model.len() / 2..][..64];
    let signs = [("the model", weights), ("rten, which runs models", b"rten-0".as_slice()), ("vision", b"nanodet")];
    // Most places are passed over by their first byte: a library has many of them, and there is no hurry but that.
    signs
        .into_iter()
        .find(|(_, sign)| bytes.windows(sign.len()).any(|window| window[0] == sign[0] && window == *sign))
        .map(|sign| sign.0)
}

#[test]
fn a_model_is_found_wherever_it_is() {
    let model: Vec<u8> = (0..=255).collect();
    let mut bytes = vec![7; 500];
    assert_eq!(found(&bytes, &model), None);
    bytes.extend(&model);
    assert_eq!(found(&bytes, &model), Some("the model"));
    assert_eq!(found(b"registry/rten-0.27/src/lib.rs", &model), Some("rten, which runs models"));
    assert_eq!(found(b"a nanodet model", &model), Some("vision"));
}
