//! What is shipped, built as it is shipped: into `target/pack`, with its weight.

use crate::languages::{kotlin, node, python};
use crate::step::{Outcome, target};

/// The languages that something is shipped for.
pub(crate) const LANGUAGES: [&str; 3] = ["python", "node", "kotlin"];

pub(crate) fn run(language: Option<&str>) -> Outcome {
    for each in LANGUAGES.iter().filter(|each| language.is_none_or(|language| language == **each)) {
        match *each {
            "python" => python::pack()?,
            "node" => node::pack()?,
            _ => kotlin::pack()?,
        }
    }
    println!("\n== packed into {}", target().join("pack").display());
    Ok(())
}
