//! The server's promise: a picture is fetched from where its URL says, and from nowhere that the URL must not reach.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test says by panicking what is wrong")]

mod support;

use std::net::SocketAddr;

use image_intelligence_server::{Answer, AskedPicture, Found, Server, ServerBuilder};
use serde_json::{Value, json};
use support::{for_person, http, image, start};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n and so on";

/// A server of pictures: each path has its own way of answering.
async fn pictures() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            tokio::spawn(async move {
                let mut head = vec![0; 4096];
                let read = stream.read(&mut head).await.unwrap();
                let head = String::from_utf8_lossy(&head[..read]).into_owned();
                assert!(!head.to_lowercase().contains("authorization"), "{head}");
                let path = head.split(' ').nth(1).unwrap_or_default();
                let ok =
                    |length: usize| format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n");
                let _ = match path {
                    "/good.png" => stream.write_all(&[ok(PNG.len()).as_bytes(), PNG].concat()).await,
                    "/text.png" => stream.write_all(format!("{}hello", ok(5)).as_bytes()).await,
                    "/moved" => {
                        let moved = "HTTP/1.1 302 Found\r\nlocation: /good.png\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
                        stream.write_all(moved.as_bytes()).await
                    }
                    "/large" => stream.write_all(ok(2000).as_bytes()).await,
                    "/endless" => {
                        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n").await;
                        stream.write_all(&[b'x'; 5000]).await
                    }
                    "/half" => stream.write_all(format!("{}half", ok(100)).as_bytes()).await,
                    _ => {
                        stream
                            .write_all(b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
                            .await
                    }
                };
            });
        }
    });
    address
}

/// Finds a person in whatever bytes come, so that a download that failed is told from a look that failed.
fn looking() -> ServerBuilder {
    Server::builder().max_picture(1000).scripted(|picture: &AskedPicture<'_>| {
        let found = Answer::found([Found::new("person", picture.bytes?.len() as f64 / 1000.0)]);
        Some(found)
    })
}

fn url(url: impl Into<String>, name: &str) -> Value {
    json!({"url": url.into(), "customId": name})
}

#[tokio::test]
async fn a_picture_is_fetched_looked_at_and_kept() {
    let pictures = pictures().await;
    let (_server, caller) = start(looking()).await;
    let images = [
        url(format!("http://{pictures}/good.png"), "address"),
        url(format!("http://localhost:{}/good.png", pictures.port()), "name"),
        url(format!("http://{pictures}/text.png"), "text"),
    ];
    let job = caller.detected(&for_person(&images)).await;
    for name in ["address", "name"] {
        assert_eq!(image(&job, name)["objects"][0]["confidence"], PNG.len() as f64 / 1000.0, "{job}");
        let kept = http().get(image(&job, name)["proxyUrl"].as_str().unwrap()).send().await.unwrap();
        assert_eq!(kept.headers()["content-type"], "image/png");
        assert_eq!(kept.bytes().await.unwrap(), PNG);
    }
    assert_eq!(image(&job, "text")["objects"][0]["confidence"], 0.005);
    let text = http().get(image(&job, "text")["proxyUrl"].as_str().unwrap()).send().await.unwrap();
    assert_eq!(text.status(), 404, "what is no picture is not handed on");
}

#[tokio::test]
async fn what_cannot_be_fetched_ends_with_a_download_error() {
    let pictures = pictures().await;
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let (_server, caller) = start(looking()).await;
    let mut images: Vec<Value> = ["moved", "missing", "large", "endless", "half"]
        .iter()
        .map(|path| url(format!("http://{pictures}/{path}"), path))
        .collect();
    images.push(url(format!("http://{closed}/"), "closed"));
    images.push(url("http://no-such-name.invalid/", "unknown"));
    images.push(url(format!("http://{pictures}/good.png"), "good"));
    let job = caller.detected(&for_person(&images)).await;
    assert_eq!(job["status"], "COMPLETED_PARTIAL_ERROR");
    for result in job["imageResults"].as_array().unwrap() {
        let expected = if result["customId"] == "good" { "COMPLETED_SUCCESSFULLY" } else { "IMAGE_DOWNLOAD_ERROR" };
        assert_eq!(result["status"], expected, "{result}");
    }
}

#[tokio::test]
async fn no_address_of_the_inside_is_ever_called() {
    let (_server, caller) = start(looking()).await;
    let targets = [
        "http://169.254.169.254/latest/meta-data/",
        "http://[fe80::1]/",
        "http://10.0.0.1/",
        "http://192.168.1.1:8080/",
        "http://172.16.0.1/",
        "http://100.64.0.1/",
        "http://0.0.0.0/",
        "http://[::ffff:169.254.169.254]/",
        "http://[fd00::1]/",
        "http://2852039166/",
        "http://0xA9.0xFE.0xA9.0xFE/",
        "http://224.0.0.1/",
    ];
    let images: Vec<Value> = targets.iter().map(|target| url(*target, target)).collect();
    let began = std::time::Instant::now();
    let job = caller.detected(&for_person(&images)).await;
    assert_eq!(job["status"], "COMPLETED_ALL_ERROR");
    for result in job["imageResults"].as_array().unwrap() {
        assert_eq!(result["status"], "IMAGE_DOWNLOAD_ERROR", "{result}");
    }
    assert!(began.elapsed() < std::time::Duration::from_secs(4), "refused at once, not after a connect timed out");
}

#[tokio::test]
async fn a_script_that_knows_the_name_spares_the_download() {
    let script = |picture: &AskedPicture<'_>| picture.url.map(|_| Answer::found([Found::new("person", 0.9)]));
    let (_server, caller) = start(Server::builder().scripted(script)).await;
    let job = caller.detected(&for_person(&[url("https://example.com/nowhere.jpg", "a")])).await;
    assert_eq!(job["status"], "COMPLETED_SUCCESSFULLY");
}
