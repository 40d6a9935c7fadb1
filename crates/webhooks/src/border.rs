//! What crosses to other languages: bytes, which core has judged, and from which each language builds its own objects.

use bytes::Bytes;
use image_intelligence_core::{EventKind, GaveUp, judge};
use serde::Serialize;

use crate::{Counts, Delivery, Entry, Pruned};

impl Delivery {
    /// What came, in a word, and its canonical JSON; `None` for what no version of ours can name, of which
    /// [`raw`](Self::raw) is all.
    #[doc(hidden)]
    pub fn judged(&self) -> (EventKind, Option<Vec<u8>>) {
        let unknown = (EventKind::Unknown, None);
        let known = match self.kind() {
            EventKind::GaveUp => {
                return GaveUp::from_json(self.raw())
                    .map_or(unknown, |gave_up| (EventKind::GaveUp, Some(gave_up.to_json())));
            }
            // A later version may know it.
            EventKind::Unknown => None,
            known => Some(known),
        };
        match judge(self.raw(), known) {
            Ok(judged) if judged.event != EventKind::Unknown => (judged.event, Some(judged.json.into_owned())),
            _ => unknown,
        }
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

    use crate::{Inbox, Receiver};

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
            crossed.push(delivery.judged());
            delivery.ack().await.unwrap();
        }
        let rewritten = br#"{"id":"2","jobResults":[],"imageResults":[],"status":"COMPLETED_SUCCESSFULLY"}"#;
        assert_eq!(crossed[0], (EventKind::Detect, Some(plain.to_vec())));
        assert_eq!(crossed[1], (EventKind::Detect, Some(rewritten.to_vec())));
        assert_eq!(crossed[2..], [(EventKind::Unknown, None), (EventKind::Unknown, None)]);

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
