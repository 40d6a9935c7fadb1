//! Running one command after the other, and saying how long each took.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

/// What a task comes to: nothing, or a line that says which step failed.
pub(crate) type Outcome = Result<(), String>;

/// The workspace's folder.
pub(crate) fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).unwrap_or(here).to_owned()
}

/// Where builds go, and the tools that a task installs.
pub(crate) fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), |dir| root().join(dir))
}

/// The cargo that runs this task.
pub(crate) fn cargo<S: AsRef<OsStr>>(arguments: impl IntoIterator<Item = S>) -> Command {
    let mut command = command(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    // The Python border is built against the stable ABI: no interpreter needs to be there, nor libpython be linked.
    command.env("PYO3_NO_PYTHON", "1").env("PYO3_BUILD_EXTENSION_MODULE", "1");
    command.args(arguments);
    command
}

/// A command, run at the workspace's root.
pub(crate) fn command(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(program);
    // What the cargo that built this task says of itself would make its child build everything anew.
    for (name, _) in std::env::vars_os() {
        let name = name.to_string_lossy().into_owned();
        if name.starts_with("CARGO_PKG_") || name == "CARGO_MANIFEST_DIR" || name == "CARGO_MANIFEST_PATH" {
            command.env_remove(name);
        }
    }
    command.current_dir(root()).env("CARGO_TARGET_DIR", target());
    command
}

/// Runs a command to its end; what it prints is seen as it comes.
pub(crate) fn run(title: &str, command: &mut Command) -> Outcome {
    println!("\n== {title}");
    let began = Instant::now();
    let status = command.status().map_err(|error| {
        format!("{title}: {} could not be started ({error}); is it installed?", command.get_program().display())
    })?;
    if !status.success() {
        return Err(format!("{title}: failed ({status})"));
    }
    println!("== {title}: {:.0} s", began.elapsed().as_secs_f64());
    Ok(())
}

/// Whether a program can be started.
pub(crate) fn is_there(program: &str) -> bool {
    Command::new(program).arg("--version").output().is_ok_and(|output| output.status.success())
}

/// A subcommand of cargo, of the right release: one that is installed, else one built into the target folder.
pub(crate) fn tool(name: &str, release: &str) -> Result<PathBuf, String> {
    let tools = target().join("tools");
    let ours = tools.join("bin").join(name);
    for candidate in [PathBuf::from(name), ours.clone()] {
        if output(command(&candidate).arg("--version")).is_some_and(|version| version.contains(release)) {
            return Ok(candidate);
        }
    }
    let install = ["install", name, "--locked", "--version", release, "--root"];
    run(&format!("{name}: building it, once"), cargo(install).arg(&tools))?;
    if is_there(&ours.to_string_lossy()) { Ok(ours) } else { Err(format!("{name}: it was built and cannot be run")) }
}

/// What a command prints, where it does well.
pub(crate) fn output(command: &mut Command) -> Option<String> {
    let output = command.output().ok().filter(|output| output.status.success())?;
    Some(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Work that need not be done again until what it stands on has changed; `stamp` keeps what that was.
pub(crate) fn once(stamp: &Path, stands_on: &[u8], work: impl FnOnce() -> Outcome) -> Outcome {
    if std::fs::read(stamp).is_ok_and(|last| last == stands_on) {
        return Ok(());
    }
    work()?;
    write(stamp, stands_on)
}

/// Writes a file, and its folders where they are not there.
pub(crate) fn write(path: &Path, bytes: impl AsRef<[u8]>) -> Outcome {
    let folder = path.parent().unwrap_or(path);
    std::fs::create_dir_all(folder).and_then(|()| std::fs::write(path, bytes)).map_err(|error| at(path, &error))
}

/// Reads a file.
pub(crate) fn read(path: &Path) -> Result<Vec<u8>, String> {
    std::fs::read(path).map_err(|error| at(path, &error))
}

/// A folder with nothing in it.
pub(crate) fn empty(folder: &Path) -> Outcome {
    if folder.exists() {
        std::fs::remove_dir_all(folder).map_err(|error| at(folder, &error))?;
    }
    std::fs::create_dir_all(folder).map_err(|error| at(folder, &error))
}

/// The files of a folder whose names end so, in order.
pub(crate) fn files(folder: &Path, ending: &str) -> Result<Vec<PathBuf>, String> {
    let entries = std::fs::read_dir(folder).map_err(|error| at(folder, &error))?;
    let mut files: Vec<_> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    files.retain(|file| file.to_string_lossy().ends_with(ending));
    files.sort();
    Ok(files)
}

/// What went wrong with a file or folder, in one line.
pub(crate) fn at(path: &Path, error: &dyn std::fmt::Display) -> String {
    format!("{}: {error}", path.display())
}
