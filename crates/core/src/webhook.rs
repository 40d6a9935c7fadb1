//! What a webhook's body says.

use crate::body::{Shape, read_json};
use crate::{DetectJob, ErrorKind, Kind, Raw, Result};

/// What a webhook brought.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum WebhookEvent {
    /// A detect job.
    Detect(DetectJob),
    /// Something that this version cannot name: kept as it came, never dropped.
    Unknown(Raw),
}

/// What a webhook brought, in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "uniffi", derive(uniffi::Enum))]
#[non_exhaustive]
pub enum EventKind {
    /// A detect job.
    Detect,
    /// Something that this version cannot name.
    Unknown,
}

impl EventKind {
    /// The word that is the same in every language.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Detect => "detect",
            Self::Unknown => "unknown",
        }
    }
}

impl WebhookEvent {
    /// What it is, in one word.
    pub fn kind(&self) -> EventKind {
        match self {
            Self::Detect(_) => EventKind::Detect,
            Self::Unknown(_) => EventKind::Unknown,
        }
    }

    /// The body as it came.
    pub fn raw(&self) -> &Raw {
        match self {
            Self::Detect(job) => &job.raw,
            Self::Unknown(raw) => raw,
        }
    }
}

/// Reads a webhook's body, in one pass.
///
/// `known_kind` is the kind of job that the webhook was registered for, where the caller knows it; it wins over every sign
/// in the body. Nothing is verified here: a per-job webhook is unsigned, so its body is a hint until the job is fetched.
///
/// Fails with `invalid_webhook` only where the body is not UTF-8 or no JSON object.
///
/// ```
/// use image_intelligence_core::{Kind, WebhookEvent, parse_webhook};
///
/// let body = br#"{"id": "5d689c71", "status": "COMPLETED_SUCCESSFULLY", "jobResults": [{"class": "person"}]}"#;
/// let WebhookEvent::Detect(job) = parse_webhook(body, None)? else { panic!("no detect job") };
/// assert_eq!(job.id, "5d689c71");
/// # Ok::<(), image_intelligence_core::Error>(())
/// ```
pub fn parse_webhook(body: &[u8], known_kind: Option<Kind>) -> Result<WebhookEvent> {
    let (parsed, raw) = read_json(body, ErrorKind::InvalidWebhook)?;
    let shape = known_kind.map_or_else(|| parsed.shape(), Shape::Job);
    match shape {
        Shape::Job(Kind::Detect) if parsed.id.as_deref().is_some_and(|id| !id.is_empty()) => {
            DetectJob::from_body(parsed, raw, ErrorKind::InvalidWebhook).map(WebhookEvent::Detect)
        }
        Shape::Job(_) | Shape::Event | Shape::Unknown => Ok(WebhookEvent::Unknown(raw)),
    }
}
