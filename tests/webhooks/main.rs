//! Webhooks from end to end, over real connections: the server delivers, with every fault that it knows, and what must hold
//! holds.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

#[path = "../../crates/webhooks/src/store/postgres/tests/cluster.rs"]
#[allow(dead_code, unreachable_pub, reason = "the crate's own tests use more of it")]
mod cluster;
#[cfg(target_os = "linux")]
mod disk;
mod faults;
mod oracle;
mod postgres;
#[path = "../../crates/webhooks/src/receiver/tests/sender.rs"]
#[allow(dead_code, reason = "the crate's own tests use more of it")]
mod sender;
mod trust;
mod waiting;
mod world;
