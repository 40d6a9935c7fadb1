//! Webhooks that are on the disk before they are answered: our receiver, and beside it what people write today, each on one
//! core, with `wrk` on another.

mod backlog;
mod slow;

use std::io::{BufRead as _, BufReader, Read as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::languages::machine;
use crate::step::{self, Outcome, cargo, command, is_there, once, output, root, run, target};

/// Least length of a body in bytes, which is repeated to it; seconds of load; webhooks a second; 99th percentile.
const SIZES: [(usize, u64, f64, Duration); 2] =
    [(0, 8, 20_000.0, Duration::from_millis(25)), (20_000, 8, 4_000.0, Duration::from_millis(60))];
/// Of the sender.
const CONNECTIONS: u32 = 64;
/// How many times the rate of the others.
const TIMES: f64 = 20.0;

/// A receiver that is not ours.
struct Peer {
    name: &'static str,
    command: Vec<PathBuf>,
}

/// What came of one load.
struct Figures {
    rate: f64,
    median: Duration,
    slowest: Duration,
    /// Of the receiver's process, for each that was answered.
    cpu: Duration,
    answered: u64,
    /// Answered otherwise than by 200, or later than after 2 s.
    failed: u64,
}

pub(super) fn run_all() -> Outcome {
    if !is_there("taskset") || !Path::new("/proc/self/stat").exists() {
        println!("\n== webhooks: left out, as it wants Linux with taskset");
        return Ok(());
    }
    machine::package(&["sh", "-c", "command -v wrk"], "wrk")?;
    let receiver = receiver()?;
    let peers = [python()?, node()?];
    println!("\n== webhooks, answered once they are on the disk: 64 connections, one core to receive, one to send");
    for (least, seconds, rate, slowest) in SIZES {
        let ours = measure_ours(&receiver, least, seconds)?;
        let length = least.max(step::read(&webhook())?.len()) as f64 / 1000.0;
        println!("{length:.1} kB");
        let line = |name: &str, figures: &Figures| {
            println!(
                "  {name}: {:.0} a second, half within {:.1} ms, 99 of 100 within {:.1} ms, {:.1} us of CPU each",
                figures.rate,
                millis(figures.median),
                millis(figures.slowest),
                figures.cpu.as_secs_f64() * 1e6,
            );
        };
        line("ours", &ours);
        goal("a second", ours.rate, ours.rate >= rate, &format!("at least {rate:.0}"));
        goal("99 of 100 within, ms", millis(ours.slowest), ours.slowest <= slowest, &format!("at most {slowest:?}"));
        for peer in &peers {
            let theirs = measure_peer(peer, least, seconds)?;
            line(peer.name, &theirs);
            if theirs.failed > 0 {
                println!("    {} not answered 200 within 2 s", theirs.failed);
            }
            let times = ours.rate / theirs.rate;
            goal("times their rate", times, times >= TIMES, &format!("at least {TIMES:.0}"));
        }
    }
    slow::measure(&receiver)?;
    backlog::measure(&receiver)
}

fn goal(what: &str, value: f64, met: bool, goal: &str) {
    println!("    {what}: {value:.1} (goal: {goal}){}", if met { "" } else { " MISSED" });
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

fn webhook() -> PathBuf {
    root().join("tests/vectors/files/detect-webhook.json")
}

fn benches() -> PathBuf {
    root().join("crates/webhooks/benches")
}

fn home() -> PathBuf {
    target().join("peers")
}

/// Our own, built: started by itself, as what cargo starts has another number than cargo.
fn receiver() -> Result<PathBuf, String> {
    println!("\n== building the receiver");
    let build = ["bench", "--locked", "-p", "image-intelligence-webhooks", "--bench", "receiver", "--no-run"];
    let mut cargo = cargo(build);
    let said = output(cargo.arg("--message-format=json-render-diagnostics").stderr(Stdio::inherit()));
    let said = said.ok_or("building the receiver: failed")?;
    let built = said.lines().filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
    let built = built.filter(|line| line["target"]["name"] == "receiver").find_map(|line| {
        let executable = line["executable"].as_str()?;
        Some(PathBuf::from(executable))
    });
    built.ok_or_else(|| "building the receiver: cargo did not say where it is".to_owned())
}

fn python() -> Result<Peer, String> {
    machine::release("python3", (3, 11), "Python 3.11 or newer")?;
    let (venv, pins) = (home().join("venv"), benches().join("peers/requirements.txt"));
    let python = venv.join("bin/python");
    once(&home().join("python-set-up"), &step::read(&pins)?, || {
        machine::package(&["python3", "-c", "import ensurepip, venv"], "python3-venv")?;
        step::empty(&venv)?;
        run("FastAPI: a virtual environment", command("python3").args(["-m", "venv"]).arg(&venv))?;
        let quiet = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--require-hashes", "-r"];
        run("FastAPI: installing it", command(&python).args(quiet).arg(&pins))
    })?;
    Ok(Peer { name: "FastAPI, pydantic, sqlite3", command: vec![python, benches().join("peers/app.py")] })
}

/// Modules are found beside the program, so that it lies beside them.
fn node() -> Result<Peer, String> {
    machine::release("node", (20, 0), "Node.js 20 or newer")?;
    let (folder, peers) = (home().join("node"), benches().join("peers"));
    let files = ["package.json", "package-lock.json"];
    let mut stands_on = Vec::new();
    for file in files {
        stands_on.extend(step::read(&peers.join(file))?);
    }
    once(&home().join("node-set-up"), &stands_on, || {
        step::empty(&folder)?;
        for file in files {
            step::write(&folder.join(file), step::read(&peers.join(file))?)?;
        }
        let mut install = command("npm");
        install.args(["ci", "--no-audit", "--no-fund"]).current_dir(&folder);
        // What is built from source is built against the node that is here; its headers lie beside it.
        let prefix = output(command("node").args(["-p", "process.execPath.replace(/.bin.node$/, '')"]));
        if let Some(prefix) = prefix.filter(|prefix| Path::new(prefix.trim()).join("include/node/node.h").exists()) {
            install.env("npm_config_nodedir", prefix.trim());
        }
        run("Express: installing it", &mut install)
    })?;
    let app = folder.join("app.mjs");
    step::write(&app, step::read(&peers.join("app.mjs"))?)?;
    Ok(Peer { name: "Express, zod, better-sqlite3", command: vec!["node".into(), app] })
}

fn measure_ours(receiver: &Path, least: usize, seconds: u64) -> Result<Figures, String> {
    let mut child = Served::start(pinned(0, &command(receiver)))?;
    let (sent, figures) = child.load(least, seconds)?;
    if figures.failed > 0 {
        return Err(format!("webhooks: {} were not answered 200 within 2 s", figures.failed));
    }
    drop(child.process.stdin.take());
    let mut kept = String::new();
    child.said.read_to_string(&mut kept).map_err(|error| format!("webhooks: {error}"))?;
    let kept: u64 = kept.trim().parse().map_err(|_| format!("webhooks: the receiver ended with `{}`", kept.trim()))?;
    // What is on its way when wrk ends is kept and was not counted.
    if kept < sent {
        return Err(format!("webhooks: {sent} were answered 200 and {kept} are in the inbox"));
    }
    Ok(figures)
}

fn measure_peer(peer: &Peer, least: usize, seconds: u64) -> Result<Figures, String> {
    let data = home().join("data");
    step::empty(&data)?;
    let mut served = command(&peer.command[0]);
    served.args(&peer.command[1..]).arg(data.join("peer.db"));
    let (_, figures) = Served::start(pinned(0, &served))?.load(least, seconds)?;
    Ok(figures)
}

/// The same command, on one core.
fn pinned(core: u32, other: &Command) -> Command {
    let mut pinned = command("taskset");
    pinned.args(["-c", &core.to_string()]).arg(other.get_program()).args(other.get_args());
    pinned
}

/// A receiver that runs; it is ended when this goes.
struct Served {
    process: Child,
    said: BufReader<std::process::ChildStdout>,
    url: String,
}

impl Served {
    fn start(mut command: Command) -> Result<Self, String> {
        let process = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
        let mut process = process.map_err(|error| format!("webhooks: a receiver cannot be started: {error}"))?;
        let stdout = process.stdout.take().ok_or("webhooks: a receiver without an output")?;
        let mut served = Self { process, said: BufReader::new(stdout), url: String::new() };
        served.said.read_line(&mut served.url).map_err(|error| format!("webhooks: {error}"))?;
        served.url.truncate(served.url.trim_end().len());
        if served.url.is_empty() { Err("webhooks: a receiver did not start".to_owned()) } else { Ok(served) }
    }

    /// How many were answered in all, and the figures once it is warm.
    fn load(&self, least: usize, seconds: u64) -> Result<(u64, Figures), String> {
        let warm = self.wrk(least, CONNECTIONS, 1, "warm")?;
        let before = self.cpu()?;
        let mut figures = self.wrk(least, CONNECTIONS, seconds, "load")?;
        let cpu = self.cpu()?.saturating_sub(before);
        figures.cpu = cpu / u32::try_from(figures.answered.max(1)).unwrap_or(u32::MAX);
        Ok((warm.answered + figures.answered, figures))
    }

    fn wrk(&self, least: usize, connections: u32, seconds: u64, name: &str) -> Result<Figures, String> {
        let mut wrk = command("wrk");
        wrk.args(["-t1", "-c", &connections.to_string(), "-d", &format!("{seconds}s"), "-s"])
            .arg(benches().join("load.lua"));
        wrk.args([&self.url, "--"]).arg(webhook()).args([&least.to_string(), name]);
        let said = output(&mut pinned(1, &wrk)).ok_or("webhooks: wrk failed")?;
        let numbers: Vec<u64> =
            said.lines().last().unwrap_or_default().split(' ').filter_map(|number| number.parse().ok()).collect();
        let [requests, micros, median, slowest, failed] = numbers[..] else {
            return Err(format!("webhooks: wrk said `{said}`"));
        };
        Ok(Figures {
            rate: requests as f64 / Duration::from_micros(micros).as_secs_f64(),
            median: Duration::from_micros(median),
            slowest: Duration::from_micros(slowest),
            cpu: Duration::ZERO,
            answered: requests,
            failed,
        })
    }

    /// What the process has used up so far, by the kernel's ticks of 10 ms.
    fn cpu(&self) -> Result<Duration, String> {
        let stat = step::read(Path::new(&format!("/proc/{}/stat", self.process.id())))?;
        let stat = String::from_utf8_lossy(&stat);
        // The name, in brackets, may hold spaces; user and system time are the 12th and 13th after it.
        let after = stat.rsplit_once(')').map_or("", |(_, after)| after);
        let ticks: u64 = after.split_whitespace().skip(11).take(2).filter_map(|ticks| ticks.parse::<u64>().ok()).sum();
        Ok(Duration::from_millis(ticks * 10))
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        // One that has ended already is none to end.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
