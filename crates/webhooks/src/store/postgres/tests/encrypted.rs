//! TLS, as strict as the URL says.

use image_intelligence_core::ErrorKind;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};

use super::cluster::{Cluster, client};
use super::open;
use crate::store::Store as _;

#[tokio::test]
async fn a_certificate_is_checked_as_the_mode_says() {
    let cluster = Cluster::start();
    let (authority_key, key) = (KeyPair::generate().unwrap(), KeyPair::generate().unwrap());
    let mut authority = CertificateParams::new(Vec::new()).unwrap();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let root = authority.self_signed(&authority_key).unwrap();
    let issuer = Issuer::new(authority, authority_key);
    let certificate = CertificateParams::new(vec!["localhost".to_owned()]).unwrap().signed_by(&key, &issuer).unwrap();
    cluster.put("server.crt", &certificate.pem());
    cluster.put("server.key", &key.serialize_pem());
    client(&cluster.url("postgres")).await.batch_execute("ALTER SYSTEM SET ssl = on").await.unwrap();
    cluster.crash();

    let roots = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(roots.path(), root.pem()).unwrap();
    let by_number = cluster.url("postgres");
    let by_name = by_number.replace("127.0.0.1", "localhost");
    let roots = format!("sslrootcert={}", roots.path().display());
    let encrypted = async |url: &str, query: &str| {
        let store = open(&format!("{url}?{query}")).await?;
        let rows = store.db.rows("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()", &[]).await.unwrap();
        store.close().await;
        Ok::<bool, image_intelligence_core::Error>(rows[0].get(0))
    };
    for (url, query, wanted) in [
        (&by_number, "sslmode=disable", false),
        (&by_number, "", true),
        (&by_number, "sslmode=require", true),
        (&by_number, &format!("sslmode=require&{roots}"), true),
        (&by_number, &format!("sslmode=verify-ca&{roots}"), true),
        (&by_name, &format!("sslmode=verify-full&{roots}"), true),
    ] {
        assert_eq!(encrypted(url, query).await.unwrap(), wanted, "{query}");
    }
    for (url, query) in [
        // No authority of this machine's has signed it.
        (&by_name, "sslmode=verify-full"),
        (&by_name, "sslmode=verify-ca&sslrootcert=system"),
        // It is of another name.
        (&by_number, &format!("sslmode=verify-full&{roots}")),
        (&by_number, "sslmode=verify-full&sslrootcert=/nowhere.pem"),
    ] {
        let error = encrypted(url, query).await.unwrap_err();
        assert_eq!((error.kind(), error.retryable()), (ErrorKind::Config, false), "{query}: {error}");
    }
}
