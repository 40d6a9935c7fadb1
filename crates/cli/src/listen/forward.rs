//! Passing an event on: its very bytes, until somebody takes them.

use std::time::Duration;

use image_intelligence::{Secret, sign};
use image_intelligence_webhooks::Delivery;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use serde::Serialize;

use crate::delivery::{Target, seconds};

/// How often an event is passed on before it is put away.
pub(super) const ATTEMPTS: u32 = 12;

/// Where events go on to.
pub(super) struct Forwarder {
    target: Target,
    secret: Option<Secret>,
    limit: Duration,
}

/// How it went.
#[derive(Debug, Serialize)]
pub(super) struct Forwarded {
    pub(super) taken: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) status: Option<u16>,
    seconds: f64,
    /// Why it was not taken.
    #[serde(skip_serializing_if = "Option::is_none", rename = "message")]
    pub(super) problem: Option<String>,
    /// What was said beside the status.
    #[serde(skip_serializing_if = "String::is_empty")]
    said: String,
    #[serde(skip)]
    took: Duration,
    #[serde(skip)]
    is_last: bool,
}

impl Forwarder {
    pub(super) fn new(target: Target, secret: Option<Secret>, limit: Duration) -> Self {
        Self { target, secret, limit }
    }

    /// Where to, without what is secret in it.
    pub(super) fn shown(&self) -> String {
        self.target.shown()
    }

    /// Posts the very bytes. Of one that was signed the signature is made again, which is the same: it is made of the bytes
    /// and the secret alone.
    pub(super) async fn post(&self, delivery: &Delivery) -> Forwarded {
        let body = delivery.raw();
        let mut headers = HeaderMap::new();
        if delivery.is_signed()
            && let Some(secret) = &self.secret
            && let Ok(signature) = HeaderValue::from_str(&sign(body, secret))
        {
            headers.insert(HeaderName::from_static("x-niro-signature"), signature);
        }
        let posted = self.target.post(body.to_vec(), &headers, self.limit).await;
        let status = posted.answer.as_ref().map(|answer| answer.status);
        // For the service only 200 is a success; here whatever the target itself calls one.
        let taken = status.is_some_and(|status| (200..300).contains(&status));
        let problem = if taken { None } else { posted.problem() };
        Forwarded {
            taken,
            status,
            seconds: (posted.took.as_secs_f64() * 1000.0).round() / 1000.0,
            problem,
            said: posted.answer.map(|answer| answer.said).unwrap_or_default(),
            took: posted.took,
            is_last: delivery.attempt() >= ATTEMPTS,
        }
    }
}

impl Forwarded {
    /// For a person.
    pub(super) fn words(&self) -> String {
        match (&self.problem, self.status) {
            (None, status) => {
                format!("forwarded: {} after {}", status.unwrap_or_default(), seconds(self.took))
            }
            (Some(problem), _) if self.is_last => {
                format!("not forwarded: {problem}; put away after {ATTEMPTS} attempts, see ii inbox dead")
            }
            (Some(problem), _) => format!("not forwarded: {problem}; it is tried again"),
        }
    }
}
