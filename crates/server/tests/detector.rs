//! The server's promise: with feature `vision` a real model looks at the pictures.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test says by panicking what is wrong")]

mod support;

use std::sync::Arc;

use image_intelligence_server::{Server, ServerBuilder};
use image_intelligence_vision::NanoDet;
use serde_json::{Value, json};
use support::{image, sent, start};

fn seeing() -> ServerBuilder {
    Server::builder().detector(Arc::new(NanoDet::embedded().unwrap()))
}

fn photo(name: &str) -> Vec<u8> {
    std::fs::read(format!("{}/../../examples/photos/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

fn photos() -> Vec<Value> {
    ["astronaut.jpg", "chelsea.jpg", "coffee.jpg", "rocket.jpg"].map(|name| sent(name, &photo(name))).into()
}

#[tokio::test(flavor = "multi_thread")]
async fn finds_what_is_in_the_four_photos() {
    let (_server, caller) = start(seeing()).await;
    let classes = json!([{"class": "Person"}, {"class": "cat"}]);
    let job = caller.detected(&json!({"images": photos(), "classes": classes, "boundingBox": true})).await;

    assert_eq!(job["status"], "COMPLETED_SUCCESSFULLY");
    let astronaut = &image(&job, "astronaut.jpg")["objects"];
    assert_eq!(astronaut[0]["class"], "Person");
    assert!((astronaut[0]["confidence"].as_f64().unwrap() - 0.73).abs() <= 0.03, "{astronaut}");
    assert_eq!(astronaut[0]["verdict"], true);
    for (edge, expected) in [("xMin", 15.0), ("yMin", 14.0), ("xMax", 363.0), ("yMax", 508.0)] {
        assert!((astronaut[0]["boundingBox"][edge].as_f64().unwrap() - expected).abs() <= 5.0, "{astronaut}");
    }
    assert_eq!(image(&job, "chelsea.jpg")["objects"][0]["class"], "cat");
    assert_eq!(image(&job, "rocket.jpg")["objects"], json!([]));
    assert_eq!(job["jobResults"][0]["image"]["customId"], "astronaut.jpg");
    assert_eq!(job["jobResults"][1]["image"]["customId"], "chelsea.jpg");
}

#[tokio::test(flavor = "multi_thread")]
async fn each_class_has_its_own_exclusion_zones() {
    let (_server, caller) = start(seeing()).await;
    let everywhere = json!({"type": "GRID", "size": 16, "zones": [[1]]});
    let classes = json!([{"class": "person", "exclusionZones": everywhere}, {"class": "cat"}]);
    let job = caller.detected(&json!({"images": photos(), "classes": classes})).await;
    assert_eq!(image(&job, "astronaut.jpg")["objects"], json!([]));
    assert_eq!(image(&job, "chelsea.jpg")["objects"][0]["class"], "cat");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_class_outside_the_model_is_an_error_beside_what_was_found() {
    let (_server, caller) = start(seeing()).await;
    let classes = json!([{"class": "person"}, {"class": "unicorn"}]);
    let job = caller.detected(&json!({"images": photos(), "classes": classes})).await;
    assert_eq!(job["status"], "COMPLETED_ALL_ERROR");
    assert_eq!(image(&job, "rocket.jpg")["status"], "MODEL_SERVICE_ERROR");
    assert_eq!(image(&job, "astronaut.jpg")["status"], "MODEL_SERVICE_ERROR");
    assert_eq!(image(&job, "astronaut.jpg")["objects"][0]["class"], "person");
    assert_eq!(job["jobResults"][1], json!({"class": "unicorn", "hitl": false}));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_whole_picture_is_told_so() {
    let (_server, caller) = start(seeing()).await;
    let astronaut = photo("astronaut.jpg");
    let truncated = &astronaut[..astronaut.len() / 2];
    let images = [
        sent("text.jpg", b"this is a shopping list"),
        sent("truncated.jpg", truncated),
        sent("huge.png", &png_header(30_000, 30_000)),
        sent("astronaut.jpg", &astronaut),
    ];
    let job = caller.detected(&json!({"images": images, "classes": [{"class": "person"}]})).await;
    assert_eq!(job["status"], "COMPLETED_PARTIAL_ERROR");
    for name in ["text.jpg", "truncated.jpg", "huge.png"] {
        assert_eq!(image(&job, name)["status"], "INVALID_IMAGE_FORMAT_ERROR", "{name}");
    }
    assert_eq!(image(&job, "astronaut.jpg")["status"], "COMPLETED_SUCCESSFULLY");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_detector_cannot_answer_is_not_made_up_and_bad_pictures_stay_bad() {
    let (_server, caller) = start(seeing()).await;
    let images = [sent("text.jpg", b"this is a shopping list"), sent("chelsea.jpg", &photo("chelsea.jpg"))];
    let target = json!({"class": "cat", "images": ["https://example.com/cat.jpg"]});
    for (path, list, request) in [
        ("/match", "imageResults", json!({"images": images, "target": target})),
        ("/ask", "imageResults", json!({"images": images, "question": "Is there a cat?"})),
        ("/recognition/recognize/staff", "images", json!({"images": images})),
    ] {
        let job = caller.ran(path, &request).await;
        assert_eq!(job["status"], "COMPLETED_ALL_ERROR", "{path}");
        assert_eq!(job[list][0]["status"], "INVALID_IMAGE_FORMAT_ERROR", "{path}");
        assert_eq!(job[list][1]["status"], "MODEL_SERVICE_ERROR", "{path}");
    }
}

/// The first bytes of a PNG that says how large it is and then ends.
fn png_header(width: u32, height: u32) -> Vec<u8> {
    let mut chunk = b"IHDR".to_vec();
    chunk.extend(width.to_be_bytes());
    chunk.extend(height.to_be_bytes());
    chunk.extend([8, 2, 0, 0, 0]);
    let crc = !chunk.iter().fold(u32::MAX, |crc, &byte| {
        (0..8).fold(crc ^ u32::from(byte), |crc, _| if crc & 1 == 1 { (crc >> 1) ^ 0xEDB8_8320 } else { crc >> 1 })
    });
    let mut png = b"\x89PNG\r\n\x1a\n\0\0\0\x0D".to_vec();
    png.extend(chunk);
    png.extend(crc.to_be_bytes());
    png
}
