//! The demo's photos, compiled in, and the small web server from which some of them are fetched.

use std::net::{Ipv4Addr, SocketAddr};

use axum::Router;
use axum::http::header::CONTENT_TYPE;
use axum::routing::get;

use crate::failure::Failure;
use crate::pictures::Picture;

/// One of the demo's photos.
pub(crate) struct Photo {
    pub(crate) name: &'static str,
    bytes: &'static [u8],
    by_url: bool,
}

macro_rules! photo {
    ($name:literal, by_url: $by_url:literal) => {
        Photo {
            name: $name,
            bytes: include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/photos/", $name)),
            by_url: $by_url,
        }
    };
}

pub(crate) static ALL: [Photo; 4] = [
    photo!("astronaut.jpg", by_url: false),
    photo!("chelsea.jpg", by_url: true),
    photo!("coffee.jpg", by_url: false),
    photo!("rocket.jpg", by_url: true),
];

impl Photo {
    /// As the demo sends it: its bytes, or its address on the host.
    pub(crate) fn to_picture(&self, host: &Host) -> Picture {
        if self.by_url {
            Picture::Url(format!("http://{}/{}", host.address, self.name))
        } else {
            Picture::Bytes { name: self.name.to_owned(), bytes: self.bytes.to_vec() }
        }
    }
}

/// The web server with the photos; it runs until this is dropped.
pub(crate) struct Host {
    address: SocketAddr,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Host {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Serves the photos on a free port of this machine.
pub(crate) async fn serve() -> Result<Host, Failure> {
    let failed = |error: std::io::Error| Failure::config(format!("no free port on 127.0.0.1: {error}"));
    let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    let router = ALL.iter().fold(Router::new(), |router, photo| {
        router.route(&format!("/{}", photo.name), get(|| async { ([(CONTENT_TYPE, "image/jpeg")], photo.bytes) }))
    });
    let task = tokio::spawn(async move {
        if let Err(error) = axum::serve(listener, router).await {
            tracing::warn!(%error, "the photos are no longer served");
        }
    });
    Ok(Host { address, task })
}
