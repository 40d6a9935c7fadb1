//! A server for the figures of Python and Node: one thread, one token, and the same job of 1.9 KB to every GET.
//!
//! `cargo build --release -p image-intelligence --example bench_server`. It prints its port, and ends when its stdin does.
#![allow(clippy::unwrap_used, clippy::print_stdout, missing_docs)]

use std::convert::Infallible;
use std::io::Read as _;

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;

const JOB: &[u8] = include_bytes!("../../../tests/vectors/files/detect-webhook.json");
const TOKEN: &[u8] = br#"{"accessToken":"a-token-for-a-bench"}"#;

fn answer(request: &Request<Incoming>) -> Response<Full<Bytes>> {
    let body = match (request.method(), request.uri().path()) {
        (&Method::POST, "/v2/oauth/token") => TOKEN,
        (&Method::GET, path) if path.starts_with("/v2/detect/") => JOB,
        _ => b"{}",
    };
    let mut answer = Response::new(Full::new(Bytes::from_static(body)));
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    if body == b"{}" {
        *answer.status_mut() = StatusCode::NOT_FOUND;
    }
    answer
}

fn main() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        println!("{}", listener.local_addr().unwrap().port());
        std::thread::spawn(|| {
            let _ = std::io::stdin().read_to_end(&mut Vec::new());
            std::process::exit(0);
        });
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            stream.set_nodelay(true).unwrap();
            tokio::spawn(async move {
                let service =
                    service_fn(|request: Request<Incoming>| async move { Ok::<_, Infallible>(answer(&request)) });
                // A client that hangs up is no news here.
                let _ =
                    hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
            });
        }
    });
}
