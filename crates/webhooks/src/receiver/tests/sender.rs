//! A sender that may be as rude as it likes: it writes bytes and reads an answer.

use std::fmt::Write as _;
use std::net::SocketAddr;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// What was answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    /// Name and value of each header but the date.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Reply {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_str())
    }

    /// Whether it is the one that means: kept.
    pub(crate) fn is_ok(&self) -> bool {
        (self.status, self.body.as_str()) == (200, "ok")
    }
}

pub(crate) struct Sender {
    pub(crate) stream: TcpStream,
    read: Vec<u8>,
}

impl Sender {
    pub(crate) async fn to(address: SocketAddr) -> Self {
        Self { stream: TcpStream::connect(address).await.unwrap(), read: Vec::new() }
    }

    pub(crate) async fn write(&mut self, bytes: impl AsRef<[u8]>) {
        self.stream.write_all(bytes.as_ref()).await.unwrap();
    }

    /// The next answer; `None` where the connection ends without one.
    pub(crate) async fn reply(&mut self) -> Option<Reply> {
        let head = loop {
            if let Some(at) = self.read.windows(4).position(|four| four == b"\r\n\r\n") {
                break self.read.drain(..at + 4).collect::<Vec<u8>>();
            }
            self.more().await?;
        };
        let head = String::from_utf8(head).unwrap();
        let mut lines = head.lines();
        let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
        let headers: Vec<(String, String)> = lines
            .filter_map(|line| line.split_once(": "))
            .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
            .filter(|(name, _)| name != "date")
            .collect();
        let length =
            headers.iter().find(|(name, _)| name == "content-length").map_or(0, |(_, value)| value.parse().unwrap());
        while self.read.len() < length {
            self.more().await?;
        }
        let body = String::from_utf8(self.read.drain(..length).collect()).unwrap();
        Some(Reply { status, headers, body })
    }

    async fn more(&mut self) -> Option<()> {
        let mut buffer = [0; 4096];
        match self.stream.read(&mut buffer).await {
            Ok(0) | Err(_) => None,
            Ok(read) => {
                self.read.extend_from_slice(&buffer[..read]);
                Some(())
            }
        }
    }

    /// Resolves once the other side has closed.
    pub(crate) async fn closed(mut self) {
        while self.more().await.is_some() {}
    }
}

/// A request of HTTP/1.1 with that body.
pub(crate) fn request(method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Vec<u8> {
    let mut bytes = format!("{method} {path} HTTP/1.1\r\nhost: x\r\ncontent-length: {}\r\n", body.len());
    for (name, value) in headers {
        let _ = write!(bytes, "{name}: {value}\r\n");
    }
    [bytes.as_bytes(), b"\r\n", body].concat()
}

/// Sends a request on a connection of its own, and gives the answer.
pub(crate) async fn send(
    address: SocketAddr,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> Reply {
    let mut sender = Sender::to(address).await;
    sender.write(request(method, path, headers, body)).await;
    sender.reply().await.unwrap()
}

/// As [`send`], with POST and no headers of note.
pub(crate) async fn post(address: SocketAddr, path: &str, body: &[u8]) -> Reply {
    send(address, "POST", path, &[], body).await
}
