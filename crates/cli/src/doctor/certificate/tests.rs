//! Certificates made on the spot, each with something to be said of it.

use std::time::{SystemTime, UNIX_EPOCH};

use rcgen::{CertificateParams, KeyPair, date_time_ymd};
use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use super::*;

/// From how many days before now until how many after it.
struct Life(i64, i64);

/// What is said of a host that is asked for by this name, with a certificate for `localhost`.
async fn seen(life: Life, name: &str, trusted: bool) -> Value {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    // An hour more, so that the day is the same at the end of the test.
    let at = |days: i64| {
        let seconds = now.checked_add_signed(days * DAY.cast_signed()).unwrap() + 3600;
        date_time_ymd(1970, 1, 1) + Duration::from_secs(seconds)
    };
    let key = KeyPair::generate().unwrap();
    let mut made = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    (made.not_before, made.not_after) = (at(-life.0), at(life.1));
    let certificate = made.self_signed(&key).unwrap().der().clone();
    let mut roots = tls::roots();
    if trusted {
        roots.add(certificate.clone()).unwrap();
    }
    let config = ServerConfig::builder_with_provider(tls::provider())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], PrivateKeyDer::try_from(key.serialize_der()).unwrap())
        .unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        // Whether the other side goes on is what the test is about.
        let _ = TlsAcceptor::from(Arc::new(config)).accept(stream).await;
    });
    let check = look(TcpStream::connect(address).await.unwrap(), name, roots).await;
    server.await.unwrap();
    serde_json::to_value(&check).unwrap()
}

#[tokio::test]
async fn a_good_one_says_for_how_long() {
    let check = seen(Life(1, 90), "localhost", true).await;
    assert_eq!(
        (&check["status"], &check["daysLeft"], &check["version"]),
        (&"ok".into(), &90.into(), &"TLS 1.3".into())
    );
    let check = seen(Life(1, 3), "localhost", true).await;
    assert_eq!((&check["status"], &check["daysLeft"]), (&"warning".into(), &3.into()), "{check}");
    assert!(check["next"].as_str().unwrap().contains("renew"), "{check}");
}

#[tokio::test]
async fn each_fault_is_told_by_its_name() {
    for (life, name, trusted, part) in [
        (Life(30, -8), "localhost", true, "has expired, 7 days ago"),
        (Life(30, -8), "localhost", false, "has expired, 7 days ago"),
        (Life(-2, 90), "localhost", true, "is not valid yet"),
        (Life(1, 90), "api.example.com", true, "is of another host, not of api.example.com"),
        (Life(1, 90), "localhost", false, "comes from nobody whom `ii` trusts"),
    ] {
        let check = seen(life, name, trusted).await;
        assert_eq!((&check["status"], &check["kind"]), (&"failed".into(), &"connection".into()), "{check}");
        assert!(check["message"].as_str().unwrap().contains(part), "{part}: {check}");
        assert!(check["next"].is_string(), "{check}");
    }
}

#[tokio::test]
async fn what_speaks_no_tls_is_told() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = tokio::spawn(async move {
        use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
        let (mut stream, _) = listener.accept().await.unwrap();
        let _ = stream.read(&mut [0; 4096]).await;
        let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
    });
    let check = look(TcpStream::connect(address).await.unwrap(), "localhost", tls::roots()).await;
    server.await.unwrap();
    assert!(check.is_failed() && check.message.contains("no TLS is spoken there"), "{check:?}");
}
