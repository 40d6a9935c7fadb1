//! Kotlin: sources generated from the library, a jar by Maven, and tests that stand on the packed jar.

use std::path::{Path, PathBuf};

use super::artefact::{self, Profile};
use super::{HandOver, machine};
use crate::step::{self, Outcome, cargo, command, root, run, target};

pub(crate) const PACKAGE: &str = "image-intelligence-mobile";

fn set_up() -> Outcome {
    // Maven first: Debian's brings a runtime of Java, not the compiler that it needs.
    machine::package(&["mvn", "--version"], "maven")?;
    machine::release("javac", (17, 0), "a JDK, 17 or newer")
}

/// The library, as it was built, and the sources that are generated from it.
pub(crate) fn generate(profile: Profile) -> Result<PathBuf, String> {
    // Not stripped: the generator reads its symbols.
    let library = artefact::build(PACKAGE, "image_intelligence_mobile", profile)?;
    // With the features of the Rust tests, which have built it already; else all that it stands on would be built again.
    let generator = ["build", "--locked", "--workspace", "--all-features", "--bin", "image-intelligence-bindgen"];
    run("mobile: the generator", &mut cargo(generator))?;
    let generator = target().join("debug/image-intelligence-bindgen");
    run("mobile: Kotlin and Swift sources", command("bindings/mobile/generate.sh").arg(generator).arg(&library))?;
    Ok(library)
}

fn maven() -> std::process::Command {
    let mut maven = command("mvn");
    // Cargo's own, in which JNA would find another build of the library before it looks into the jar.
    maven.env_remove("LD_LIBRARY_PATH");
    maven.args(["--quiet", "--batch-mode", "--no-transfer-progress", "--file", "bindings/mobile/kotlin/pom.xml"]);
    maven
}

fn jar() -> Result<PathBuf, String> {
    let folder = root().join("bindings/mobile/kotlin/library/target");
    let jars = step::files(&folder, ".jar")?;
    let jar = jars.into_iter().find(|jar| !jar.to_string_lossy().contains("-sources"));
    jar.ok_or_else(|| format!("{}: no jar is there", folder.display()))
}

pub(crate) fn test(hand_over: &HandOver) -> Outcome {
    set_up()?;
    let library = generate(Profile::Release)?;
    artefact::no_model(&library, hand_over.ii())?;
    run("Kotlin: the jar, and tests from it", hand_over.to(maven().arg("verify")))?;
    artefact::weigh("jar", &jar()?)
}

pub(crate) fn pack() -> Outcome {
    set_up()?;
    generate(Profile::Dist)?;
    run("Kotlin: the jar", maven().args(["--projects", "library", "package"]))?;
    let jar = jar()?;
    artefact::weigh("jar", &jar)?;
    let packed = target().join("pack/kotlin").join(jar.file_name().map_or(Path::new("library.jar"), Path::new));
    step::write(&packed, step::read(&jar)?)
}
