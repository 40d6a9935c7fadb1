//! TLS by rustls and ring, and HTTP/2, with a certificate made on the spot.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod scripted;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response, Version};
use hyper_util::rt::{TokioExecutor, TokioIo};
use image_intelligence::{Client, Detect, ErrorKind, RetryPolicy};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;

/// A server that speaks HTTP/2 over TLS; gives its address and certificate, and counts its requests over HTTP/2.
async fn start(count: Arc<AtomicUsize>) -> (String, String) {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let key = PrivateKeyDer::Pkcs8(made.signing_key.serialize_der().into());
    let provider = Arc::new(tokio_rustls::rustls::crypto::ring::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .unwrap();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let (acceptor, count) = (acceptor.clone(), Arc::clone(&count));
            tokio::spawn(async move {
                let Ok(stream) = acceptor.accept(stream).await else { return };
                let service = service_fn(move |request: Request<Incoming>| {
                    assert_eq!(request.version(), Version::HTTP_2);
                    count.fetch_add(1, Ordering::SeqCst);
                    let body = if request.uri().path() == "/v2/oauth/token" {
                        r#"{"accessToken":"a-token-of-tls"}"#.to_owned()
                    } else {
                        scripted::job("1", "IN_PROGRESS")
                    };
                    async move { Ok::<_, std::convert::Infallible>(Response::new(Full::new(Bytes::from(body)))) }
                });
                let _ = hyper::server::conn::http2::Builder::new(TokioExecutor::new())
                    .serve_connection(TokioIo::new(stream), service)
                    .await;
            });
        }
    });
    (format!("https://localhost:{port}/v2"), made.cert.pem())
}

#[tokio::test]
async fn http2_over_tls_with_a_certificate_of_ones_own() {
    let count = Arc::new(AtomicUsize::new(0));
    let (base_url, certificate) = start(Arc::clone(&count)).await;
    let client = Client::builder()
        .base_url(&base_url)
        .credentials("me", scripted::SECRET)
        .add_root_certificate(certificate)
        .build()
        .unwrap();
    assert_eq!(client.jobs::<Detect>().get("1").await.unwrap().id, "1");
    assert_eq!(count.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn a_stranger_s_certificate_is_refused_and_nothing_is_sent() {
    let count = Arc::new(AtomicUsize::new(0));
    let (base_url, _) = start(Arc::clone(&count)).await;
    let client = Client::builder()
        .base_url(&base_url)
        .credentials("me", scripted::SECRET)
        .retry(RetryPolicy::never())
        .build()
        .unwrap();
    let error = client.jobs::<Detect>().get("1").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Connection);
    assert!(error.message().to_lowercase().contains("certificate"), "{error}");
    assert_eq!(count.load(Ordering::SeqCst), 0);
}

#[test]
fn a_certificate_that_is_none_is_refused() {
    let build = |pem: &str| {
        Client::builder().credentials("me", scripted::SECRET).add_root_certificate(pem).build().unwrap_err()
    };
    assert!(build("hello").message().contains("BEGIN CERTIFICATE"));
    let broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    assert_eq!(build(broken).kind(), ErrorKind::Config);
}
