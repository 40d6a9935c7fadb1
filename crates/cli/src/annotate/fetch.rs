//! Getting back a picture that was sent as a URL: from where the server keeps it, and only from this very server.

use std::sync::Arc;
use std::time::Duration;

use image_intelligence::BaseUrl;
use reqwest::Url;

/// The largest picture that is fetched; the drawing takes no larger one either.
const MOST: usize = 32 << 20;

/// Fetches stored pictures, without the token: it is nobody's business but the API's.
pub(crate) struct Fetcher {
    base: BaseUrl,
    client: Option<reqwest::Client>,
}

impl Fetcher {
    pub(crate) fn new(base: BaseUrl) -> Self {
        Self { base, client: None }
    }

    /// The stored picture, or why there is none.
    pub(crate) async fn fetch(&mut self, proxy_url: Option<&str>) -> Result<Vec<u8>, String> {
        let Some(proxy_url) = proxy_url else {
            return Err("the server does not say where it keeps the picture".into());
        };
        let url = Url::parse(proxy_url).map_err(|_| "the server's proxyUrl is no URL".to_owned())?;
        if !self.may_fetch(&url) {
            let host = url.host_str().unwrap_or_default().to_owned();
            return Err(format!(
                "the server keeps the picture on another host ({host}); send it as a file to have it drawn on"
            ));
        }
        if self.client.is_none() {
            self.client = Some(client(&self.base)?);
        }
        let Some(client) = &self.client else { return Err("there is no HTTP client".into()) };
        let failed = |error: reqwest::Error| format!("it cannot be fetched from the server: {}", error.without_url());
        let mut answer = client.get(url).send().await.and_then(reqwest::Response::error_for_status).map_err(failed)?;
        let mut bytes = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(failed)? {
            bytes.extend_from_slice(&chunk);
            if bytes.len() > MOST {
                return Err("it is larger than 32 MiB".into());
            }
        }
        Ok(bytes)
    }

    /// The base URL's own origin; and from a server on this machine, anything on this machine. A server elsewhere must
    /// not make us call addresses of its choice.
    fn may_fetch(&self, url: &Url) -> bool {
        let Ok(base) = Url::parse(&self.base.to_string()) else { return false };
        let there = BaseUrl::parse(&url.origin().ascii_serialization());
        base.origin() == url.origin() || (self.base.is_loopback() && there.is_ok_and(|there| there.is_loopback()))
    }
}

fn client(base: &BaseUrl) -> Result<reqwest::Client, String> {
    let mut roots = rustls::RootCertStore::empty();
    roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    let tls = rustls::ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?
        .with_root_certificates(roots)
        .with_no_client_auth();
    let mut client = reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        .redirect(reqwest::redirect::Policy::none())
        .timeout(Duration::from_secs(30));
    if base.is_loopback() {
        client = client.no_proxy();
    }
    client.build().map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_very_server() {
        let may =
            |base: &str, url: &str| Fetcher::new(BaseUrl::parse(base).unwrap()).may_fetch(&Url::parse(url).unwrap());
        assert!(may("http://127.0.0.1:8080/v2", "http://127.0.0.1:8080/images/1"));
        assert!(may("http://127.0.0.1:8080/v2", "http://localhost:9/1"));
        assert!(may("https://ii.example.com/v2", "https://ii.example.com/images/1"));
        assert!(!may("https://ii.example.com/v2", "http://ii.example.com/images/1"));
        assert!(!may("https://ii.example.com/v2", "http://127.0.0.1:9/1"));
        assert!(!may("http://127.0.0.1:8080/v2", "https://example.com/1"));
        assert!(!may("http://127.0.0.1:8080/v2", "file:///etc/passwd"));
    }
}
