//! The names of the faults, and which options each takes.

use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum FaultName {
    Status,
    Reset,
    Truncate,
    Slow,
    Html,
    RateLimit,
    SearchCap,
    SearchOmit,
    #[serde(rename = "webhook.drop")]
    WebhookDrop,
    #[serde(rename = "webhook.duplicate")]
    WebhookDuplicate,
    #[serde(rename = "webhook.delay")]
    WebhookDelay,
    #[serde(rename = "webhook.reorder")]
    WebhookReorder,
    #[serde(rename = "webhook.early")]
    WebhookEarly,
    #[serde(rename = "webhook.bad_signature")]
    WebhookBadSignature,
    #[serde(rename = "webhook.oversize")]
    WebhookOversize,
    #[serde(rename = "webhook.slow")]
    WebhookSlow,
    #[serde(rename = "webhook.cut")]
    WebhookCut,
}

impl FaultName {
    /// All of them, those of the API first.
    pub(crate) const ALL: [Self; 17] = [
        Self::Status,
        Self::Reset,
        Self::Truncate,
        Self::Slow,
        Self::Html,
        Self::RateLimit,
        Self::SearchCap,
        Self::SearchOmit,
        Self::WebhookDrop,
        Self::WebhookDuplicate,
        Self::WebhookDelay,
        Self::WebhookReorder,
        Self::WebhookEarly,
        Self::WebhookBadSignature,
        Self::WebhookOversize,
        Self::WebhookSlow,
        Self::WebhookCut,
    ];

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Status => "status",
            Self::Reset => "reset",
            Self::Truncate => "truncate",
            Self::Slow => "slow",
            Self::Html => "html",
            Self::RateLimit => "rate_limit",
            Self::SearchCap => "search_cap",
            Self::SearchOmit => "search_omit",
            Self::WebhookDrop => "webhook.drop",
            Self::WebhookDuplicate => "webhook.duplicate",
            Self::WebhookDelay => "webhook.delay",
            Self::WebhookReorder => "webhook.reorder",
            Self::WebhookEarly => "webhook.early",
            Self::WebhookBadSignature => "webhook.bad_signature",
            Self::WebhookOversize => "webhook.oversize",
            Self::WebhookSlow => "webhook.slow",
            Self::WebhookCut => "webhook.cut",
        }
    }

    /// The options that only some faults take.
    pub(crate) fn options(self) -> &'static [&'static str] {
        match self {
            Self::Status => &["code", "retryAfter", "form", "when"],
            Self::Reset | Self::Html => &["when"],
            Self::Slow => &["ms", "when"],
            Self::RateLimit => &["retryAfter", "form"],
            Self::SearchCap => &["rows"],
            Self::SearchOmit => &["rows", "rowProbability"],
            Self::WebhookDuplicate => &["times"],
            Self::WebhookDelay | Self::WebhookReorder | Self::WebhookEarly => &["ms"],
            Self::WebhookBadSignature | Self::WebhookOversize => &["attempts"],
            Self::WebhookSlow => &["ms", "attempts"],
            Self::WebhookCut => &["when", "attempts"],
            Self::Truncate | Self::WebhookDrop => &[],
        }
    }

    /// One line for `GET /_ii`.
    pub(crate) fn about(self) -> &'static str {
        match self {
            Self::Status => {
                "a 4xx or 5xx with the JSON of an error; code is 503 unless given; when=after: the request took effect"
            }
            Self::Reset => "the connection is reset before an answer; when=after: the request took effect",
            Self::Truncate => "the answer breaks off half way",
            Self::Slow => "the request waits ms milliseconds; when=after: its answer does",
            Self::Html => "a 200 with an HTML page; when=after: the request took effect",
            Self::RateLimit => "a 429 with Retry-After: retryAfter seconds, 1 unless given; form=date: as a date",
            Self::SearchCap => "a search answers its newest rows at most",
            Self::SearchOmit => "a search leaves out so many rows, or each with rowProbability",
            Self::WebhookDrop => "the webhook is never sent, and counts as delivered",
            Self::WebhookDuplicate => {
                "the webhook is sent n times, 2 unless given: half of them at once, then the rest; times= how often"
            }
            Self::WebhookDelay => "the webhook is held back ms milliseconds",
            Self::WebhookReorder => {
                "the webhook is held back until a later one has gone, ms milliseconds at most, 5000 unless given"
            }
            Self::WebhookEarly => {
                "the answer to the request waits until its webhook was sent, ms milliseconds at most, 10000 unless given"
            }
            Self::WebhookBadSignature => {
                "the first attempt, or so many, has a signature that is wrong, or one where none belongs"
            }
            Self::WebhookOversize => "the body of the first attempt, or of so many, is padded to more than 4 MiB",
            Self::WebhookSlow => "the body of the first attempt, or of so many, takes ms milliseconds",
            Self::WebhookCut => {
                "the connection of the first attempt, or of so many, is closed half way through the body; when=after: before the answer"
            }
        }
    }

    pub(crate) fn is_webhook(self) -> bool {
        self.as_str().starts_with("webhook.")
    }

    /// Whether it is for searches only.
    pub(crate) fn is_of_searches(self) -> bool {
        matches!(self, Self::SearchCap | Self::SearchOmit)
    }
}
