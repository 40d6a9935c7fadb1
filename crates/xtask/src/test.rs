//! Every test there is.

use crate::lint;
use crate::step::{Outcome, cargo, run};

pub(crate) fn run_rust() -> Outcome {
    run("Rust: tests and documented examples", &mut cargo(["test", "--workspace", "--all-features", "--locked"]))?;
    // With every feature on, a crate that forgot to ask for one would pass all the same.
    for (title, arguments) in [
        ("core alone", &["check", "--locked", "-p", "image-intelligence-core"][..]),
        (
            "client with no root certificates",
            &["check", "--locked", "-p", "image-intelligence", "--no-default-features"],
        ),
        (
            "vision without its model",
            &["check", "--locked", "-p", "image-intelligence-vision", "--no-default-features"],
        ),
        ("server without vision", &["check", "--locked", "-p", "image-intelligence-server"]),
    ] {
        run(&format!("Rust: {title}"), &mut cargo(arguments))?;
    }
    Ok(())
}

pub(crate) fn run_all(full: bool) -> Outcome {
    run_rust()?;
    if full {
        lint::run_all()?;
        run("the demo, as a newcomer runs it", &mut cargo(["run", "--release", "--locked", "--", "demo"]))?;
    }
    println!("\n== everything passed");
    Ok(())
}
