//! Webhooks: verified, then read.

use image_intelligence_core::{
    DetectJob, EventKind, Kind, Secret, SignatureOptions, WebhookEvent, parse_webhook, verify_signature,
};

use crate::failure::Failure;

/// A header of a request.
#[derive(Debug, uniffi::Record)]
pub struct Header {
    /// Its name, in any case.
    pub name: String,
    /// Its value.
    pub value: String,
}

/// What a webhook brought.
#[derive(Debug, uniffi::Record)]
pub struct Received {
    /// What it is.
    pub event: EventKind,
    /// The job, where it is a detect job.
    pub job: Option<DetectJob>,
    /// The body as it came.
    pub raw: String,
}

/// Checks the signature where there are secrets, then reads the body.
#[uniffi::export]
pub fn read_webhook(
    body: Vec<u8>,
    headers: Vec<Header>,
    secrets: Option<Vec<String>>,
    kind: Option<Kind>,
    allow_sha1: bool,
) -> Result<Received, Failure> {
    if let Some(secrets) = secrets {
        let secrets: Vec<_> = secrets.into_iter().map(Secret::from).collect();
        let mut options = SignatureOptions::default();
        options.allow_sha1 = allow_sha1;
        let headers = headers.iter().map(|header| (header.name.as_str(), header.value.as_bytes()));
        verify_signature(headers, &body, &secrets, &options)?;
    }
    let event = parse_webhook(&body, kind)?;
    let (what, raw) = (event.kind(), event.raw().as_str().unwrap_or_default().to_owned());
    let job = match event {
        WebhookEvent::Detect(job) => Some(job),
        _ => None,
    };
    Ok(Received { event: what, job, raw })
}
