//! One POST to a URL that somebody else chose, and what came of it.

use std::time::Duration;

use bytes::Bytes;
use image_intelligence_core::Error;
use reqwest::header::{CONTENT_TYPE, HeaderValue};
use tokio::time::timeout;
use url::{Host, Url};

use crate::faults::Spoilt;
use crate::fetch::{AddressPolicy, Refused, build_client, reason};

/// What is read of an answer's body, so that its connection can serve the next delivery.
const MOST_OF_ANSWER: usize = 4 << 10;
/// How long a connection is kept for the next: less than receivers keep it, or both might use it and close it at once.
const IDLE: Duration = Duration::from_secs(2);
const DRAIN: Duration = Duration::from_millis(500);

/// Sends webhooks: no redirects, no proxy, no address that the policy refuses, nothing that authenticates.
pub(super) struct Sender {
    client: reqwest::Client,
    pub(super) policy: AddressPolicy,
    pub(super) timeout: Duration,
}

/// What is posted.
#[derive(Debug, Clone)]
pub(super) struct Message {
    pub(super) body: Bytes,
    pub(super) signature: Option<String>,
}

/// Why there is no 200.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Failed {
    /// It may be otherwise next time.
    Now(String),
    /// The URL is one that is never called.
    ForGood(String),
}

impl Sender {
    pub(super) fn new(policy: AddressPolicy, timeout: Duration) -> Result<Self, Error> {
        let settle = |builder: reqwest::ClientBuilder| builder.pool_max_idle_per_host(32).pool_idle_timeout(IDLE);
        Ok(Self { client: build_client("sending of webhooks", policy, settle)?, policy, timeout })
    }

    /// Posts once, with what spoils it; the status that was answered, whatever it is.
    pub(super) async fn send(&self, url: &str, message: &Message, spoilt: &Spoilt) -> Result<u16, Failed> {
        if spoilt.cut.is_some() || !spoilt.slow.is_zero() {
            return self.post_by_hand(url, message, spoilt).await;
        }
        self.post(url, message).await
    }

    async fn post(&self, url: &str, message: &Message) -> Result<u16, Failed> {
        let url = self.checked(url)?;
        let mut request = self.client.post(url).body(message.body.clone());
        request = request.header(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        if let Some(signature) = &message.signature {
            request = request.header("x-niro-signature", signature);
        }
        let mut response = timeout(self.timeout, request.send()).await.map_err(|_| self.late())?.map_err(failed)?;
        let drain = async {
            let mut left = MOST_OF_ANSWER;
            while let Ok(Some(chunk)) = response.chunk().await {
                let Some(less) = left.checked_sub(chunk.len()) else { return };
                left = less;
            }
        };
        // What cannot be read soon costs a connection, and no more.
        let _ = timeout(DRAIN, drain).await;
        Ok(response.status().as_u16())
    }

    pub(super) fn late(&self) -> Failed {
        Failed::Now(format!("no answer within {} s", self.timeout.as_secs_f64()))
    }

    /// The URL, as far as it can be judged before a name is looked up.
    pub(super) fn checked(&self, url: &str) -> Result<Url, Failed> {
        let mut url = Url::parse(url).map_err(|error| Failed::ForGood(format!("not a URL: {error}")))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(Failed::ForGood("not a URL of http or https".into()));
        }
        // A literal address is never looked up, so the resolver would not see it.
        let literal = match url.host() {
            Some(Host::Ipv4(address)) => self.policy.check(address.into()),
            Some(Host::Ipv6(address)) => self.policy.check(address.into()),
            Some(Host::Domain(_)) => Ok(()),
            None => return Err(Failed::ForGood("no host in the URL".into())),
        };
        literal.map_err(|refused| Failed::ForGood(refused.to_string()))?;
        // Nothing stands in front of a webhook that asks who calls; a name in the URL would be sent along as one.
        let _ = (url.set_username(""), url.set_password(None));
        Ok(url)
    }
}

fn failed(error: reqwest::Error) -> Failed {
    let mut cause: Option<&dyn std::error::Error> = Some(&error);
    while let Some(inner) = cause {
        if let Some(refused) = inner.downcast_ref::<Refused>() {
            return Failed::ForGood(refused.to_string());
        }
        cause = inner.source();
    }
    Failed::Now(reason(error))
}

/// Scheme, host and port: those that hang together.
pub(crate) fn target(url: &str) -> String {
    Url::parse(url).map(|url| url.origin().ascii_serialization()).unwrap_or_default()
}
