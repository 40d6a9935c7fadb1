//! One event, and its body without what is secret in it.

use console::style;
use image_intelligence_webhooks::Entry;

use crate::failure::Failure;
use crate::output::{Format, moment, print, printable, show_record};

/// Before the token of a callback URL; the second as JSON may write it.
const CALLBACKS: [&str; 2] = ["/cb/", "\\/cb\\/"];

/// Writes the event; for a person its body too, on lines of its own.
pub(super) fn show(entry: &Entry, format: Format) -> Result<(), Failure> {
    let known = |at: Option<image_intelligence::Timestamp>| at.map(|at| moment(Some(at)));
    let fields = [
        ("seq", Some(entry.seq.to_string())),
        ("kind", Some(entry.kind.as_str().to_owned())),
        ("state", Some(entry.state.to_string())),
        ("job", entry.job_id.clone()),
        ("rid", entry.rid.map(|rid| rid.to_string())),
        ("idempotency key", Some(entry.idempotency_key.clone())),
        ("signed", Some(if entry.signed { "yes" } else { "no" }.to_owned())),
        ("attempts", Some(entry.attempts.to_string())),
        ("webhooks", Some(entry.deliveries.to_string())),
        ("received", known(Some(entry.received_at))),
        ("confirmed", known(entry.confirmed_at)),
        ("done", known(entry.done_at)),
        ("due again", known(entry.next_at)),
        ("error", entry.error.clone()),
        ("bytes", Some(entry.size.to_string())),
    ];
    show_record(entry, &fields, format)?;
    if format != Format::Text {
        return Ok(());
    }
    print(&match &entry.body {
        Some(body) => format!("\n{}\n", body_text(body)),
        None => format!("\n{}\n", style("its body was pruned").dim()),
    })
}

/// For people: without tokens, and JSON with lines and margins.
fn body_text(body: &[u8]) -> String {
    let text = match serde_json::from_slice::<serde_json::Value>(body) {
        Ok(value) => serde_json::to_string_pretty(&value).unwrap_or_default(),
        Err(_) => String::from_utf8_lossy(body).into_owned(),
    };
    let lines: Vec<_> = text.lines().map(|line| printable(line).into_owned()).collect();
    without_tokens(&lines.join("\n"))
}

fn without_tokens(text: &str) -> String {
    let mut text = text.to_owned();
    for callback in CALLBACKS {
        let mut pieces = text.split(callback);
        let mut out = pieces.next().unwrap_or_default().to_owned();
        for piece in pieces {
            let end = piece.find(|c: char| !c.is_ascii_alphanumeric() && c != '-' && c != '_');
            out += callback;
            out += "[token]";
            out += &piece[end.unwrap_or(piece.len())..];
        }
        text = out;
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_not_shown() {
        let shown = body_text(br#"{"webhookUrl":"https://h.test/ii/cb/AQEB-_0nS","b":"x"}"#);
        assert_eq!(shown, "{\n  \"b\": \"x\",\n  \"webhookUrl\": \"https://h.test/ii/cb/[token]\"\n}");
        assert_eq!(
            body_text(b"{https:\\/\\/h.test\\/cb\\/AQEB\" /cb/x\x1b"),
            "{https:\\/\\/h.test\\/cb\\/[token]\" /cb/[token]\\u{1b}"
        );
    }
}
