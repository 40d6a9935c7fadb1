//! TLS to the database, as `sslmode` and `sslrootcert` of its URL ask for it.

use std::sync::Arc;

use image_intelligence_core::{Error, ErrorKind, Result};
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use tokio_postgres_rustls::MakeRustlsConnect;

/// What of the server's certificate is checked; the modes are those of Postgres's own programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Check {
    /// Nothing, as `prefer` and `require` ask for: against who only listens, not against who stands in the middle.
    Nothing,
    /// That an authority we trust has signed it, as `verify-ca` asks for.
    Authority,
    /// That too, and the name in it, as `verify-full` asks for.
    Name,
}

/// Makes TLS of that strictness. `roots` is a PEM file; where there is none, or it is `system`, the machine's own count.
pub(super) fn connector(check: Check, roots: Option<&str>) -> Result<MakeRustlsConnect> {
    let refuse = |problem: String| Error::new(ErrorKind::Config, format!("TLS to Postgres: {problem}"));
    // Given here and not as the process's default: an application may have chosen another.
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let inner = if check == Check::Nothing {
        None
    } else {
        let trusted = Arc::new(trusted(roots)?);
        let verifier = WebPkiServerVerifier::builder_with_provider(trusted, Arc::clone(&provider)).build();
        Some(verifier.map_err(|error| refuse(error.to_string()))?)
    };
    let verifier = Verifier { check, inner, provider: Arc::clone(&provider) };
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| refuse(error.to_string()))?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_no_client_auth();
    Ok(MakeRustlsConnect::new(config))
}

fn trusted(roots: Option<&str>) -> Result<RootCertStore> {
    let mut trusted = RootCertStore::empty();
    let Some(file) = roots.filter(|file| *file != "system") else {
        trusted.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        return Ok(trusted);
    };
    let refuse = |problem: String| Error::new(ErrorKind::Config, format!("sslrootcert {file}: {problem}"));
    let pem = std::fs::read(file).map_err(|error| refuse(error.to_string()))?;
    for certificate in CertificateDer::pem_slice_iter(&pem) {
        let certificate = certificate.map_err(|error| refuse(format!("not PEM ({error})")))?;
        trusted.add(certificate).map_err(|error| refuse(error.to_string()))?;
    }
    if trusted.is_empty() {
        return Err(refuse("no -----BEGIN CERTIFICATE----- in it; is it PEM?".to_owned()));
    }
    Ok(trusted)
}

#[derive(Debug)]
struct Verifier {
    check: Check,
    /// `None` where nothing is checked.
    inner: Option<Arc<WebPkiServerVerifier>>,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end: &CertificateDer<'_>,
        between: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let Some(inner) = &self.inner else { return Ok(ServerCertVerified::assertion()) };
        match inner.verify_server_cert(end, between, name, ocsp, now) {
            // The name is looked at last: whoever comes so far has a certificate of an authority we trust.
            Err(rustls::Error::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            )) if self.check == Check::Authority => Ok(ServerCertVerified::assertion()),
            verdict => verdict,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let known = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, certificate, signature, known)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let known = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, certificate, signature, known)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
