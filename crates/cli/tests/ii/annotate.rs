//! `ii detect --annotate`: copies with boxes, where they belong, and inputs untouched.

use image::{ImageReader, RgbImage};

use crate::process::{Server, photo, photo_host};

fn pixels(path: impl AsRef<std::path::Path>) -> RgbImage {
    ImageReader::open(path).unwrap().with_guessed_format().unwrap().decode().unwrap().into_rgb8()
}

fn differs(a: &RgbImage, b: &RgbImage, x: u32, y: u32) -> bool {
    // JPEG moves every pixel a little.
    a.get_pixel(x, y).0.iter().zip(b.get_pixel(x, y).0).any(|(a, b)| a.abs_diff(b) > 60)
}

#[test]
fn boxes_are_drawn_on_copies() {
    let server = Server::start();
    let directory = tempfile::tempdir().unwrap();
    let input = directory.path().join("astronaut.jpg");
    std::fs::copy(photo("astronaut.jpg"), &input).unwrap();
    let before = std::fs::read(&input).unwrap();
    let url = format!("{}/cat.jpg", photo_host("chelsea.jpg"));
    let out = directory.path().to_str().unwrap();
    let said = server.run(&[
        "detect",
        input.to_str().unwrap(),
        &url,
        &photo("rocket.jpg"),
        "--class",
        "person",
        "--class",
        "cat",
        "--annotate",
        out,
        "--json",
    ]);
    let document = said.json();
    assert!(document["imageResults"][0]["annotated"].as_str().unwrap().ends_with("astronaut.boxes.jpg"));
    assert_eq!(said.err, "");
    assert_eq!(std::fs::read(&input).unwrap(), before, "the input is as it was");

    let (original, drawn) = (pixels(&input), pixels(directory.path().join("astronaut.boxes.jpg")));
    assert_eq!(original.dimensions(), drawn.dimensions());
    // The left and the right edge of [15, 14, 363, 508], and well inside and outside of it.
    assert!((200..400).all(|y| differs(&original, &drawn, 15, y)));
    let right_edge = (361..365).any(|x| (420..500).all(|y| differs(&original, &drawn, x, y)));
    assert!(right_edge);
    assert!((100..400).all(|y| !differs(&original, &drawn, 200, y)));
    assert!((100..400).all(|y| !differs(&original, &drawn, 440, y)));

    let (original, drawn) = (pixels(photo("chelsea.jpg")), pixels(directory.path().join("cat.boxes.jpg")));
    assert!((100..250).filter(|&y| differs(&original, &drawn, 3, y)).count() > 100, "a URL's picture has its box");
    assert!(directory.path().join("rocket.boxes.jpg").exists(), "nothing found, a copy all the same");
    let names = std::fs::read_dir(directory.path()).unwrap().count();
    assert_eq!(names, 4, "nothing half-written is left");
}

#[test]
fn a_directory_that_cannot_be_written_to_costs_no_job() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("taken");
    std::fs::write(&file, "").unwrap();
    let mut command = crate::process::ii(&[
        "detect",
        &photo("astronaut.jpg"),
        "--class",
        "person",
        "--json",
        "--annotate",
        file.to_str().unwrap(),
    ]);
    // Nobody answers there; it must not come so far.
    command.env("II_BASE_URL", "http://127.0.0.1:9/v2");
    let error = crate::process::run(command).error(2);
    assert_eq!(error["kind"], "config");
    assert!(error["message"].as_str().unwrap().contains("is a file; --annotate takes a directory"), "{error}");
}

#[cfg(unix)]
#[test]
fn a_disk_that_fails_is_said_after_the_result() {
    let server = Server::with(&["--progression", "time=2"]);
    let directory = tempfile::tempdir().unwrap();
    let out = directory.path().join("out");
    let arguments = ["detect", &photo("rocket.jpg"), "--class", "person", "-v", "--annotate", out.to_str().unwrap()];
    let mut running = crate::process::Running::start(server.ii(&arguments));
    running.until_it_says("submitted");
    // A file takes its place while the job is under way.
    std::fs::remove_dir(&out).unwrap();
    std::fs::write(&out, "").unwrap();
    let result = std::io::read_to_string(running.child.stdout.take().unwrap()).unwrap();
    let (status, err) = running.end();
    assert_eq!(status.code(), Some(2), "{err}");
    assert!(result.ends_with("rocket.jpg\t-\t-\n") && err.contains("cannot be written"), "{result}{err}");
}

#[test]
fn copies_are_neither_replaced_nor_looked_at() {
    let server = Server::start();
    let directory = tempfile::tempdir().unwrap();
    std::fs::copy(photo("rocket.jpg"), directory.path().join("a.jpg")).unwrap();
    let path = directory.path().to_str().unwrap();
    for copy in ["a.boxes.jpg", "a-2.boxes.jpg"] {
        let said = server.run(&["detect", path, "--class", "person", "--annotate", path]);
        assert_eq!((said.code, said.out.lines().count()), (Some(0), 1), "{said:#?}");
        assert!(directory.path().join(copy).exists(), "{copy}");
    }
}
