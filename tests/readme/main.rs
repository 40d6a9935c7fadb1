//! The README's program in Rust, run as it stands there, against the API with the real detector; and a look at whether each
//! other language has its program there too, for its own tests to run.

mod program {
    include!(concat!(env!("OUT_DIR"), "/rust.rs"));

    pub(super) fn run() -> Result<()> {
        main()
    }
}

use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use image_intelligence_server::Server;
use image_intelligence_tests::readme;
use image_intelligence_vision::NanoDet;

/// Run by the test below, in a process of its own: it reads its settings from the environment.
#[test]
#[ignore = "needs a server"]
fn the_program() {
    program::run().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn it_finds_the_person() {
    let detector = Arc::new(NanoDet::embedded().unwrap());
    let server = Server::builder().detector(detector).start().await.unwrap();
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args(["the_program", "--exact", "--ignored", "--nocapture"])
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(".."))
        .env("II_BASE_URL", server.base_url())
        .env("II_CLIENT_ID", "local")
        .env("II_CLIENT_SECRET", "local");
    let said = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    let (out, err) = (String::from_utf8_lossy(&said.stdout), String::from_utf8_lossy(&said.stderr));
    assert!(said.status.success(), "{out}{err}");
    let line = out.lines().find(|line| line.contains("astronaut.jpg")).unwrap_or_else(|| panic!("{out}{err}"));
    let (_, confidence) = line.rsplit_once(' ').unwrap();
    let confidence: f64 = confidence.parse().unwrap();
    assert!((confidence - 0.73).abs() <= 0.03, "{out}");
    server.shutdown().await;
}

#[test]
fn every_language_has_its_program() {
    let programs = readme::programs(include_str!("../../README.md"));
    for language in ["rust", "python", "node", "kotlin", "swift"] {
        assert!(programs.iter().any(|program| program.language == language), "the README has no program in {language}");
    }
}
