//! What a body is, and so what the store is given of it.

use bytes::Bytes;
use image_intelligence_core::{CallbackToken, EventKind, JobBrief, JobStatus, parse_webhook};

use crate::event_key::EventKey;
use crate::store::{Incoming, Origin};

/// What is done with a body.
pub(crate) enum Sorted {
    /// It is kept.
    Keep(Incoming),
    /// It is kept under a key of its own, as it is no end of the job whose URL it came to; that job is worth a look.
    Stray(Incoming),
    /// It is news of a job that is under way, which nobody keeps.
    News,
}

/// A body that came to a job's own URL.
pub(crate) fn ours(token: &CallbackToken, body: Bytes, confirm: bool) -> Sorted {
    let Ok(JobBrief { id, status, .. }) = JobBrief::from_json(&body) else { return Sorted::Stray(unknown(body)) };
    if status == JobStatus::InProgress {
        return Sorted::News;
    }
    if !status.is_done() {
        return Sorted::Stray(unknown(body));
    }
    Sorted::Keep(Incoming {
        key: EventKey::ours(token.rid),
        origin: Origin::Ours { rid: token.rid, kind: token.kind, hint: Some(id) },
        label: token.kind.into(),
        body,
        signed: false,
        confirm,
    })
}

/// A body that came to the route of registered webhooks.
pub(crate) fn event(body: Bytes, signed: bool) -> Sorted {
    let label = match parse_webhook(&body, Some(EventKind::Event)) {
        Ok(_) => EventKind::Event,
        Err(_) => EventKind::Unknown,
    };
    Sorted::Keep(Incoming { signed, ..raw(label, body) })
}

/// A body that came to the route of jobs that others sent. What is none is unknown, an event too: those of a registered webhook
/// have a route of their own, where signatures are checked. One whose status nobody has heard of may be done: the API can say.
pub(crate) fn foreign(body: Bytes, confirm: bool) -> Sorted {
    let Ok(event) = parse_webhook(&body, None) else { return Sorted::Keep(unknown(body)) };
    let label = event.kind();
    match (event.job_id(), event.job_status()) {
        (_, Some(JobStatus::InProgress)) => Sorted::News,
        (Some(id), Some(status)) if status.is_done() || confirm => Sorted::Keep(Incoming {
            key: EventKey::foreign(id),
            origin: Origin::Foreign { id: id.to_owned() },
            label,
            body,
            signed: false,
            confirm,
        }),
        _ => Sorted::Keep(unknown(body)),
    }
}

fn unknown(body: Bytes) -> Incoming {
    raw(EventKind::Unknown, body)
}

fn raw(label: EventKind, body: Bytes) -> Incoming {
    Incoming { key: EventKey::raw(&body), origin: Origin::Raw, label, body, signed: false, confirm: false }
}
