//! A client with a receiver of webhooks: its waits take whichever comes first, and a job whose webhook comes in time is never
//! asked for. On a paused clock, against a service in the same process.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs, unreachable_pub)]

#[path = "../all/inside.rs"]
mod inside;
mod receiver;
#[path = "../scripted/mod.rs"]
mod scripted;
mod service;
mod submits;
mod waits;
