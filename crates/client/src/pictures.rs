//! Fetching stored pictures: from https and public addresses, resolved once and pinned, without the token.

use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use image_intelligence_core::{AddressClass, BaseUrl, Error, ErrorKind, Failure, Repeat, Result};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::{Client, ClientBuilder, Url};

use crate::call::{Gate, Tries};
use crate::client::Inner;
use crate::http::{Failed, Request, now, pairs, too_large, unsent};

/// The longest silence in the middle of a picture.
const SILENCE: Duration = Duration::from_secs(15);

/// Fetches pictures from wherever an answer says they are, which may be anywhere: so not from just anywhere.
pub(crate) struct Pictures {
    tls: rustls::ClientConfig,
    policy: Policy,
    largest: usize,
    agent: String,
    timeout: Duration,
    client: Mutex<Option<Client>>,
}

/// Where pictures may be fetched from.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Policy {
    /// A client of a server on this machine may fetch from this machine.
    loopback: bool,
    plain_http: bool,
}

impl Policy {
    pub(crate) fn new(base: &BaseUrl, allow_plain_http: bool) -> Self {
        Self { loopback: base.is_loopback(), plain_http: allow_plain_http }
    }

    fn address(self, address: IpAddr) -> Result<(), String> {
        match AddressClass::of(address) {
            AddressClass::Public => Ok(()),
            AddressClass::Loopback if self.loopback => Ok(()),
            _ => Err(format!("{address} is no public address")),
        }
    }

    fn url(self, text: &str) -> Result<Url, String> {
        let url = Url::parse(text).map_err(|_| "no URL was given; pass the proxyUrl of a result".to_owned())?;
        let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']).to_owned();
        let literal = host.parse::<IpAddr>().ok();
        let here = match literal {
            Some(address) => AddressClass::of(address) == AddressClass::Loopback,
            None => host == "localhost" || host.ends_with(".localhost"),
        };
        match url.scheme() {
            "https" => {}
            "http" if self.plain_http || (here && self.loopback) => {}
            "http" => {
                return Err("its URL starts with http://, which anybody on the way can read and change".to_owned());
            }
            other => return Err(format!("its URL starts with {other}:, and only https: is fetched")),
        }
        // A literal address is never looked up, so the resolver would not see it.
        literal.map_or(Ok(()), |address| self.address(address))?;
        Ok(url)
    }
}

impl Pictures {
    pub(crate) fn new(
        tls: rustls::ClientConfig,
        policy: Policy,
        largest: usize,
        agent: String,
        timeout: Duration,
    ) -> Self {
        Self { tls, policy, largest, agent, timeout, client: Mutex::default() }
    }

    /// How many bytes a picture may have.
    pub(crate) fn largest(&self) -> usize {
        self.largest
    }

    /// Lets the connections go.
    pub(crate) fn close(&self) {
        self.client.lock().unwrap_or_else(PoisonError::into_inner).take();
    }

    /// Made when the first picture is fetched: most clients fetch none.
    fn client(&self) -> Result<Client> {
        let mut client = self.client.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(client) = &*client {
            return Ok(client.clone());
        }
        let built = ClientBuilder::new()
            .tls_backend_preconfigured(self.tls.clone())
            .dns_resolver(Arc::new(CheckedNames(self.policy)))
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .connect_timeout(self.timeout.min(Duration::from_secs(10)))
            .read_timeout(SILENCE)
            .timeout(self.timeout)
            .user_agent(&self.agent)
            .build()
            .map_err(|error| Error::new(ErrorKind::Config, format!("the HTTP client could not be made: {error}")))?;
        Ok(client.insert(built).clone())
    }

    /// The bytes of the picture at a URL.
    pub(crate) async fn fetch(&self, inner: &Inner, url: &str) -> Result<Bytes> {
        let url = self.policy.url(url).map_err(|problem| {
            Error::new(ErrorKind::InvalidRequest, format!("url: the picture is not fetched: {problem}"))
        })?;
        // Its own: one host that asks to be left alone must not slow the others.
        let gate = Gate::default();
        let host = url.host_str().unwrap_or_default();
        let request = Request::get(format!("picture from {host}"), "{picture}", String::new());
        let mut tries = Tries::new(&inner.retry, Repeat::Harmless);
        loop {
            tries.pass(&gate, &request).await.map_err(|failed| failed.error)?;
            match self.once(&request.what, url.clone()).await {
                Ok(bytes) => return Ok(bytes),
                Err(failed) => tries.pause(failed, &gate, inner.outside()).await.map_err(|failed| failed.error)?,
            }
        }
    }

    /// As [`fetch`](Self::fetch), from where a redirect leads.
    pub(crate) async fn fetch_from(&self, inner: &Inner, from: &str, location: &str) -> Result<Bytes> {
        let joined = Url::parse(from).and_then(|from| from.join(location));
        let url = joined.map_err(|_| {
            Error::new(ErrorKind::InvalidResponse, "the API says that the picture is elsewhere, but not where")
        })?;
        self.fetch(inner, url.as_str()).await.map_err(|error| match error.kind() {
            // It is the API that named this place, and not the caller.
            ErrorKind::InvalidRequest => {
                let message = format!("where the API says that the picture is: {}", error.message());
                Error::new(ErrorKind::InvalidResponse, message)
            }
            _ => error,
        })
    }

    async fn once(&self, what: &str, url: Url) -> Result<Bytes, Failed> {
        let client = self.client().map_err(|error| Failed { error, failure: Failure::Status(401) })?;
        let mut answer = client.get(url).send().await.map_err(|error| refused(what, error))?;
        let status = answer.status();
        if !status.is_success() {
            let error = unsuccessful(what, status.as_u16()).with_answer_headers(pairs(answer.headers()), now());
            return Err(Failed { error, failure: Failure::Status(status.as_u16()) });
        }
        if answer.content_length().is_some_and(|length| length > self.largest as u64) {
            return Err(too_large(what, self.largest));
        }
        let mut bytes = BytesMut::new();
        while let Some(chunk) = answer.chunk().await.map_err(|error| unsent(error).of(what))? {
            if bytes.len() + chunk.len() > self.largest {
                return Err(too_large(what, self.largest));
            }
            bytes.extend_from_slice(&chunk);
        }
        Ok(bytes.freeze())
    }
}

/// It is not the API that answers so, and the credentials are no matter to it.
fn unsuccessful(what: &str, status: u16) -> Error {
    let advice = match status {
        300..=399 => "its host says that it is elsewhere, and that is not followed",
        401 | 403 | 410 => "its host does not give it out; a signed URL ends after a while: read the answer anew",
        404 => "not found; it may have been deleted",
        429 => "its host gets too many requests; slow down",
        _ => "its host failed; try again later",
    };
    Error::new(ErrorKind::from_status(status), format!("{what}: {advice} ({status})")).with_status(status)
}

/// A name that leads to an address which is not called will not lead elsewhere the next time.
fn refused(what: &str, error: reqwest::Error) -> Failed {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(&error);
    while let Some(found) = cause {
        if let Some(refused) = found.downcast_ref::<RefusedAddress>() {
            let message = format!("{what}: the picture is not fetched: {}", refused.0);
            return Failed { error: Error::new(ErrorKind::InvalidRequest, message), failure: Failure::Status(400) };
        }
        cause = found.source();
    }
    unsent(error).of(what)
}

#[derive(Debug)]
struct RefusedAddress(String);

impl std::fmt::Display for RefusedAddress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for RefusedAddress {}

/// Looks a name up once and hands on only what was checked, so that no second look-up can answer otherwise.
struct CheckedNames(Policy);

impl Resolve for CheckedNames {
    fn resolve(&self, name: Name) -> Resolving {
        let policy = self.0;
        Box::pin(async move {
            let found: Vec<SocketAddr> = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            for address in &found {
                policy.address(address.ip()).map_err(RefusedAddress)?;
            }
            Ok(Box::new(found.into_iter()) as Addrs)
        })
    }
}
