//! Webhooks from end to end, over real connections: the server delivers, with every fault that it knows, and what must hold
//! holds.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod faults;
mod oracle;
mod waiting;
mod world;
