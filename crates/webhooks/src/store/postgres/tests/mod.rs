//! Against a real Postgres.

mod cluster;
mod opening;
mod sharing;
