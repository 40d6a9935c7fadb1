//! What a webhook's body says.

use crate::body::{Body, Shape, read_json};
use crate::job::{JobModel, from_body};
use crate::registered::identity_elsewhere;
use crate::validate::excerpt;
use crate::{
    AskJob, DetectJob, Error, ErrorKind, EventName, GaveUp, Inputs, JobStatus, Kind, MatchJob, Raw, RecognizeJob,
    RegisteredEvent, Result,
};

/// What a webhook brought.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum WebhookEvent {
    /// A detect job.
    Detect(DetectJob),
    /// A match job.
    Match(MatchJob),
    /// An ask job.
    Ask(AskJob),
    /// A recognize job.
    Recognize(RecognizeJob),
    /// An event of a registered webhook.
    Event(RegisteredEvent),
    /// The end of one of our own jobs that will have no result. No webhook brings it: an inbox says it itself.
    GaveUp(GaveUp),
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
    /// A match job.
    Match,
    /// An ask job.
    Ask,
    /// A recognize job.
    Recognize,
    /// An event of a registered webhook.
    Event,
    /// The end of one of our own jobs that will have no result.
    GaveUp,
    /// Something that this version cannot name.
    Unknown,
}

impl EventKind {
    /// Every kind.
    pub const ALL: [Self; 7] =
        [Self::Detect, Self::Match, Self::Ask, Self::Recognize, Self::Event, Self::GaveUp, Self::Unknown];

    /// The word that is the same in every language.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Detect => Kind::Detect.as_str(),
            Self::Match => Kind::Match.as_str(),
            Self::Ask => Kind::Ask.as_str(),
            Self::Recognize => Kind::Recognize.as_str(),
            Self::Event => "event",
            Self::GaveUp => "gave_up",
            Self::Unknown => "unknown",
        }
    }

    /// What somebody says that a body must be: `detect`, `match`, `ask`, `recognize`, or `event` on a route of registered
    /// webhooks. Fails with `invalid_request` for any other word.
    ///
    /// ```
    /// use image_intelligence_core::EventKind;
    ///
    /// assert_eq!(EventKind::known("event")?, EventKind::Event);
    /// assert!(EventKind::known("video").is_err());
    /// # Ok::<(), image_intelligence_core::Error>(())
    /// ```
    pub fn known(name: &str) -> Result<Self> {
        let known = || Self::ALL.into_iter().filter(|kind| !matches!(kind, Self::GaveUp | Self::Unknown));
        known().find(|kind| kind.as_str() == name).ok_or_else(|| {
            let (names, name) = (known().map(Self::as_str).collect::<Vec<_>>().join(", "), excerpt(name));
            Error::invalid_request("kind", format_args!("\"{name}\" given, one of {names} wanted"))
        })
    }

    /// Which kind of job it is, where it is one.
    pub const fn job(self) -> Option<Kind> {
        match self {
            Self::Detect => Some(Kind::Detect),
            Self::Match => Some(Kind::Match),
            Self::Ask => Some(Kind::Ask),
            Self::Recognize => Some(Kind::Recognize),
            Self::Event | Self::GaveUp | Self::Unknown => None,
        }
    }
}

impl EventKind {
    /// What a body is taken for that is known to be this.
    pub(crate) fn shape(self) -> Option<Shape> {
        match self {
            Self::Event => Some(Shape::Event),
            Self::GaveUp | Self::Unknown => None,
            job => job.job().map(Shape::Job),
        }
    }
}

impl From<Kind> for EventKind {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Detect => Self::Detect,
            Kind::Match => Self::Match,
            Kind::Ask => Self::Ask,
            Kind::Recognize => Self::Recognize,
        }
    }
}

impl WebhookEvent {
    /// What it is, in one word.
    pub fn kind(&self) -> EventKind {
        match self {
            Self::Detect(_) => EventKind::Detect,
            Self::Match(_) => EventKind::Match,
            Self::Ask(_) => EventKind::Ask,
            Self::Recognize(_) => EventKind::Recognize,
            Self::Event(_) => EventKind::Event,
            Self::GaveUp(_) => EventKind::GaveUp,
            Self::Unknown(_) => EventKind::Unknown,
        }
    }

    /// As [`AnyJob::tie`](crate::AnyJob::tie), where it is a job.
    pub fn tie(&mut self, inputs: &Inputs) {
        match self {
            Self::Detect(job) => job.tie(inputs),
            Self::Match(job) => job.tie(inputs),
            Self::Ask(job) => job.tie(inputs),
            Self::Recognize(job) => job.tie(inputs),
            Self::Event(_) | Self::GaveUp(_) | Self::Unknown(_) => {}
        }
    }

    /// The body as it came.
    pub fn raw(&self) -> &Raw {
        match self {
            Self::Detect(job) => &job.raw,
            Self::Match(job) => &job.raw,
            Self::Ask(job) => &job.raw,
            Self::Recognize(job) => &job.raw,
            Self::Event(event) => &event.raw,
            Self::GaveUp(end) => &end.raw,
            Self::Unknown(raw) => raw,
        }
    }

    /// The id of the job, where it is one.
    pub fn job_id(&self) -> Option<&str> {
        match self {
            Self::Detect(job) => Some(&job.id),
            Self::Match(job) => Some(&job.id),
            Self::Ask(job) => Some(&job.id),
            Self::Recognize(job) => Some(&job.id),
            Self::GaveUp(end) => end.id.as_deref(),
            Self::Event(_) | Self::Unknown(_) => None,
        }
    }

    /// How far the job has come, where it is one. A job that is not done yet is no result.
    pub fn job_status(&self) -> Option<&JobStatus> {
        match self {
            Self::Detect(job) => Some(&job.status),
            Self::Match(job) => Some(&job.status),
            Self::Ask(job) => Some(&job.status),
            Self::Recognize(job) => Some(&job.status),
            Self::Event(_) | Self::GaveUp(_) | Self::Unknown(_) => None,
        }
    }

    /// As canonical JSON, for languages that build their own objects; an unknown body as it came.
    pub fn to_json(&self) -> Vec<u8> {
        match self {
            Self::Detect(job) => job.to_json(),
            Self::Match(job) => job.to_json(),
            Self::Ask(job) => job.to_json(),
            Self::Recognize(job) => job.to_json(),
            Self::Event(event) => event.to_json(),
            Self::GaveUp(end) => end.to_json(),
            Self::Unknown(raw) => raw.as_str().unwrap_or_default().as_bytes().to_vec(),
        }
    }
}

/// Reads a webhook's body, in one pass.
///
/// `known` is what the caller knows it to be: the kind of the job whose webhook it is, or an event, which everything is that
/// comes to a route of registered webhooks. It wins over every sign in the body. Nothing is verified here: a per-job webhook is unsigned, so its body is a hint until the job is fetched.
///
/// Fails with `invalid_webhook` only where the body is not UTF-8 or no JSON object.
///
/// ```
/// use image_intelligence_core::{WebhookEvent, parse_webhook};
///
/// let body = br#"{"id": "5d689c71", "status": "COMPLETED_SUCCESSFULLY", "jobResults": [{"class": "person"}]}"#;
/// let WebhookEvent::Detect(job) = parse_webhook(body, None)? else { panic!("no detect job") };
/// assert_eq!(job.id, "5d689c71");
/// # Ok::<(), image_intelligence_core::Error>(())
/// ```
pub fn parse_webhook(body: &[u8], known: Option<EventKind>) -> Result<WebhookEvent> {
    let (parsed, raw) = read_json(body, ErrorKind::InvalidWebhook)?;
    Ok(match known.and_then(EventKind::shape).unwrap_or_else(|| parsed.shape()) {
        Shape::Job(Kind::Detect) => job(parsed, raw, WebhookEvent::Detect),
        Shape::Job(Kind::Match) => job(parsed, raw, WebhookEvent::Match),
        Shape::Job(Kind::Ask) => job(parsed, raw, WebhookEvent::Ask),
        Shape::Job(Kind::Recognize) => job(parsed, raw, WebhookEvent::Recognize),
        Shape::Event => WebhookEvent::Event(event(parsed, raw)),
        Shape::Unknown => WebhookEvent::Unknown(raw),
    })
}

/// A job, or what cannot be one for want of an id.
fn job<J: JobModel>(body: Body, raw: Raw, event: fn(J) -> WebhookEvent) -> WebhookEvent {
    let kept = raw.clone();
    from_body(body, raw, ErrorKind::InvalidWebhook).map_or(WebhookEvent::Unknown(kept), event)
}

fn event(body: Body, raw: Raw) -> RegisteredEvent {
    let event = EventName::from(body.event_name());
    let named = body.identity.filter(|identity| !identity.id.is_empty());
    let identity = named.or_else(|| identity_elsewhere(raw.as_str()?));
    RegisteredEvent { event, created_at: body.created_at, identity, raw }
}
