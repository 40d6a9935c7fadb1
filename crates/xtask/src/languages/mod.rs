//! The other languages: what each needs on a machine, how its package is made from a library that one Cargo call of its own
//! has built, and how it is tested from that package.

pub(crate) mod artefact;
mod hand_over;
pub(crate) mod kotlin;
pub(crate) mod machine;
pub(crate) mod node;
pub(crate) mod python;
pub(crate) mod swift;

pub(crate) use hand_over::HandOver;
