//! A server that answers as a test wants it, however odd; `ii serve` never would.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use crate::process::ii;

/// What it answers: after a pause, 200 and this document.
pub(crate) struct Answer(pub(crate) Duration, pub(crate) Value);

impl From<Value> for Answer {
    fn from(document: Value) -> Self {
        Self(Duration::ZERO, document)
    }
}

/// Answers `METHOD /path` and the body as the function says, for as long as the tests run. Gives the base URL.
pub(crate) fn scripted(answer: impl Fn(&str, &str) -> Answer + Send + Sync + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let answer = Arc::new(answer);
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let answer = Arc::clone(&answer);
            std::thread::spawn(move || serve(&stream, &*answer));
        }
    });
    format!("http://{address}/v2")
}

/// `ii` at such a server.
pub(crate) fn ii_at(base_url: &str, arguments: &[&str]) -> Command {
    let mut command = ii(arguments);
    command.env("II_BASE_URL", base_url);
    command
}

/// A job of one image result for each of these: which of the pictures sent it is, and what else stands in it. `body` is what
/// was posted, whose stamps it gives back.
pub(crate) fn job(status: &str, body: &str, images: &[(usize, Value)]) -> Value {
    let sent: Value = serde_json::from_str(body).unwrap_or_default();
    let images: Vec<Value> = images
        .iter()
        .map(|(index, image)| {
            let mut image = image.clone();
            image["customId"] = sent["images"][index]["customId"].clone();
            image
        })
        .collect();
    json!({"id": "f9d73f87", "status": status, "customId": sent["customId"], "createdAt": 1_487_648_348_000_u64,
           "jobResults": [], "imageResults": images})
}

fn serve(stream: &TcpStream, answer: &dyn Fn(&str, &str) -> Answer) {
    let mut lines = BufReader::new(stream);
    let (mut first, mut length) = (String::new(), 0);
    if lines.read_line(&mut first).is_err() {
        return;
    }
    loop {
        let mut line = String::new();
        if lines.read_line(&mut line).unwrap_or(0) <= 2 {
            break;
        }
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
    }
    let mut body = vec![0; length];
    if lines.read_exact(&mut body).is_err() {
        return;
    }
    let request = first.trim_end().trim_end_matches(" HTTP/1.1").replace("/v2", "");
    let Answer(pause, document) = if request.contains("oauth") {
        json!({"accessToken": "known-to-the-test", "tokenType": "bearer", "expiresIn": 86400, "scope": "detect:create detect:read"})
            .into()
    } else {
        answer(&request, &String::from_utf8_lossy(&body))
    };
    std::thread::sleep(pause);
    let text = document.to_string();
    let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\n";
    let mut stream = stream;
    let _ = write!(stream, "{head}content-length: {}\r\n\r\n{text}", text.len());
}
