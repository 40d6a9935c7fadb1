//! Faults of webhooks: what a delivery has to suffer. Decided when it is made, kept with it, played by `delivery`.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::check::When;

/// One fault of a delivery. Spans are milliseconds of real time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum WebhookFault {
    Drop,
    Duplicate { copies: u64 },
    Delay { ms: u64 },
    Reorder { ms: u64 },
    Early { ms: u64 },
    BadSignature { attempts: u64 },
    Oversize { attempts: u64 },
    Slow { ms: u64, attempts: u64 },
    Cut { when: When, attempts: u64 },
}

/// What one attempt has to suffer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Spoilt {
    /// By their names, for the record.
    pub(crate) names: Vec<String>,
    pub(crate) drop: bool,
    /// How often it goes out beside the once that it should.
    pub(crate) extra: u64,
    pub(crate) bad_signature: bool,
    pub(crate) oversize: bool,
    /// How long the body takes.
    pub(crate) slow: Duration,
    pub(crate) cut: Option<When>,
}

impl WebhookFault {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Drop => "webhook.drop",
            Self::Duplicate { .. } => "webhook.duplicate",
            Self::Delay { .. } => "webhook.delay",
            Self::Reorder { .. } => "webhook.reorder",
            Self::Early { .. } => "webhook.early",
            Self::BadSignature { .. } => "webhook.bad_signature",
            Self::Oversize { .. } => "webhook.oversize",
            Self::Slow { .. } => "webhook.slow",
            Self::Cut { .. } => "webhook.cut",
        }
    }

    /// How many attempts suffer it.
    fn attempts(self) -> u64 {
        match self {
            Self::BadSignature { attempts }
            | Self::Oversize { attempts }
            | Self::Slow { attempts, .. }
            | Self::Cut { attempts, .. } => attempts,
            _ => 1,
        }
    }
}

/// How long the first attempt is held back.
pub(crate) fn delay(faults: &[WebhookFault]) -> Duration {
    let ms = |fault: &WebhookFault| if let WebhookFault::Delay { ms } = *fault { ms } else { 0 };
    Duration::from_millis(faults.iter().map(ms).sum())
}

/// How long the first attempt waits for a later delivery to overtake it.
pub(crate) fn reorder(faults: &[WebhookFault]) -> Option<Duration> {
    let ms = |fault: &WebhookFault| if let WebhookFault::Reorder { ms } = *fault { Some(ms) } else { None };
    faults.iter().filter_map(ms).max().map(Duration::from_millis)
}

/// How long the answer to the request may wait for the first attempt.
pub(crate) fn early(faults: &[WebhookFault]) -> Option<Duration> {
    let ms = |fault: &WebhookFault| if let WebhookFault::Early { ms } = *fault { Some(ms) } else { None };
    faults.iter().filter_map(ms).max().map(Duration::from_millis)
}

/// What the attempt of this number, from 0, has to suffer.
pub(crate) fn spoilt(faults: &[WebhookFault], attempt: u32) -> Spoilt {
    let mut spoilt = Spoilt::default();
    for &fault in faults.iter().filter(|fault| u64::from(attempt) < fault.attempts()) {
        spoilt.names.push(fault.as_str().to_owned());
        match fault {
            WebhookFault::Drop => spoilt.drop = true,
            WebhookFault::Duplicate { copies } => spoilt.extra += copies.saturating_sub(1),
            WebhookFault::BadSignature { .. } => spoilt.bad_signature = true,
            WebhookFault::Oversize { .. } => spoilt.oversize = true,
            WebhookFault::Slow { ms, .. } => spoilt.slow += Duration::from_millis(ms),
            WebhookFault::Cut { when, .. } => spoilt.cut = Some(when),
            WebhookFault::Delay { .. } | WebhookFault::Reorder { .. } | WebhookFault::Early { .. } => {}
        }
    }
    spoilt
}
