//! Webhooks: verified, then read.

use image_intelligence_core::{
    EventKind, RegisteredEvent, Secret, SignatureOptions, WebhookEvent, parse_webhook, verify_signature,
};

use crate::failure::Failure;
use crate::job::Told;

/// A header of a request.
#[derive(Debug, uniffi::Record)]
pub struct Header {
    /// Its name, in any case.
    pub name: String,
    /// Its value.
    pub value: String,
}

/// What a webhook brought.
#[derive(Debug, uniffi::Enum)]
#[allow(clippy::large_enum_variant, reason = "it is taken apart as soon as it has crossed")]
pub enum Received {
    /// A job.
    Job {
        /// The job.
        job: Told,
    },
    /// An event of a registered webhook.
    Event {
        /// The event.
        event: RegisteredEvent,
    },
    /// Something that this version cannot name.
    Unknown {
        /// The body as it came.
        raw: String,
    },
}

/// Checks the signature where there are secrets, then reads the body.
#[uniffi::export]
pub fn read_webhook(
    body: Vec<u8>,
    headers: Vec<Header>,
    secrets: Option<Vec<String>>,
    kind: Option<EventKind>,
    allow_sha1: bool,
) -> Result<Received, Failure> {
    if let Some(secrets) = secrets {
        let secrets: Vec<_> = secrets.into_iter().map(Secret::from).collect();
        let mut options = SignatureOptions::default();
        options.allow_sha1 = allow_sha1;
        let headers = headers.iter().map(|header| (header.name.as_str(), header.value.as_bytes()));
        verify_signature(headers, &body, &secrets, &options)?;
    }
    Ok(match parse_webhook(&body, kind)? {
        WebhookEvent::Detect(job) => Received::Job { job: job.into() },
        WebhookEvent::Match(job) => Received::Job { job: job.into() },
        WebhookEvent::Ask(job) => Received::Job { job: job.into() },
        WebhookEvent::Recognize(job) => Received::Job { job: job.into() },
        WebhookEvent::Event(event) => Received::Event { event },
        other => Received::Unknown { raw: other.raw().as_str().unwrap_or_default().to_owned() },
    })
}
