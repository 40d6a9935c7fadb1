//! Any number of pictures: in which order they are read and given, what goes wrong with one, and what is never sent.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod border;
mod cut;
mod halves;
mod inside;
mod jobs;
mod killed;
mod manifest;
mod random;
mod random_cuts;
mod results;
#[path = "../scripted/mod.rs"]
mod scripted;
mod settle;
mod soak;
