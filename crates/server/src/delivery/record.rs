//! What is known of a delivery: to whom, how often it was tried, and how each attempt ended.

use image_intelligence_core::{EventName, Kind, Timestamp};
use serde::{Deserialize, Serialize, Serializer};
use url::Url;

/// What stands in a URL in the place of what may be a secret.
const REDACTED: &str = "[redacted]";

/// A webhook that is to be delivered or was: the end of a job, or an event of a registered webhook.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Delivery {
    /// Its name here.
    pub id: String,
    /// The job whose end it tells; none for an event.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub job: Option<String>,
    /// The kind of that job.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "kind")]
    pub kind: Option<Kind>,
    /// The event that it brings; none for a job.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub event: Option<EventName>,
    /// Where it goes. The last segment of the path, which may be a secret, is written `[redacted]`, and so is a query.
    pub url: String,
    /// How far it is.
    pub state: DeliveryState,
    /// When there was something to deliver, by the server's clock.
    pub created_at: Timestamp,
    /// When it is tried next, by the server's clock; none where that is over.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_attempt_at: Option<Timestamp>,
    /// What was tried, the oldest first; of very many the newest.
    pub attempts: Vec<DeliveryAttempt>,
}

impl Delivery {
    /// Whether some attempt was answered 200, after a cut connection or with a fault too.
    pub fn was_answered_200(&self) -> bool {
        self.attempts.iter().any(|attempt| attempt.status == Some(200))
    }
}

/// How far a delivery is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum DeliveryState {
    /// It is tried again, or for the first time.
    Pending,
    /// It was answered 200; or the fault `webhook.drop` lost it, which its one attempt says.
    Delivered,
    /// It was refused or unanswered as often as it is tried, or its URL is one that is never called.
    GivenUp,
}

impl DeliveryState {
    /// Its name in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Delivered => "delivered",
            Self::GivenUp => "given_up",
        }
    }

    pub(crate) fn from_name(name: &str) -> Option<Self> {
        [Self::Pending, Self::Delivered, Self::GivenUp].into_iter().find(|state| state.as_str() == name)
    }
}

/// One attempt at a delivery.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct DeliveryAttempt {
    /// When it began, by the server's clock.
    pub at: Timestamp,
    /// How long it took, in milliseconds of real time.
    pub ms: u64,
    /// What was answered; none where nothing was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// Why it failed; none where the answer was 200.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// The faults that were played on it, such as `webhook.cut`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub faults: Vec<String>,
}

#[expect(clippy::ref_option, clippy::trivially_copy_pass_by_ref, reason = "serde hands it over so")]
fn kind<S: Serializer>(kind: &Option<Kind>, serializer: S) -> Result<S::Ok, S::Error> {
    kind.map(Kind::as_str).serialize(serializer)
}

/// A URL without what in it may be a secret.
pub(crate) fn redacted(url: &str) -> String {
    let Ok(mut url) = Url::parse(url) else { return REDACTED.to_owned() };
    let query = if url.query().is_some() { "?[redacted]" } else { "" };
    url.set_query(None);
    url.set_fragment(None);
    // Both fail only where there is nobody to name.
    let _ = (url.set_username(""), url.set_password(None));
    let text = url.as_str();
    let (kept, last) = text.rsplit_once('/').unwrap_or((text, ""));
    let last = if last.is_empty() { "" } else { REDACTED };
    format!("{kept}/{last}{query}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_be_a_secret_is_not_shown() {
        for (url, shown) in [
            ("https://hooks.example.com/ii/cb/AQEBa0nS", "https://hooks.example.com/ii/cb/[redacted]"),
            ("http://user:pass@127.0.0.1:8080/secret", "http://127.0.0.1:8080/[redacted]"),
            ("https://example.com", "https://example.com/"),
            ("https://example.com/cb/", "https://example.com/cb/"),
            ("https://example.com/cb/x?sig=secret#secret", "https://example.com/cb/[redacted]?[redacted]"),
            ("not a url", "[redacted]"),
        ] {
            assert_eq!(redacted(url), shown);
        }
    }
}
