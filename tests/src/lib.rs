//! Suites that stand across crates, and what they share with `cargo xtask`, which hands it on to each language's tests.

pub mod parity;
pub mod readme;

/// The programs of the README must compile as they stand there.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
pub struct Readme;
