//! The jobs of the simulated server, and how it writes them.

use std::fmt::Write as _;
use std::time::Duration;

use image_intelligence::Kind;

use crate::chance::Chance;

/// When the simulation begins, by the server's clock: milliseconds since the UNIX epoch.
pub const EPOCH: i64 = 1_800_000_000_000;

/// What becomes of the job that a submit makes.
#[derive(Clone, Copy, Debug)]
pub struct Course {
    pub lasts: Duration,
    /// After this the server has lost it.
    pub lost_after: Option<Duration>,
}

pub struct Job {
    pub id: String,
    pub kind: Kind,
    pub namespace: Option<String>,
    pub custom_id: Option<String>,
    pub feed_id: Option<String>,
    /// URL and customId of each picture.
    pub images: Vec<(String, Option<String>)>,
    /// Which submit made it; none of somebody else's.
    pub submit: Option<usize>,
    pub made: Duration,
    /// What it says of that, by the server's clock.
    pub created: i64,
    pub done: Duration,
    pub lost: Option<Duration>,
    /// Until then the server's other half does not know it.
    pub visible: Duration,
    /// Until then no search finds it.
    pub indexed: Duration,
    /// A status on the way that no version of the client knows.
    pub odd_status: bool,
    pub end: &'static str,
}

/// How a moment is written.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Moment {
    Millis,
    Seconds,
    Missing,
}

impl Job {
    pub fn is_there(&self, now: Duration) -> bool {
        now >= self.visible && self.lost.is_none_or(|lost| now < lost)
    }

    pub fn is_found(&self, now: Duration) -> bool {
        self.is_there(now) && now >= self.indexed
    }

    fn status(&self, now: Duration) -> &'static str {
        if now >= self.done {
            self.end
        } else if self.odd_status && now > self.made + self.done.saturating_sub(self.made) / 2 {
            "QUEUED_FOR_A_SECOND_LOOK"
        } else {
            "IN_PROGRESS"
        }
    }

    /// Writes it as the API does: about 1 KB.
    pub fn write(&self, now: Duration, moment: Moment, out: &mut String) {
        let status = self.status(now);
        let done = now >= self.done;
        let _ = write!(out, r#"{{"id":"{}","status":"{status}""#, self.id);
        match moment {
            Moment::Millis => drop(write!(out, r#","createdAt":{}"#, self.created)),
            Moment::Seconds => drop(write!(out, r#","createdAt":{}"#, self.created / 1000)),
            Moment::Missing => {}
        }
        for (key, value) in [("customId", &self.custom_id), ("feedId", &self.feed_id)] {
            if let Some(value) = value {
                let _ = write!(out, r#","{key}":{}"#, serde_json::Value::from(value.as_str()));
            }
        }
        match self.kind {
            Kind::Detect if done => out.push_str(r#","jobResults":[{"class":"person","hitl":false}]"#),
            Kind::Match => out.push_str(
                r#","jobResults":{"target":{"class":"dog","images":["https://pictures.example/rex.jpg"]},"hitl":false}"#,
            ),
            Kind::Ask => out.push_str(r#","question":"Is the door open?","jobResults":{}"#),
            _ => {}
        }
        out.push_str(if self.kind == Kind::Recognize { r#","images":["# } else { r#","imageResults":["# });
        for (index, (url, custom_id)) in self.images.iter().enumerate() {
            let comma = if index > 0 { "," } else { "" };
            let _ = write!(out, r#"{comma}{{"id":"{}-{index:04}","url":"{url}""#, self.id);
            let _ = write!(out, r#","proxyUrl":"https://proxy.images.example/stored/{}/{index}""#, self.id);
            if let Some(custom_id) = custom_id {
                let _ = write!(out, r#","customId":"{custom_id}""#);
            }
            let _ = write!(out, r#","status":"{}""#, if done { "COMPLETED_SUCCESSFULLY" } else { "IN_PROGRESS" });
            match self.kind {
                Kind::Detect if done => out.push_str(
                    r#","objects":[{"class":"person","confidence":0.9971387386,"verdict":true},{"class":"person","confidence":0.4471387386,"verdict":false}]"#,
                ),
                Kind::Detect | Kind::Recognize => out.push_str(r#","objects":[]"#),
                _ => {}
            }
            out.push('}');
        }
        out.push_str("]}");
    }
}

/// How a job ends.
pub fn end(chance: &mut Chance) -> &'static str {
    chance.pick(&[
        "COMPLETED_SUCCESSFULLY",
        "COMPLETED_SUCCESSFULLY",
        "COMPLETED_SUCCESSFULLY",
        "COMPLETED_PARTIAL_ERROR",
        "COMPLETED_ALL_ERROR",
    ])
}
