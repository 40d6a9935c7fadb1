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

    /// The same whatever way leads to the file. Blocks.
    pub(crate) fn file(path: &Path, about: &std::fs::Metadata) -> Self {
        let whole = std::fs::canonicalize(path).or_else(|_| std::path::absolute(path));
        let whole = whole.unwrap_or_else(|_| path.to_owned());
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

#[cfg(test)]
mod tests {
    use super::Key;

    #[test]
    fn one_file_is_one_picture_whatever_way_leads_to_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.jpg");
        std::fs::write(&path, b"a").unwrap();
        std::fs::create_dir(folder.path().join("b")).unwrap();
        let about = std::fs::metadata(&path).unwrap();
        let (straight, round) = (Key::file(&path, &about), Key::file(&folder.path().join("b/../a.jpg"), &about));
        assert!(straight == round);
        std::fs::write(folder.path().join("b/a.jpg"), b"a").unwrap();
        assert!(straight != Key::file(&folder.path().join("b/a.jpg"), &about));
    }
}
