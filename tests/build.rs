//! Takes the README's program in Rust out of it, so that a test can run it.

#[path = "src/readme.rs"]
#[allow(dead_code, unreachable_pub, reason = "it is the library's")]
mod readme;

use std::error::Error;
use std::path::Path;

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=../README.md");
    let programs = readme::programs(&std::fs::read_to_string("../README.md")?);
    let rust = programs.iter().find(|program| program.language == "rust").ok_or("the README has no program in Rust")?;
    std::fs::write(Path::new(&std::env::var("OUT_DIR")?).join("rust.rs"), &rust.text)?;
    Ok(())
}
