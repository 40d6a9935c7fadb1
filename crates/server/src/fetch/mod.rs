//! Fetching pictures from URLs that somebody else chose.

mod policy;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use image_intelligence_core::{Error, ErrorKind};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use url::{Host, Url};

pub(crate) use policy::{AddressPolicy, Refused};

/// How this server calls itself wherever it calls.
pub(crate) const USER_AGENT: &str = concat!("image-intelligence-server/", env!("CARGO_PKG_VERSION"));

const CONNECT: Duration = Duration::from_secs(5);
/// The longest silence in the middle of a download.
const SILENCE: Duration = Duration::from_secs(10);
const WHOLE: Duration = Duration::from_secs(30);

/// Fetches pictures: no redirects, no proxy, no address that the policy refuses, no more bytes than allowed.
pub(crate) struct Fetcher {
    client: reqwest::Client,
    policy: AddressPolicy,
    most_bytes: usize,
}

impl Fetcher {
    pub(crate) fn new(policy: AddressPolicy, most_bytes: usize) -> Result<Self, Error> {
        let settle = |builder: reqwest::ClientBuilder| builder.read_timeout(SILENCE).timeout(WHOLE);
        Ok(Self { client: build_client("fetching of pictures", policy, settle)?, policy, most_bytes })
    }

    /// The bytes behind a URL, or why there are none: a line for the log, without the URL.
    pub(crate) async fn fetch(&self, url: &str) -> Result<Bytes, String> {
        let url = Url::parse(url).map_err(|error| format!("not a URL: {error}"))?;
        // A literal address is never looked up, so the resolver would not see it.
        match url.host() {
            Some(Host::Ipv4(address)) => self.policy.check(address.into()),
            Some(Host::Ipv6(address)) => self.policy.check(address.into()),
            Some(Host::Domain(_)) => Ok(()),
            None => return Err("no host in the URL".into()),
        }
        .map_err(|refused| refused.to_string())?;
        let mut response = self.client.get(url).send().await.map_err(reason)?;
        let status = response.status();
        if status.is_redirection() {
            return Err(format!("HTTP status {}: redirects are not followed", status.as_u16()));
        }
        if !status.is_success() {
            return Err(format!("HTTP status {}", status.as_u16()));
        }
        let too_large = || format!("too large: more than {} bytes", self.most_bytes);
        if response.content_length().is_some_and(|length| length > self.most_bytes as u64) {
            return Err(too_large());
        }
        let mut bytes = BytesMut::new();
        while let Some(chunk) = response.chunk().await.map_err(reason)? {
            if bytes.len() + chunk.len() > self.most_bytes {
                return Err(too_large());
            }
            bytes.extend_from_slice(&chunk);
        }
        Ok(bytes.freeze())
    }
}

/// A client for URLs that somebody else chose; `settle` sets what differs between purposes.
pub(crate) fn build_client(
    purpose: &str,
    policy: AddressPolicy,
    settle: impl FnOnce(reqwest::ClientBuilder) -> reqwest::ClientBuilder,
) -> Result<reqwest::Client, Error> {
    let failed = |problem: String| Error::new(ErrorKind::Config, format!("{purpose}: {problem}"));
    let builder = reqwest::Client::builder()
        .tls_backend_preconfigured(tls().map_err(|error| failed(error.to_string()))?)
        .dns_resolver(Arc::new(CheckedNames(policy)))
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .connect_timeout(CONNECT)
        .user_agent(USER_AGENT);
    settle(builder).build().map_err(|error| failed(error.to_string()))
}

/// Why a request failed, in the words of its deepest causes; never the URL, which may carry a signature.
pub(crate) fn reason(error: reqwest::Error) -> String {
    if error.is_timeout() {
        return "time-out".into();
    }
    let error = error.without_url();
    let mut reason = error.to_string();
    let mut cause = std::error::Error::source(&error);
    while let Some(inner) = cause {
        let text = inner.to_string();
        if !reason.contains(&text) {
            reason = format!("{reason}: {text}");
        }
        cause = inner.source();
    }
    reason
}

pub(crate) fn tls() -> Result<rustls::ClientConfig, rustls::Error> {
    let roots: rustls::RootCertStore = webpki_roots::TLS_SERVER_ROOTS.iter().cloned().collect();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}

/// Looks a name up once and hands on only what was checked, so that no second look-up can answer otherwise.
struct CheckedNames(AddressPolicy);

impl Resolve for CheckedNames {
    fn resolve(&self, name: Name) -> Resolving {
        let policy = self.0;
        Box::pin(async move {
            let found = checked_addresses(policy, name.as_str(), 0).await?;
            Ok(Box::new(found.into_iter()) as Addrs)
        })
    }
}

/// Looks a name up, and refuses it where one of its addresses is refused: with a [`Refused`].
pub(crate) async fn checked_addresses(
    policy: AddressPolicy,
    name: &str,
    port: u16,
) -> Result<Vec<SocketAddr>, Box<dyn std::error::Error + Send + Sync>> {
    let found: Vec<SocketAddr> = tokio::net::lookup_host((name, port)).await?.collect();
    for address in &found {
        policy.check(address.ip())?;
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_name_is_checked_by_what_it_leads_to() {
        let resolve = async |bind: &str| {
            let policy = AddressPolicy::new(bind.parse().unwrap(), false);
            let found = CheckedNames(policy).resolve("localhost".parse().unwrap()).await;
            found.map(Iterator::count).map_err(|error| error.to_string())
        };
        assert!(resolve("127.0.0.1:0").await.unwrap() > 0);
        assert!(resolve("0.0.0.0:0").await.unwrap_err().contains("is loopback"));
    }

    #[tokio::test]
    async fn the_reason_names_the_address_and_not_the_url() {
        let policy = AddressPolicy::new("0.0.0.0:0".parse().unwrap(), false);
        let fetcher = Fetcher::new(policy, 1000).unwrap();
        let reason = fetcher.fetch("http://localhost:1/secret?sig=secret").await.unwrap_err();
        assert!(reason.contains("is loopback") && !reason.contains("secret"), "{reason}");
        let reason = fetcher.fetch("http://[::1]:1/secret").await.unwrap_err();
        assert_eq!(reason, "refused address: ::1 is loopback");
    }
}
