//! Python: a virtual environment, a wheel by maturin, and everything else from the installed wheel.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::artefact::{self, Profile};
use super::{HandOver, machine};
use crate::step::{self, Outcome, command, once, output, root, run, target};

fn home() -> PathBuf {
    target().join("python")
}

fn tool(name: &str) -> PathBuf {
    let folder = if cfg!(windows) { "Scripts" } else { "bin" };
    home().join("venv").join(folder).join(name)
}

/// A tool of the virtual environment, run in `python/`.
fn in_python(name: &str) -> Command {
    let mut command = command(tool(name));
    command.current_dir(root().join("python"));
    command
}

/// The virtual environment, with what `requirements-dev.txt` pins.
fn set_up() -> Outcome {
    machine::release("python3", (3, 11), "Python 3.11 or newer")?;
    let requirements = root().join("python/requirements-dev.txt");
    // An environment is bound to its place, and to the interpreter that made it.
    let mut stands_on =
        format!("{}\n{:?}\n", home().display(), output(command("python3").arg("--version"))).into_bytes();
    stands_on.extend(step::read(&requirements)?);
    once(&home().join("set-up"), &stands_on, || {
        machine::package(&["python3", "-c", "import ensurepip, venv"], "python3-venv")?;
        step::empty(&home())?;
        run("Python: a virtual environment", command("python3").args(["-m", "venv"]).arg(home().join("venv")))?;
        let quiet = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--require-hashes", "-r"];
        run("Python: what the tests need", in_python("python").args(quiet).arg(requirements))
    })
}

/// Makes the wheel and installs it.
fn wheel(profile: Profile) -> Result<PathBuf, String> {
    set_up()?;
    let folder = target().join(if profile == Profile::Dist { "pack/python" } else { "python/dist" });
    step::empty(&folder)?;
    let build = ["build", "--locked", "--strip", "--profile", profile.name(), "--out"];
    run(&format!("Python: the wheel ({})", profile.name()), in_python("maturin").args(build).arg(&folder))?;
    let wheels = step::files(&folder, ".whl")?;
    let [wheel] = wheels.as_slice() else {
        return Err(format!("{}: {} wheels, and there should be one", folder.display(), wheels.len()));
    };
    artefact::weigh("wheel", wheel)?;
    // pip would leave one of the same version as it is.
    let install = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-index", "--no-deps"];
    run("Python: installing it", in_python("python").args(install).arg("--force-reinstall").arg(wheel))?;
    Ok(wheel.clone())
}

pub(crate) fn test(hand_over: &HandOver) -> Outcome {
    let wheel = wheel(Profile::Release)?;
    artefact::no_model(&library(&wheel)?, hand_over.ii())?;
    let tests = ["-P", "-m", "pytest", "-p", "no:cacheprovider"];
    let mut pytest = in_python("python");
    pytest.args(tests).env("II_WHEEL", wheel).env("PYTHONDONTWRITEBYTECODE", "1");
    run("Python: tests, from the wheel", hand_over.to(&mut pytest))
}

/// The native module of a wheel, taken out of it.
fn library(wheel: &Path) -> Result<PathBuf, String> {
    let folder = home().join("looked-into");
    step::empty(&folder)?;
    run("Python: looking into the wheel", in_python("python").args(["-m", "zipfile", "-e"]).arg(wheel).arg(&folder))?;
    let modules = step::files(&folder.join("image_intelligence"), if cfg!(windows) { ".pyd" } else { ".so" })?;
    let module = modules.into_iter().next();
    module.ok_or_else(|| format!("{}: no native module is in it", wheel.display()))
}

pub(crate) fn lint() -> Outcome {
    set_up()?;
    let cache = home().join("lint");
    let ruff = |title, what: &[&str]| {
        run(
            title,
            in_python("ruff").args(what).args([".", "../examples/python", "--cache-dir"]).arg(cache.join("ruff")),
        )
    };
    ruff("Python: format", &["format", "--check"])?;
    ruff("Python: lint", &["check"])?;
    let mypy = ["image_intelligence", "tests/typing", "--cache-dir"];
    run("Python: types", in_python("mypy").args(mypy).arg(cache.join("mypy")))
}

pub(crate) fn bench(server: &Path) -> Outcome {
    wheel(Profile::Dist)?;
    run("Python: figures, of the dist build", in_python("python").arg("bench/run.py").env("II_BENCH_SERVER", server))
}

pub(crate) fn pack() -> Outcome {
    wheel(Profile::Dist).map(drop)
}
