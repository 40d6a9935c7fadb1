//! JSON kept as it came.

use std::fmt;
use std::sync::Arc;

/// The JSON that a model was read from. Two models are equal where what we understand of them is, so this is left out of
/// comparisons.
///
/// ```
/// use image_intelligence_core::DetectJob;
///
/// let job = DetectJob::from_json(br#"{"id": "1", "status": "IN_PROGRESS", "queue": {"position": 7}}"#)?;
/// assert_eq!(job.raw.field("queue").as_deref(), Some(r#"{"position": 7}"#));
/// # Ok::<(), image_intelligence_core::Error>(())
/// ```
#[derive(Clone, Default)]
pub struct Raw(Option<Arc<str>>);

impl Raw {
    pub(crate) fn new(text: &str) -> Self {
        Self(Some(text.into()))
    }

    /// The whole JSON; `None` for a model that was not read from any.
    pub fn as_str(&self) -> Option<&str> {
        self.0.as_deref()
    }

    /// The JSON of one top-level field as it came, known to this version or not; the last where there are several.
    pub fn field(&self, key: &str) -> Option<String> {
        crate::json::field(self.as_str()?, key).map(str::to_owned)
    }
}

/// Shows the JSON without the tokens of callback URLs.
impl fmt::Debug for Raw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Raw").field(&self.as_str().map(crate::shown::without_tokens)).finish()
    }
}

impl PartialEq for Raw {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}
