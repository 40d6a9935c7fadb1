//! Why requests are turned away.

use image_intelligence_core::Error;
use tracing::Span;

use super::answer::Answer;

/// Why a request gets no further.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Refusal {
    pub(crate) answer: Answer,
    /// One word for the log and the metrics, that never changes.
    pub(crate) reason: &'static str,
}

impl Refusal {
    /// Nothing was refused, but there is nothing to take either.
    pub(crate) const NONE: &'static str = "";
    pub(crate) const TOO_LARGE: Self = Self { answer: Answer::TOO_LARGE, reason: "too_large" };
    pub(crate) const ENCODED: Self = Self { answer: Answer::ENCODED, reason: "encoded" };
    pub(crate) const LATE_BODY: Self = Self { answer: Answer::LATE_BODY, reason: "body_late" };
    pub(crate) const METHOD: Self = Self { answer: Answer::ONLY_POST, reason: "method" };
    pub(crate) const UNREADABLE: Self = Self { answer: Answer::UNREADABLE, reason: "unreadable" };
    pub(crate) const BROKEN_OFF: Self = Self { answer: Answer::BROKEN_OFF, reason: "body_broken_off" };
    /// All bodies together take too much.
    pub(crate) const FULL: Self = Self { answer: Answer::NOT_NOW, reason: "full" };
    pub(crate) const CLOSING: Self = Self { answer: Answer::NOT_NOW, reason: "closing" };
    /// It was not on the disk in time.
    pub(crate) const LATE: Self = Self { answer: Answer::NOT_NOW, reason: "late" };
    pub(crate) const STORE: Self = Self { answer: Answer::NOT_NOW, reason: "store" };

    /// Whatever is wrong with a token, the sender hears the same.
    pub(crate) fn no_token(error: &Error) -> Self {
        let reason = match error.reason() {
            Some("expired") => "token_expired",
            Some("mismatch") => "token_mismatch",
            Some("unknown_version") => "token_unknown_version",
            Some("unknown_key") => "token_unknown_key",
            _ => "token_malformed",
        };
        Self { answer: Answer::NOT_FOUND, reason }
    }

    pub(crate) fn unsigned(error: &Error) -> Self {
        let reason = match error.reason() {
            Some("missing") => "signature_missing",
            Some("doubled") => "signature_doubled",
            Some("malformed") => "signature_malformed",
            _ => "signature_mismatch",
        };
        Self { answer: Answer::UNSIGNED, reason }
    }

    /// Notes why, and gives the answer.
    pub(crate) fn told(self, span: &Span) -> Answer {
        let Self { answer, reason } = self;
        let status = answer.status;
        span.record("http.response.status_code", status);
        if reason != Self::NONE {
            metrics::counter!("ii.webhook.rejects", "reason" => reason).increment(1);
            let _entered = span.enter();
            // What every scanner of the net tries is nobody's concern.
            if matches!(reason, "no_route" | "token_malformed" | "method") {
                tracing::debug!(status, reason, "a request was turned away");
            } else {
                tracing::warn!(status, reason, "a webhook was turned away");
            }
        }
        answer
    }
}
