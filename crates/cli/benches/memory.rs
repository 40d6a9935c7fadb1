//! Resident memory of `ii serve`: at rest, after 1,000 jobs, and after 1,000 more.
//!
//! `cargo xtask bench memory`. Each job is one photo of 60 KB, sent along and really looked at, eight jobs at a time. Linux
//! only: it reads /proc.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout, missing_docs)]

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::Instant;

use image_intelligence::{Client, Image};

const JOBS: usize = 1000;
const AT_ONCE: usize = 8;
const GOAL_MB: f64 = 120.0;

struct Served(Child);

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn resident_mb(process: &Served) -> f64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", process.0.id())).expect("Linux's /proc");
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<f64>().unwrap() / 1024.0
}

async fn run_jobs(client: &Client, photo: &'static [u8]) {
    let workers = (0..AT_ONCE).map(|_| {
        let client = client.clone();
        tokio::spawn(async move {
            for _ in 0..JOBS / AT_ONCE {
                let job = client.detect([Image::bytes(photo)]).class("person").send().await.unwrap();
                let done = job.wait().await.unwrap();
                assert_eq!(done.found("person").len(), 1);
            }
        })
    });
    for worker in workers.collect::<Vec<_>>() {
        worker.await.unwrap();
    }
}

fn main() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_ii"))
        .args(["serve", "--port", "0", "--json"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut ready = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut ready).unwrap();
    let served = Served(child);
    let ready: serde_json::Value = serde_json::from_str(&ready).unwrap();
    let mut poll = image_intelligence::PollPolicy::default();
    poll.shortest = std::time::Duration::from_millis(100);
    let client = Client::builder()
        .base_url(ready["baseUrl"].as_str().unwrap())
        .credentials("local", "local")
        .poll(poll)
        .build()
        .unwrap();
    let photo: &'static [u8] = include_bytes!("../../../examples/photos/astronaut.jpg");

    println!("ii serve, resident memory (goal: at most {GOAL_MB} MB, and level):");
    println!("  at rest               {:>6.1} MB", resident_mb(&served));
    let runtime = tokio::runtime::Runtime::new().unwrap();
    for round in 1..=3 {
        let began = Instant::now();
        runtime.block_on(run_jobs(&client, photo));
        let (resident, took) = (resident_mb(&served), began.elapsed().as_secs_f64());
        println!("  after {:>5} jobs      {resident:>6.1} MB   ({took:.0} s)", round * JOBS);
    }
}
