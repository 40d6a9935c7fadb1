//! Whom the client trusts: rustls with ring, HTTP/2 where the server speaks it.

use std::sync::Arc;

use image_intelligence_core::{Error, ErrorKind, Result};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};

pub(crate) fn config(extra_roots_pem: &[Vec<u8>]) -> Result<ClientConfig> {
    let mut roots = RootCertStore::empty();
    #[cfg(feature = "webpki-roots")]
    roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    #[cfg(feature = "native-roots")]
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);

    for pem in extra_roots_pem {
        let refuse = |problem: String| Error::new(ErrorKind::Config, format!("root certificate: {problem}"));
        let mut found = false;
        for certificate in CertificateDer::pem_slice_iter(pem) {
            let certificate = certificate.map_err(|error| refuse(format!("not PEM ({error})")))?;
            roots.add(certificate).map_err(|error| refuse(error.to_string()))?;
            found = true;
        }
        if !found {
            return Err(refuse("no -----BEGIN CERTIFICATE----- in it; is it PEM?".to_owned()));
        }
    }

    // Given here and not as the process's default: an application may have chosen another.
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| Error::new(ErrorKind::Config, format!("TLS: {error}")))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}
