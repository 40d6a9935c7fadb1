//! What is shipped, built as it is shipped: into `target/pack`, with its weight.

use crate::languages::{kotlin, node, python};
use crate::step::{Outcome, target};

pub(crate) fn run_all() -> Outcome {
    python::pack()?;
    node::pack()?;
    kotlin::pack()?;
    println!("\n== packed into {}", target().join("pack").display());
    Ok(())
}
