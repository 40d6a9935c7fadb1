//! The lines of a journal.

use image_intelligence_core::{Intent, Kind, Rid};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// What is written down of a submit. No URL is: it may carry a token.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "camelCase", rename_all_fields = "camelCase", deny_unknown_fields)]
pub(super) enum Line {
    Intended(Intended),
    Leaving {
        rid: Rid,
    },
    CameBack {
        rid: Rid,
    },
    Accepted {
        rid: Rid,
        id: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        created_at: Option<i64>,
    },
    /// There is no job, or somebody has it: nothing is left to recover.
    Settled {
        rid: Rid,
    },
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Intended {
    pub(super) rid: Rid,
    #[serde(serialize_with = "kind", deserialize_with = "read_kind")]
    pub(super) kind: Kind,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) namespace: Option<String>,
    pub(super) custom_id: String,
    pub(super) images: usize,
    /// In milliseconds: where the clock is wrong, a moment is not always one that the API could have sent.
    pub(super) at: i64,
    /// Which API it was sent to.
    pub(super) api: String,
}

impl Intended {
    pub(super) fn new(intent: Intent, api: &str) -> Self {
        let Intent { kind, namespace, rid, custom_id, images, at, .. } = intent;
        Self { rid, kind, namespace, custom_id, images, at: at.as_millis(), api: api.to_owned() }
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes it so")]
fn kind<S: Serializer>(kind: &Kind, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(kind.as_str())
}

fn read_kind<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Kind, D::Error> {
    let name = String::deserialize(deserializer)?;
    Kind::from_name(&name).ok_or_else(|| D::Error::custom("a kind of job that is not known here"))
}
