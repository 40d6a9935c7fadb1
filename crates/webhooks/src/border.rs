//! What crosses to other languages: bytes, which core has judged, and from which each language builds its own objects.

use bytes::Bytes;
use image_intelligence_core::{AnyJob, EventKind, GaveUp, Inputs, Result, judge};
use serde::Serialize;

use crate::{Counts, Delivery, Entry, EventState, Filter, Pruned};

/// What a body is, and what another language decodes of it.
#[doc(hidden)]
#[derive(Debug, PartialEq, Eq)]
pub struct Judged {
    /// What it is. Of what is unknown the body is all there is.
    pub kind: EventKind,
    /// Its canonical JSON, where that is not the very body.
    pub json: Option<Vec<u8>>,
    /// Whether what is to be decoded is ASCII.
    pub ascii: bool,
}

impl Judged {
    pub(crate) fn of(body: &[u8], known: Option<EventKind>) -> Result<Self> {
        let judged = judge(body, known)?;
        let json = (!judged.canonical).then(|| judged.json.into_owned());
        Ok(match judged.event {
            EventKind::Unknown => Self::UNKNOWN,
            kind => Self { kind, json, ascii: judged.ascii },
        })
    }

    /// The same of a job of ours, each of whose pictures is tied to the one that was passed in.
    pub(crate) fn tied(body: &[u8], known: EventKind, inputs: Option<&Inputs>) -> Result<Self> {
        let judged = Self::of(body, Some(known))?;
        let (Some(inputs), Some(kind)) = (inputs, judged.kind.job()) else { return Ok(judged) };
        let mut job = AnyJob::from_json(kind, judged.json.as_deref().unwrap_or(body))?;
        let untied = job.clone();
        job.tie(inputs);
        if job == untied {
            return Ok(judged);
        }
        let json = job.to_json();
        Ok(Self { ascii: json.is_ascii(), json: Some(json), ..judged })
    }

    const UNKNOWN: Self = Self { kind: EventKind::Unknown, json: None, ascii: false };
}

impl Delivery {
    /// What came, to be decoded.
    #[doc(hidden)]
    pub fn judged(&self) -> Judged {
        let judged = match self.kind() {
            EventKind::GaveUp => GaveUp::from_json(self.raw()).map(|gave_up| {
                let json = gave_up.to_json();
                Judged { kind: EventKind::GaveUp, ascii: json.is_ascii(), json: Some(json) }
            }),
            EventKind::Unknown => return Judged::UNKNOWN,
            known => Judged::tied(self.raw(), known, self.inputs().as_ref()),
        };
        judged.unwrap_or(Judged::UNKNOWN)
    }
}

impl Entry {
    /// As JSON without its body, and the body.
    #[doc(hidden)]
    pub fn into_json(mut self) -> (Vec<u8>, Option<Bytes>) {
        let body = self.body.take();
        (to_json(&self), body)
    }
}

impl Filter {
    /// Those in the state of that name, and of the kind of that name: an inbox has more kinds than somebody may say a body
    /// is.
    #[doc(hidden)]
    pub fn named(state: Option<&str>, kind: Option<&str>) -> Result<Self> {
        let any = |name: &str| match EventKind::ALL.into_iter().find(|kind| kind.as_str() == name) {
            Some(kind) => Ok(kind),
            None => EventKind::known(name),
        };
        let (state, kind) = (state.map(EventState::named).transpose()?, kind.map(any).transpose()?);
        Ok(Self { state, kind, ..Self::default() })
    }
}

impl Counts {
    /// As JSON.
    #[doc(hidden)]
    pub fn to_json(&self) -> Vec<u8> {
        to_json(self)
    }
}

impl Pruned {
    /// As JSON.
    #[doc(hidden)]
    pub fn to_json(&self) -> Vec<u8> {
        to_json(self)
    }
}

fn to_json(value: &impl Serialize) -> Vec<u8> {
    // Of numbers and texts, so it never fails.
    serde_json::to_vec(value).unwrap_or_default()
}

#[cfg(all(test, feature = "sqlite"))]
mod tests {
    use bytes::Bytes;
    use image_intelligence_core::EventKind;

    use super::Judged;
    use crate::{EventState, Filter, Inbox, Receiver};

    #[test]
    fn a_filter_is_made_of_names() {
        let filter = Filter::named(Some("dead"), Some("gave_up")).unwrap();
        assert_eq!((filter.state, filter.kind), (Some(EventState::Dead), Some(EventKind::GaveUp)));
        assert_eq!(Filter::named(None, None).unwrap(), Filter::default());
        assert!(Filter::named(Some("open"), None).unwrap_err().to_string().starts_with("state: "));
        assert!(Filter::named(None, Some("video")).unwrap_err().to_string().starts_with("kind: "));
    }

    #[tokio::test]
    async fn what_crosses_is_what_core_made_of_it() {
        let folder = tempfile::tempdir().unwrap();
        let inbox = Inbox::open(folder.path().join("inbox.db")).await.unwrap();
        let receiver =
            Receiver::builder(&inbox).public_url("https://e.com/ii").accept_foreign(true).build().await.unwrap();
        let plain = br#"{"id":"1","status":"COMPLETED_SUCCESSFULLY","jobResults":[],"imageResults":[]}"#;
        let odd = br#"{"id": 2, "status": "COMPLETED_SUCCESSFULLY", "jobResults": []}"#;
        let bodies: [&'static [u8]; 4] = [plain, odd, br#"{"what": "is this?"}"#, b"no JSON"];
        let mut crossed = Vec::new();
        for body in bodies {
            receiver.handle("POST", "/ii/jobs", [], Bytes::from_static(body)).await;
            let delivery = inbox.next().await.unwrap().unwrap();
            assert_eq!(delivery.raw(), body);
            let Judged { kind, json, ascii } = delivery.judged();
            crossed.push((kind, json, ascii));
            delivery.ack().await.unwrap();
        }
        let rewritten = br#"{"id":"2","jobResults":[],"imageResults":[],"status":"COMPLETED_SUCCESSFULLY"}"#;
        assert_eq!(crossed[0], (EventKind::Detect, None, true));
        assert_eq!(crossed[1], (EventKind::Detect, Some(rewritten.to_vec()), true));
        assert_eq!(crossed[2..], [(EventKind::Unknown, None, false), (EventKind::Unknown, None, false)]);

        let entry = inbox.entry(1).await.unwrap().unwrap();
        let (json, body) = entry.into_json();
        assert_eq!(body.as_deref(), Some(&plain[..]));
        let json: serde_json::Value = serde_json::from_slice(&json).unwrap();
        assert_eq!((&json["state"], json.get("body")), (&"done".into(), None));
        let counts: serde_json::Value = serde_json::from_slice(&inbox.counts().await.unwrap().to_json()).unwrap();
        assert_eq!(counts["events"]["done"], 4);
        receiver.shutdown().await;
    }
}
