//! Core's fuzz targets: built by nightly Rust into a folder of their own, each run for a while on what is checked in, on the
//! cases of the shared tables, and on what earlier runs on this machine have found.

mod seeds;

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;

use crate::step::{Outcome, at, cargo, command, empty, files, is_there, output, read, run, target, tool, write};

/// The release of cargo-fuzz that builds them.
const CARGO_FUZZ: &str = "0.13.2";
const FOLDER: &str = "crates/core/fuzz";
pub(crate) const MANIFEST: &str = "crates/core/fuzz/Cargo.toml";
const TARGETS: [&str; 6] = ["webhook", "check", "signature", "callback", "resume", "retry_after"];
const SECONDS: u64 = 60;
/// How many run side by side; each keeps a core busy.
const AT_ONCE: usize = 2;
/// No input is longer: what there is to find has shorter forms, and long ones are slow.
const LONGEST: &str = "-max_len=4096";

/// As part of a whole test: left out, with a word, where it cannot be done here.
pub(crate) fn run_if_there() -> Outcome {
    match Fuzzer::find() {
        Ok(fuzzer) => fuzzer.build()?.run(&TARGETS, SECONDS),
        Err(missing) => {
            println!("\n== fuzzing of core: skipped, {missing}");
            Ok(())
        }
    }
}

/// As `cargo xtask fuzz` is called.
pub(crate) fn run_with(options: &[&str]) -> Outcome {
    let (targets, mut options) = match options {
        [target, rest @ ..] if !target.starts_with('-') => match TARGETS.iter().find(|known| *known == target) {
            Some(known) => (vec![*known], rest),
            None => return Err(format!("there is no fuzz target {target}; there are {}", TARGETS.join(", "))),
        },
        all => (TARGETS.to_vec(), all),
    };
    let (mut seconds, mut keep) = (SECONDS, false);
    while let [option, rest @ ..] = options {
        options = match (*option, rest) {
            ("--keep", rest) => {
                keep = true;
                rest
            }
            ("--seconds", [number, rest @ ..]) => {
                seconds = number.parse().map_err(|_| format!("--seconds wants a number, and not {number}"))?;
                rest
            }
            ("--input", [input]) if targets.len() == 1 => {
                let fuzzer = Fuzzer::find()?.build()?;
                return run(&format!("{} with {input}", targets[0]), fuzzer.binary(targets[0]).arg(input));
            }
            _ => return Err("fuzz takes [TARGET] [--seconds N] [--keep], or TARGET --input FILE".to_owned()),
        };
    }
    let fuzzer = Fuzzer::find()?.build()?;
    fuzzer.run(&targets, seconds)?;
    if keep { targets.iter().try_for_each(|target| fuzzer.keep(target)) } else { Ok(()) }
}

/// Where fuzz builds, found inputs and crashes go: a folder that no other build locks.
fn folder() -> PathBuf {
    target().join("fuzz")
}

/// The inputs that are checked in.
fn checked_in(target: &str) -> PathBuf {
    crate::step::root().join(FOLDER).join("corpus").join(target)
}

/// What this machine has for fuzzing.
struct Fuzzer {
    host: String,
    /// The C++ compiler to build with, where CXX names none.
    cpp: Option<&'static str>,
}

impl Fuzzer {
    /// Fails with what is missing and how to get it.
    fn find() -> Result<Self, String> {
        let version = output(command("rustup").args(["run", "nightly", "rustc", "--version", "--verbose"]));
        let host = version.as_deref().and_then(|version| version.lines().find_map(|line| line.strip_prefix("host: ")));
        let Some(host) = host else {
            return Err("nightly Rust is not installed (rustup toolchain install nightly --profile minimal)".to_owned());
        };
        let cpp = ["c++", "g++", "clang++"].into_iter().find(|name| is_there(name));
        if cpp.is_none() && std::env::var_os("CXX").is_none() {
            return Err("libFuzzer needs a C++ compiler, and there is none (install g++ or clang)".to_owned());
        }
        let cpp = cpp.filter(|_| std::env::var_os("CXX").is_none());
        Ok(Self { host: host.to_owned(), cpp })
    }

    fn build(self) -> Result<Self, String> {
        // cargo-fuzz knows no --locked: it would write a stale lock file anew.
        let fetch = ["fetch", "--locked", "--target", &self.host, "--manifest-path", MANIFEST];
        run("fuzz: what it stands on", &mut cargo(fetch))?;
        let tool = tool("cargo-fuzz", CARGO_FUZZ)?;
        let mut build = command("rustup");
        build.args(["run", "nightly"]).arg(tool).args(["fuzz", "build", "--fuzz-dir", FOLDER, "--target-dir"]);
        build.arg(folder()).env("CARGO_TARGET_DIR", folder());
        // cargo-fuzz would take the cargo that runs this task, which is not nightly's.
        build.env_remove("CARGO");
        if let Some(cpp) = self.cpp {
            build.env("CXX", cpp);
        }
        run("fuzz: building the targets", &mut build)?;
        Ok(self)
    }

    fn binary(&self, target: &str) -> Command {
        let mut binary = command(folder().join(&self.host).join("release").join(target));
        // Safe Rust does not leak by accident, and looking for leaks is forbidden in many a container.
        binary.env("ASAN_OPTIONS", "detect_leaks=0:detect_odr_violation=0");
        binary
    }

    /// Runs the targets, some at once, and tells of each how it went.
    fn run(&self, targets: &[&str], seconds: u64) -> Outcome {
        println!("\n== fuzz: {seconds} s each of {}", targets.join(", "));
        let dictionary = folder().join("json.dict");
        write(&dictionary, seeds::dictionary())?;
        let waiting = Mutex::new(targets.iter());
        let next = || waiting.lock().ok()?.next();
        let problems = Mutex::new(Vec::new());
        std::thread::scope(|scope| {
            for _ in 0..AT_ONCE.min(targets.len()) {
                scope.spawn(|| {
                    while let Some(target) = next() {
                        match self.one(target, seconds, &dictionary) {
                            Ok(figures) => println!("== fuzz {target}: {figures}"),
                            Err(problem) => {
                                println!("== fuzz {target}: failed");
                                problems.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push(problem);
                            }
                        }
                    }
                });
            }
        });
        let problems = problems.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
        if problems.is_empty() { Ok(()) } else { Err(problems.join("\n")) }
    }

    /// Runs one target; the answer is how much it did. Nothing is written where git would see it.
    fn one(&self, target: &str, seconds: u64, dictionary: &Path) -> Result<String, String> {
        let found = folder().join("corpus").join(target);
        seeds::write(target, &found)?;
        let crashes = folder().join("crashes").join(target);
        std::fs::create_dir_all(&crashes).map_err(|error| at(&crashes, &error))?;
        let log = folder().join(format!("{target}.log"));
        let output = File::create(&log).map_err(|error| at(&log, &error))?;
        // libFuzzer writes to the first folder only; the second is not there for a target that is new.
        let mut fuzz = self.binary(target);
        fuzz.arg(&found)
            .args(Some(checked_in(target)).filter(|folder| folder.is_dir()))
            .arg(format!("-max_total_time={seconds}"));
        fuzz.arg(format!("-artifact_prefix={}/", crashes.display())).arg(format!("-dict={}", dictionary.display()));
        fuzz.args(["-print_final_stats=1", "-timeout=10", LONGEST]).stderr(output);
        let status = fuzz.status().map_err(|error| format!("fuzz {target}: {error}"))?;
        let told = String::from_utf8_lossy(&read(&log)?).into_owned();
        if status.success() {
            let figure = |name: &str| told.lines().find_map(|line| line.strip_prefix(name)).map_or("?", str::trim);
            let (runs, speed) = (figure("stat::number_of_executed_units:"), figure("stat::average_exec_per_sec:"));
            return Ok(format!("{runs} executions, {speed} a second"));
        }
        let why =
            told.lines().skip_while(|line| !line.contains("panicked at")).take(4).collect::<Vec<_>>().join("\n  ");
        let input = told.lines().find_map(|line| line.split_once("Test unit written to ").map(|(_, input)| input));
        Err(match input {
            Some(input) => format!("{input} fails\n  {why}\n  again: cargo xtask fuzz {target} --input {input}"),
            None => format!("fuzz {target}: {status}, see {}", log.display()),
        })
    }

    /// Makes the fewest inputs that reach the code that all reach the checked-in ones. How often each reaches it does not
    /// count: that would be ten times the files.
    fn keep(&self, target: &str) -> Outcome {
        let fewest = folder().join("fewest").join(target);
        empty(&fewest)?;
        let checked_in = checked_in(target);
        std::fs::create_dir_all(&checked_in).map_err(|error| at(&checked_in, &error))?;
        let mut merge = self.binary(target);
        merge
            .args(["-set_cover_merge=1", "-use_counters=0", LONGEST])
            .arg(&fewest)
            .arg(&checked_in)
            .arg(folder().join("corpus").join(target));
        let log = folder().join(format!("{target}-merge.log"));
        merge.stderr(File::create(&log).map_err(|error| at(&log, &error))?);
        run(&format!("fuzz: the fewest inputs of {target}"), &mut merge)?;
        empty(&checked_in)?;
        let inputs = files(&fewest, "")?;
        for input in &inputs {
            let name = input.file_name().unwrap_or_default();
            write(&checked_in.join(name), read(input)?)?;
        }
        println!("== fuzz {target}: {} inputs", inputs.len());
        Ok(())
    }
}
