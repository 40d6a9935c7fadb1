//! Suites that stand across crates.

/// The programs of the README must compile as they stand there.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
pub struct Readme;
