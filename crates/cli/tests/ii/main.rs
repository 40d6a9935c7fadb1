//! The command line's promises, kept by the real binary against real `ii serve` processes, with the real detector.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test says by panicking what is wrong")]

mod annotate;
mod ask;
mod demo;
mod detect;
mod doctor;
mod failing;
mod faults;
mod feedback;
#[cfg(unix)]
mod inbox;
mod jobs;
mod kinds;
mod listen;
mod lost;
mod manual;
mod many;
mod numbered;
mod odd;
mod process;
mod receiver;
mod recognition;
mod resume;
mod scripted;
mod secrets;
mod serve;
mod stopping;
mod trigger;
