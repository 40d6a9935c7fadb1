//! Suites that stand across crates.
