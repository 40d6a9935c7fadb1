//! What each language's tests are given: the `ii` to start, the table of calls, the README's programs.

use std::path::{Path, PathBuf};
use std::process::Command;

use image_intelligence_tests::{parity, readme};
use serde_json::{Map, Value};

use crate::step::{self, Outcome, cargo, root, run, target};

pub(crate) struct HandOver {
    ii: PathBuf,
    parity: PathBuf,
    programs: PathBuf,
}

impl HandOver {
    /// The `ii` is the one that the Rust tests have built, else one that is built now.
    pub(crate) fn new(built: bool) -> Result<Self, String> {
        let ii = target().join("debug").join(format!("ii{}", std::env::consts::EXE_SUFFIX));
        if !(built && ii.is_file()) {
            run("ii, for the tests to call", &mut cargo(["build", "--locked", "-p", "image-intelligence-cli"]))?;
        }
        let here = target().join("hand-over");
        let parity = here.join("parity.json");
        write_parity(&parity)?;
        let programs = here.join("readme");
        write_programs(&programs)?;
        Ok(Self { ii, parity, programs })
    }

    pub(crate) fn ii(&self) -> &Path {
        &self.ii
    }

    /// A command that finds all of it in its environment, and nothing of the caller's own.
    pub(crate) fn to<'a>(&self, command: &'a mut Command) -> &'a mut Command {
        for mine in ["II_BASE_URL", "II_CLIENT_ID", "II_CLIENT_SECRET"] {
            command.env_remove(mine);
        }
        command
            .env("II_ROOT", root())
            .env("II_BIN", &self.ii)
            .env("II_PARITY_JSON", &self.parity)
            .env("II_README_DIR", &self.programs)
    }
}

fn write_parity(path: &Path) -> Outcome {
    let toml = root().join("tests/parity.toml");
    let text = String::from_utf8(step::read(&toml)?).map_err(|error| step::at(&toml, &error))?;
    let surfaces = parity::read(&text).map_err(|error| step::at(&toml, &error))?;
    let json: Map<String, Value> =
        surfaces.iter().map(|(language, surface)| ((*language).to_owned(), surface.to_json())).collect();
    step::write(path, format!("{:#}\n", Value::Object(json)))
}

fn write_programs(folder: &Path) -> Outcome {
    let readme = root().join("README.md");
    let text = String::from_utf8(step::read(&readme)?).map_err(|error| step::at(&readme, &error))?;
    // One that the README no longer has must not be run.
    step::empty(folder)?;
    for program in readme::programs(&text) {
        step::write(&folder.join(&program.file), program.text)?;
    }
    Ok(())
}
