//! By what a picture is known again in a later run.

use std::fmt::Write as _;
use std::path::Path;

use image_intelligence_core::ImageRequest;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// By what a picture is known again: its URL, a file by its path, size and time of change, or what its bytes are; and the
/// name that the caller gave it. A file that was changed is another picture.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Key {
    #[serde(flatten)]
    of: Of,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    custom_id: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
enum Of {
    Url(String),
    File(Change),
    Sha256(String),
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
struct Change {
    path: String,
    size: u64,
    /// In nanoseconds since 1970; 0 where the system does not say.
    changed: u64,
}

impl Key {
    pub(crate) fn url(url: &str) -> Self {
        Self { of: Of::Url(url.to_owned()), custom_id: None }
    }

    pub(crate) fn file(path: &Path, about: &std::fs::Metadata) -> Self {
        let whole = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        let changed = about.modified().ok().and_then(|time| time.duration_since(std::time::UNIX_EPOCH).ok());
        let changed = changed.map_or(0, |since| u64::try_from(since.as_nanos()).unwrap_or(u64::MAX));
        let change = Change { path: whole.to_string_lossy().into_owned(), size: about.len(), changed };
        Self { of: Of::File(change), custom_id: None }
    }

    /// Takes as long as the bytes are many.
    pub(crate) fn bytes(bytes: &[u8]) -> Self {
        Self { of: Of::Sha256(hex(&Sha256::digest(bytes))), custom_id: None }
    }

    pub(crate) fn named(self, custom_id: Option<String>) -> Self {
        Self { custom_id, ..self }
    }

    /// The picture as it was sent, as far as a result is tied to it.
    pub(crate) fn sent(&self) -> ImageRequest {
        let request = match &self.of {
            Of::Url(url) => ImageRequest::url(url),
            Of::File(_) | Of::Sha256(_) => ImageRequest::default(),
        };
        match &self.custom_id {
            Some(id) => request.custom_id(id),
            None => request,
        }
    }
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}
