//! TLS with a host: whether its certificate will do, and for how long.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use image_intelligence::ErrorKind;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::doctor::report::Check;
use crate::tls;

const NAME: &str = "tls";
const DAY: u64 = 24 * 60 * 60;
/// So many days before its end a certificate should have a successor.
const SOON: u64 = 14;
/// Later than any certificate can end: their years have four digits.
const FAR: Duration = Duration::from_secs(10_000 * 366 * DAY);

/// Shakes hands, and says what was seen.
pub(crate) async fn look(stream: TcpStream, host: &str, roots: RootCertStore) -> Check {
    let failed = |message: String| Check::failed(NAME, ErrorKind::Connection, message);
    let Ok(name) = ServerName::try_from(host.to_owned()) else {
        return failed(format!("\"{host}\" is no name that a certificate can have"));
    };
    let (config, seen) = match observed(roots) {
        Ok(made) => made,
        Err(error) => return failed(format!("TLS cannot be set up: {error}")),
    };
    let outcome = TlsConnector::from(Arc::new(config)).connect(name, stream).await;
    let seen = seen.lock().unwrap_or_else(PoisonError::into_inner).clone();
    match outcome {
        Err(error) => refused(&error, host, &seen),
        Ok(stream) => {
            let (_, session) = stream.get_ref();
            let version = match session.protocol_version() {
                Some(rustls::ProtocolVersion::TLSv1_2) => "TLS 1.2",
                _ => "TLS 1.3",
            };
            agreed(version, &seen)
        }
    }
}

fn agreed(version: &str, seen: &Seen) -> Check {
    let Some(days) = seen.days_left() else { return Check::ok(NAME, version).with("version", version) };
    let message = format!("{version}; the certificate is good for {}", counted(days));
    let check = if days < SOON {
        Check::warning(NAME, message, "whoever runs the host must renew it; from its last day on nothing connects")
    } else {
        Check::ok(NAME, message)
    };
    check.with("version", version).with("daysLeft", days)
}

fn refused(error: &std::io::Error, host: &str, seen: &Seen) -> Check {
    let failed = |message: String, next: &str| Check::failed(NAME, ErrorKind::Connection, message).next(next);
    let Some(tls) = error.get_ref().and_then(|inner| inner.downcast_ref::<Error>()) else {
        return failed(format!("the connection broke: {error}"), "is TLS spoken there? http:// may be meant");
    };
    match tls {
        Error::InvalidCertificate(problem) => certificate(problem, host, seen),
        Error::InvalidMessage(_) => {
            failed(format!("no TLS is spoken there ({tls})"), "is the port right? http:// may be meant")
        }
        other => failed(other.to_string(), "a proxy or an old server may stand in between"),
    }
}

fn certificate(problem: &CertificateError, host: &str, seen: &Seen) -> Check {
    let failed = |message: String, next: &str| Check::failed(NAME, ErrorKind::Connection, message).next(next);
    match problem {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            let since = seen.days_past().map(|days| format!(", {} ago", counted(days))).unwrap_or_default();
            failed(
                format!("the certificate of {host} has expired{since}"),
                "whoever runs the host must renew it; if this machine's clock is ahead, set it right",
            )
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => failed(
            format!("the certificate of {host} is not valid yet"),
            "is this machine's clock behind? set it right",
        ),
        CertificateError::UnknownIssuer => failed(
            format!("the certificate of {host} comes from nobody whom `ii` trusts"),
            "it signed itself, its chain is incomplete, or a company's proxy opens TLS; \
             in a program, add_root_certificate trusts one authority more",
        ),
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => failed(
            format!("the certificate is of another host, not of {host}"),
            "is the name right? does a proxy answer in its place?",
        ),
        other => {
            failed(format!("the certificate of {host} will not do: {other}"), "whoever runs the host must mend it")
        }
    }
}

fn counted(days: u64) -> String {
    match days {
        0 => "less than a day".to_owned(),
        1 => "1 day".to_owned(),
        days => format!("{days} days"),
    }
}

/// What the certificate says of itself, whoever signed it.
#[derive(Debug, Default, Clone)]
struct Seen {
    now: u64,
    /// Until when it is good, in seconds since 1970.
    until: Option<u64>,
}

impl Seen {
    fn days_left(&self) -> Option<u64> {
        Some(self.until?.checked_sub(self.now)? / DAY)
    }

    fn days_past(&self) -> Option<u64> {
        Some(self.now.checked_sub(self.until?)? / DAY)
    }
}

/// Judges as the client does, and takes down until when the certificate is good.
#[derive(Debug)]
struct Observer {
    judge: Arc<WebPkiServerVerifier>,
    seen: Arc<Mutex<Seen>>,
}

fn observed(roots: RootCertStore) -> Result<(ClientConfig, Arc<Mutex<Seen>>), String> {
    let judge = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), tls::provider());
    let judge = judge.build().map_err(|error| error.to_string())?;
    let seen = Arc::<Mutex<Seen>>::default();
    let observer = Arc::new(Observer { judge, seen: Arc::clone(&seen) });
    let config = ClientConfig::builder_with_provider(tls::provider())
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?
        .dangerous()
        .with_custom_certificate_verifier(observer)
        .with_no_client_auth();
    Ok((config, seen))
}

impl ServerCertVerifier for Observer {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        chain: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        // A certificate that is judged as of a day long after its end is refused with that very end.
        let late = UnixTime::since_unix_epoch(Duration::from_secs(now.as_secs()).saturating_add(FAR));
        let end = match self.judge.verify_server_cert(certificate, chain, name, ocsp, late) {
            Err(Error::InvalidCertificate(CertificateError::ExpiredContext { not_after, .. })) => {
                Some(not_after.as_secs())
            }
            _ => None,
        };
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = Seen { now: now.as_secs(), until: end };
        self.judge.verify_server_cert(certificate, chain, name, ocsp, now)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.judge.verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.judge.verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.judge.supported_verify_schemes()
    }
}

#[cfg(test)]
mod tests;
