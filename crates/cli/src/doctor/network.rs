//! The way to a host: its addresses, a connection to one of them, and a tunnel where a proxy stands in between.

use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use image_intelligence::ErrorKind;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::delivery::seconds;
use crate::doctor::report::Check;
use crate::doctor::settings::Proxy;

/// How many addresses are named.
const NAMED: usize = 4;
/// No head of a proxy's answer is longer, in bytes.
const MOST_HEAD: usize = 8 * 1024;

/// A host and its port.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    pub(crate) host: String,
    pub(crate) port: u16,
}

impl Place {
    /// Where a URL leads.
    pub(crate) fn of(url: &url::Url) -> Option<Self> {
        let host = url.host_str()?.trim_start_matches('[').trim_end_matches(']').to_owned();
        Some(Self { host, port: url.port_or_known_default()? })
    }
}

/// The addresses of a host, each once.
pub(crate) async fn addresses(place: &Place, limit: Duration) -> Result<Vec<SocketAddr>, (ErrorKind, String)> {
    let Place { host, port } = place;
    match timeout(limit, tokio::net::lookup_host((host.as_str(), *port))).await {
        Err(_) => Err((ErrorKind::RequestTimeout, format!("{host}: no answer within {}", seconds(limit)))),
        Ok(Err(error)) => Err((ErrorKind::Connection, format!("{host} has no address ({error})"))),
        Ok(Ok(found)) => {
            let mut addresses: Vec<SocketAddr> = Vec::new();
            for address in found {
                if !addresses.contains(&address) {
                    addresses.push(address);
                }
            }
            if addresses.is_empty() {
                return Err((ErrorKind::Connection, format!("{host} has no address")));
            }
            Ok(addresses)
        }
    }
}

/// Looks a host's name up.
pub(crate) async fn dns(place: &Place, proxied: bool, limit: Duration) -> (Check, Vec<SocketAddr>) {
    const NAME: &str = "dns";
    let began = Instant::now();
    let host = &place.host;
    let whose = if proxied { "the proxy " } else { "" };
    match addresses(place, limit).await {
        Err((kind, message)) => {
            let next = "is the name right? does this machine have a network, and a name server that answers?";
            (Check::failed(NAME, kind, format!("{whose}{message}")).next(next), Vec::new())
        }
        Ok(addresses) => {
            let texts: Vec<_> = addresses.iter().map(|address| address.ip().to_string()).collect();
            let message = if host.parse::<IpAddr>().is_ok() {
                format!("{whose}{host} is an address, and needs none")
            } else {
                let more =
                    if texts.len() > NAMED { format!(" and {} more", texts.len() - NAMED) } else { String::new() };
                let named = texts.iter().take(NAMED).map(String::as_str).collect::<Vec<_>>().join(", ");
                format!("{whose}{host} is {named}{more} ({})", seconds(began.elapsed()))
            };
            (Check::ok(NAME, message).with("addresses", texts), addresses)
        }
    }
}

/// Connects to the first address that answers. All of them share the time.
pub(crate) async fn tcp(addresses: &[SocketAddr], limit: Duration) -> (Check, Option<TcpStream>) {
    const NAME: &str = "connection";
    let share = limit / u32::try_from(addresses.len().max(1)).unwrap_or(u32::MAX);
    let mut silent = Vec::new();
    for address in addresses {
        let began = Instant::now();
        let problem = match timeout(share, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => {
                let message = format!("{address} answers ({})", seconds(began.elapsed()));
                let check = if silent.is_empty() {
                    Check::ok(NAME, message)
                } else {
                    let next = "requests that try those first take longer; is IPv6, or a route, set up by halves?";
                    Check::warning(NAME, format!("{message}, but before that: {}", silent.join("; ")), next)
                };
                return (check.with("address", address.to_string()), Some(stream));
            }
            Ok(Err(error)) => (ErrorKind::Connection, error.to_string()),
            Err(_) => (ErrorKind::RequestTimeout, format!("no answer within {}", seconds(share))),
        };
        silent.push(format!("{address}: {}", problem.1));
    }
    let here = addresses.iter().all(|address| address.ip().is_loopback());
    let next = if here {
        "is a server running there? `ii serve` starts one"
    } else {
        "does a firewall stand in between, or has this machine to go through a proxy (HTTPS_PROXY)?"
    };
    (Check::failed(NAME, ErrorKind::Connection, silent.join("; ")).next(next), None)
}

/// Asks the proxy for a tunnel, as for every request by https.
pub(crate) async fn tunnel(mut stream: TcpStream, proxy: &Proxy, place: &Place) -> Result<TcpStream, String> {
    let host = if place.host.contains(':') { format!("[{}]", place.host) } else { place.host.clone() };
    let to = format!("{host}:{}", place.port);
    let mut head = format!("CONNECT {to} HTTP/1.1\r\nHost: {to}\r\n").into_bytes();
    if let Some(authorization) = &proxy.authorization {
        head.extend_from_slice(b"Proxy-Authorization: ");
        head.extend_from_slice(authorization.as_bytes());
        head.extend_from_slice(b"\r\n");
    }
    head.extend_from_slice(b"\r\n");
    stream.write_all(&head).await.map_err(|error| error.to_string())?;
    let mut answer = Vec::new();
    // Byte by byte: what follows the head belongs to the host behind.
    while !answer.ends_with(b"\r\n\r\n") {
        if answer.len() == MOST_HEAD {
            return Err("it answers without an end".to_owned());
        }
        let byte = stream.read_u8().await.map_err(|_| "it hung up".to_owned())?;
        answer.push(byte);
    }
    let first = answer.split(|&byte| byte == b'\r').next().unwrap_or_default();
    let first = String::from_utf8_lossy(first).into_owned();
    match first.split(' ').nth(1) {
        Some(status) if status.starts_with('2') => Ok(stream),
        Some("407") => Err("it wants a user name and password, or others (407)".to_owned()),
        _ => Err(format!("it says \"{}\"", first.chars().take(100).collect::<String>())),
    }
}
