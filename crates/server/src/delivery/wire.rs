//! A POST written by hand, for what no well-behaved client does: a body in pieces, a connection closed half way.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsConnector;
use url::{Host, Position, Url};

use super::sender::{Failed, Message, Sender};
use crate::faults::{Spoilt, When};
use crate::fetch::{Refused, USER_AGENT, checked_addresses, tls};

/// In how many pieces a slow body comes.
const PIECES: u32 = 10;
/// The most of an answer that is read for its status.
const MOST_OF_HEAD: usize = 16 << 10;

impl Sender {
    /// Posts once, on a connection of its own, as badly as it is told to.
    pub(super) async fn post_by_hand(&self, url: &str, message: &Message, spoilt: &Spoilt) -> Result<u16, Failed> {
        let url = self.checked(url)?;
        let posted = timeout(self.timeout, async {
            let stream = self.connect(&url).await?;
            if url.scheme() == "https" {
                let stream = secured(stream, &url).await.map_err(|error| Failed::Now(error.to_string()))?;
                return exchange(stream, &url, message, spoilt).await;
            }
            exchange(stream, &url, message, spoilt).await
        });
        posted.await.unwrap_or_else(|_| Err(self.late()))
    }

    async fn connect(&self, url: &Url) -> Result<TcpStream, Failed> {
        let port = url.port_or_known_default().unwrap_or(80);
        let connected = match url.host() {
            Some(Host::Ipv4(address)) => TcpStream::connect((address, port)).await,
            Some(Host::Ipv6(address)) => TcpStream::connect((address, port)).await,
            Some(Host::Domain(name)) => {
                let found = checked_addresses(self.policy, name, port).await.map_err(|error| {
                    match error.downcast_ref::<Refused>() {
                        Some(refused) => Failed::ForGood(refused.to_string()),
                        None => Failed::Now(error.to_string()),
                    }
                })?;
                TcpStream::connect(&*found).await
            }
            None => return Err(Failed::ForGood("no host in the URL".into())),
        };
        connected.map_err(|error| Failed::Now(format!("cannot connect: {error}")))
    }
}

async fn secured(stream: TcpStream, url: &Url) -> io::Result<tokio_rustls::client::TlsStream<TcpStream>> {
    let mut config = tls().map_err(io::Error::other)?;
    config.alpn_protocols.clear();
    let name = url.host_str().unwrap_or_default().trim_matches(['[', ']']).to_owned();
    let name = ServerName::try_from(name).map_err(io::Error::other)?;
    TlsConnector::from(Arc::new(config)).connect(name, stream).await
}

async fn exchange<S>(mut stream: S, url: &Url, message: &Message, spoilt: &Spoilt) -> Result<u16, Failed>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let written = write(&mut stream, url, message, spoilt).await;
    let closed = |when: &str| Failed::Now(format!("the connection was closed {when}, on purpose"));
    let broke = |error: io::Error| Failed::Now(format!("the connection broke: {error}"));
    match spoilt.cut {
        Some(_) if written.is_err() => {}
        Some(When::Before) => return Err(closed("half way through the body")),
        Some(When::After) => return Err(closed("before the answer")),
        None => {}
    }
    // Who does not want the rest may have answered already.
    let status = status(&mut stream).await;
    written.map_err(broke).or_else(|failed| if status.is_ok() { Ok(()) } else { Err(failed) })?;
    status.map_err(broke)
}

async fn write<S>(stream: &mut S, url: &Url, message: &Message, spoilt: &Spoilt) -> io::Result<()>
where
    S: AsyncWrite + Unpin,
{
    let (path, host) =
        (&url[Position::BeforePath..Position::AfterQuery], &url[Position::BeforeHost..Position::AfterPort]);
    let signature = message.signature.as_ref().map(|signature| format!("x-niro-signature: {signature}\r\n"));
    let head = format!(
        "POST {path} HTTP/1.1\r\nhost: {host}\r\nuser-agent: {USER_AGENT}\r\naccept: */*\r\n\
         content-type: application/json\r\n{}content-length: {}\r\n\r\n",
        signature.unwrap_or_default(),
        message.body.len(),
    );
    stream.write_all(head.as_bytes()).await?;
    stream.flush().await?;
    let body =
        if spoilt.cut == Some(When::Before) { &message.body[..message.body.len() / 2] } else { &message.body[..] };
    let pieces = if spoilt.slow > Duration::ZERO { PIECES } else { 1 };
    for piece in body.chunks(body.len().div_ceil(pieces as usize).max(1)) {
        sleep(spoilt.slow / pieces).await;
        stream.write_all(piece).await?;
        stream.flush().await?;
    }
    Ok(())
}

/// The status of an answer; what comes before it, and is none, is passed over.
async fn status<S: AsyncRead + Unpin>(stream: &mut S) -> io::Result<u16> {
    let (mut head, mut from) = (Vec::new(), 0);
    while head.len() < MOST_OF_HEAD {
        while let Some(end) = head[from..].windows(4).position(|four| four == b"\r\n\r\n") {
            let line = head[from..].strip_prefix(b"HTTP/1.").and_then(|line| line.get(2..5));
            let status = line.and_then(|digits| std::str::from_utf8(digits).ok()?.parse::<u16>().ok());
            match status {
                Some(100..=199) => from += end + 4,
                Some(status) => return Ok(status),
                None => return Err(io::Error::other("the answer is not HTTP/1")),
            }
        }
        if stream.read_buf(&mut head).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
    Err(io::Error::other("the answer's head is too large"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_status_is_that_of_the_answer() {
        let read = async |answer: &str| status(&mut answer.as_bytes()).await.ok();
        assert_eq!(read("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await, Some(200));
        assert_eq!(read("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.0 503 Busy\r\n\r\nbody").await, Some(503));
        for broken in ["", "HTTP/1.1 200 OK\r\n", "HTTP/2 200\r\n\r\n", "nonsense\r\n\r\n", "HTTP/1.1 2x0\r\n\r\n"] {
            assert_eq!(read(broken).await, None, "{broken}");
        }
        assert_eq!(read(&format!("HTTP/1.1 200 OK\r\nx: {}\r\n\r\n", "x".repeat(20_000))).await, None);
    }
}
