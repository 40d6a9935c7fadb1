//! An event as it is printed.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use console::{style, user_attended};
use image_intelligence::{DetectJob, WebhookEvent};
use image_intelligence_webhooks::Delivery;
use serde::Serialize;
use serde_json::value::RawValue;

use crate::listen::forward::Forwarded;
use crate::moments::utc;
use crate::output::{Format, json_line, or_nothing, printable};
use crate::pictures::count;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Document<'a> {
    seq: i64,
    kind: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    job_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rid: Option<String>,
    idempotency_key: &'a str,
    signed: bool,
    attempt: u32,
    received_at: i64,
    /// What came, where it is JSON.
    #[serde(skip_serializing_if = "Option::is_none")]
    event: Option<Box<RawValue>>,
    /// What came, where it is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    body: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    forwarded: Option<&'a Forwarded>,
}

/// A line for a person, a pipe or a program.
pub(super) fn line(delivery: &Delivery, forwarded: Option<&Forwarded>, format: Format) -> String {
    if format == Format::Text { text(delivery, forwarded) } else { document(delivery, forwarded) }
}

fn document(delivery: &Delivery, forwarded: Option<&Forwarded>) -> String {
    let event = on_one_line(delivery.raw());
    let body = event.is_none().then(|| String::from_utf8_lossy(delivery.raw()).into_owned());
    json_line(&Document {
        seq: delivery.seq(),
        kind: delivery.kind().as_str(),
        job_id: delivery.job_id().filter(|id| !id.is_empty()),
        rid: delivery.rid().map(|rid| rid.to_string()),
        idempotency_key: delivery.idempotency_key(),
        signed: delivery.is_signed(),
        attempt: delivery.attempt(),
        received_at: delivery.received_at().as_millis(),
        event,
        body,
        forwarded,
    })
}

/// The JSON as it came, every digit of it, but on one line: within JSON a line end can only stand between its words.
fn on_one_line(body: &[u8]) -> Option<Box<RawValue>> {
    let text = std::str::from_utf8(body).ok()?.replace(['\n', '\r'], " ");
    RawValue::from_string(text).ok()
}

fn text(delivery: &Delivery, forwarded: Option<&Forwarded>) -> String {
    let (status, what) = summary(delivery.event(), delivery.raw().len());
    let cells = [
        delivery.seq().to_string(),
        utc(delivery.received_at()),
        delivery.kind().as_str().to_owned(),
        or_nothing(delivery.job_id()),
        or_nothing(status.as_deref()),
        what,
    ];
    let mut cells: Vec<_> = cells.iter().map(|cell| printable(cell).into_owned()).collect();
    let forwarded = forwarded.map(|forwarded| (forwarded.taken, printable(&forwarded.words()).into_owned()));
    if !user_attended() {
        cells.extend(forwarded.map(|(_, words)| words));
        return cells.join("\t") + "\n";
    }
    let [seq, time, kind, id, status, what] = &cells[..] else { return cells.join("  ") + "\n" };
    let mut line =
        format!("{} {time}  {} {id}  {status}  {what}\n", style(format!("{seq:>4}")).dim(), style(kind).bold());
    if let Some((taken, words)) = forwarded {
        let words = if taken { style(words).green() } else { style(words).red() };
        let _ = writeln!(line, "     {} {words}", style("->").cyan());
    }
    line
}

/// How it went, and what it says, in short.
fn summary(event: &WebhookEvent, bytes: usize) -> (Option<String>, String) {
    let status = event.job_status().map(|status| status.as_str().to_owned());
    match event {
        WebhookEvent::Detect(job) => (status, found(job)),
        WebhookEvent::Match(job) => {
            let class = job.job_results.target.as_ref().map_or("it", |target| &target.class);
            let picture = job.job_results.image.as_ref().map(|image| image.view().custom_id_or_url().to_owned());
            (status, picture.map_or_else(|| format!("{class}: in no picture"), |name| format!("{class}: {name}")))
        }
        WebhookEvent::Ask(job) => {
            let picture = job.job_results.image.as_ref().map(|image| image.view().custom_id_or_url().to_owned());
            (status, picture.map_or_else(|| "no".to_owned(), |name| format!("yes: {name}")))
        }
        WebhookEvent::Recognize(job) => (status, count(job.images.len())),
        WebhookEvent::Event(event) => {
            let identity = event.identity.as_ref();
            let name = identity.map(|identity| identity.custom_id.as_deref().unwrap_or(&identity.id));
            (Some(event.event.as_str().to_owned()), or_nothing(name))
        }
        WebhookEvent::GaveUp(end) => (Some(end.reason.as_str().to_owned()), format!("no result of {} job", end.kind)),
        _ => (None, format!("{bytes} bytes that this version cannot name")),
    }
}

/// `2 person, 1 car in 3 pictures`
fn found(job: &DetectJob) -> String {
    let mut counts = BTreeMap::<&str, usize>::new();
    for object in job.image_results.iter().flat_map(|image| &image.objects) {
        *counts.entry(&object.class).or_default() += 1;
    }
    let found: Vec<_> = counts.iter().map(|(class, count)| format!("{count} {class}")).collect();
    let found = if found.is_empty() { "nothing".to_owned() } else { found.join(", ") };
    format!("{found} in {}", count(job.image_results.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_stays_as_it_came_on_one_line() {
        let event = on_one_line(b"{\"a\": 1.50,\n  \"a\": \"\\n\"}\r\n").unwrap();
        assert_eq!(event.get().trim_end(), r#"{"a": 1.50,   "a": "\n"}"#);
        assert!(on_one_line(b"{").is_none() && on_one_line(b"\xff").is_none());
        let deep = "[".repeat(100_000) + &"]".repeat(100_000);
        assert!(on_one_line(deep.as_bytes()).is_some());
    }
}
