//! Which jobs a search is after.

use crate::Timestamp;

/// A search for jobs: every condition that is given must hold; none gives every job.
///
/// There is no paging: narrow with `after` and `before`. Whether they include their bound is not promised, so let windows
/// overlap and drop doubles by id.
///
/// ```
/// use image_intelligence_core::{JobSearch, Timestamp};
///
/// let search = JobSearch::new().feed_id("door").after(Timestamp::from_millis(1_487_648_348_000));
/// assert_eq!(search.to_query(), [("feedId", "door".to_owned()), ("after", "1487648348000".to_owned())]);
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct JobSearch {
    /// The caller's name for the job.
    pub custom_id: Option<String>,
    /// Which camera or source the pictures came from.
    pub feed_id: Option<String>,
    /// Made before this moment.
    pub before: Option<Timestamp>,
    /// Made after this moment.
    pub after: Option<Timestamp>,
}

impl JobSearch {
    /// Every job.
    pub fn new() -> Self {
        Self::default()
    }

    /// Jobs that the caller gave this name.
    pub fn custom_id(mut self, id: impl Into<String>) -> Self {
        self.custom_id = Some(id.into());
        self
    }

    /// Jobs of this camera or source.
    pub fn feed_id(mut self, id: impl Into<String>) -> Self {
        self.feed_id = Some(id.into());
        self
    }

    /// Jobs made before this moment.
    pub fn before(mut self, moment: Timestamp) -> Self {
        self.before = Some(moment);
        self
    }

    /// Jobs made after this moment.
    pub fn after(mut self, moment: Timestamp) -> Self {
        self.after = Some(moment);
        self
    }

    /// The query as it travels, not yet escaped.
    pub fn to_query(&self) -> Vec<(&'static str, String)> {
        let moment = |moment: Option<Timestamp>| moment.map(|moment| moment.as_millis().to_string());
        [
            ("customId", self.custom_id.clone()),
            ("feedId", self.feed_id.clone()),
            ("before", moment(self.before)),
            ("after", moment(self.after)),
        ]
        .into_iter()
        .filter_map(|(key, value)| Some((key, value?)))
        .collect()
    }
}
