//! Searches among what recognition keeps.

use serde::de::{Unexpected, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::open_enum::open_enum;
use crate::request::at_most_or_none;
use crate::validate::Field;
use crate::{Limits, Result, Timestamp};

open_enum! {
    /// In which order of their making rows come.
    pub enum SortOrder {
        /// The oldest first.
        Asc = "ASC",
        /// The newest first.
        Desc = "DESC",
    }
}

#[expect(clippy::derivable_impls, reason = "the macro that makes the enum has no place for the mark")]
impl Default for SortOrder {
    fn default() -> Self {
        Self::Desc
    }
}

/// Which names a row may have.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[cfg_attr(feature = "uniffi", derive(uniffi::Enum))]
#[non_exhaustive]
pub enum NameFilter {
    /// Any, or none: the key is left out.
    #[default]
    Any,
    /// Only rows that have none: `null`.
    None,
    /// Only rows that have one of these.
    OneOf(#[cfg_attr(feature = "uniffi", uniffi(name = "names"))] Vec<String>),
}

impl NameFilter {
    fn is_any(&self) -> bool {
        *self == Self::Any
    }

    /// Whether a row of this name passes.
    pub fn takes(&self, name: Option<&str>) -> bool {
        match self {
            Self::Any => true,
            Self::None => name.is_none(),
            Self::OneOf(names) => name.is_some_and(|name| names.iter().any(|one| one == name)),
        }
    }

    fn check(&self, field: &str, limits: &Limits) -> Result<()> {
        if let Self::OneOf(names) = self { Field::new(field).ids(names, limits.search_names) } else { Ok(()) }
    }
}

impl Serialize for NameFilter {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::OneOf(names) => names.serialize(serializer),
            Self::Any | Self::None => serializer.serialize_none(),
        }
    }
}

impl<'de> Deserialize<'de> for NameFilter {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(at_most_or_none::<1024, _, _>(deserializer)?.map_or(Self::None, Self::OneOf))
    }
}

/// The body of a recognition search: for jobs, identities, pictures or groups.
///
/// Offset and limit reach 200 rows; beyond, narrow by time.
///
/// ```
/// use image_intelligence_core::RecognitionSearch;
///
/// let unnamed = RecognitionSearch::new().limit(100).without_custom_id();
/// assert_eq!(serde_json::to_string(&unnamed).unwrap(), r#"{"limit":100,"customIds":null}"#);
/// // Leaving a key out is another thing than null.
/// assert_eq!(serde_json::to_string(&RecognitionSearch::new()).unwrap(), "{}");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", expecting = "an object with the conditions of a search")]
#[cfg_attr(feature = "uniffi", derive(uniffi::Record))]
#[non_exhaustive]
pub struct RecognitionSearch {
    /// At most so many rows, 1 to 100; 20 where it is not given.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "rows")]
    pub limit: Option<u32>,
    /// How many rows to pass over, 0 to 100.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "rows")]
    pub offset: Option<u32>,
    /// Made at this moment or later.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start: Option<Timestamp>,
    /// Made at this moment or before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end: Option<Timestamp>,
    /// In which order of their making; the newest first where it is not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sort_by: Option<SortOrder>,
    /// Only those of these ids, at most 100.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "at_most_or_none::<1024, _, _>")]
    pub ids: Option<Vec<String>>,
    /// Which cameras or sources, at most 20.
    #[serde(default, skip_serializing_if = "NameFilter::is_any")]
    pub feed_ids: NameFilter,
    /// Which of the caller's names, at most 20.
    #[serde(default, skip_serializing_if = "NameFilter::is_any")]
    pub custom_ids: NameFilter,
}

/// Reads a number of rows, with an error that speaks of rows and not of Rust's integers.
fn rows<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u32>, D::Error> {
    struct Rows;

    impl Visitor<'_> for Rows {
        type Value = u32;

        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("a whole number of rows")
        }

        fn visit_u64<E: serde::de::Error>(self, rows: u64) -> Result<u32, E> {
            u32::try_from(rows).map_err(|_| E::invalid_value(Unexpected::Unsigned(rows), &self))
        }

        fn visit_i64<E: serde::de::Error>(self, rows: i64) -> Result<u32, E> {
            u32::try_from(rows).map_err(|_| E::invalid_value(Unexpected::Signed(rows), &self))
        }
    }

    struct Given(u32);

    impl<'de> Deserialize<'de> for Given {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            deserializer.deserialize_u32(Rows).map(Self)
        }
    }

    Ok(Option::<Given>::deserialize(deserializer)?.map(|given| given.0))
}

impl RecognitionSearch {
    /// Rows where no limit is given.
    pub const DEFAULT_LIMIT: u32 = 20;

    /// Everything, the newest first.
    pub fn new() -> Self {
        Self::default()
    }

    /// At most so many rows, 1 to 100.
    pub fn limit(mut self, rows: u32) -> Self {
        self.limit = Some(rows);
        self
    }

    /// Passes over so many rows, 0 to 100.
    pub fn offset(mut self, rows: u32) -> Self {
        self.offset = Some(rows);
        self
    }

    /// Made at this moment or later.
    pub fn start(mut self, moment: Timestamp) -> Self {
        self.start = Some(moment);
        self
    }

    /// Made at this moment or before.
    pub fn end(mut self, moment: Timestamp) -> Self {
        self.end = Some(moment);
        self
    }

    /// Says in which order rows come.
    pub fn sort_by(mut self, order: SortOrder) -> Self {
        self.sort_by = Some(order);
        self
    }

    /// Only those of these ids, at most 100.
    pub fn ids(mut self, ids: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.ids = Some(ids.into_iter().map(Into::into).collect());
        self
    }

    /// Only those of these cameras or sources, at most 20.
    pub fn feed_ids(mut self, ids: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.feed_ids = NameFilter::OneOf(ids.into_iter().map(Into::into).collect());
        self
    }

    /// Only those of no camera or source.
    pub fn without_feed_id(mut self) -> Self {
        self.feed_ids = NameFilter::None;
        self
    }

    /// Only those with one of the caller's names, at most 20.
    pub fn custom_ids(mut self, ids: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.custom_ids = NameFilter::OneOf(ids.into_iter().map(Into::into).collect());
        self
    }

    /// Only those to which the caller gave no name.
    pub fn without_custom_id(mut self) -> Self {
        self.custom_ids = NameFilter::None;
        self
    }

    /// Reads a search from JSON, strictly. Fails with `invalid_request`, naming the place of what is wrong in it.
    pub fn from_json(json: &[u8]) -> Result<Self> {
        crate::request::from_json(json)
    }

    /// The body as it travels.
    pub fn to_json(&self) -> Vec<u8> {
        crate::job::to_json(self)
    }

    /// Checks it against the API's limits. The error names the field, the limit and what was given.
    pub fn validate(&self, limits: &Limits) -> Result<()> {
        let most = limits.search_rows;
        let within = |field: &str, given: Option<u32>, least: u32| match given {
            Some(rows) if rows < least || rows as usize > most => {
                let problem =
                    format_args!("{rows} given, {least} to {most} wanted; to reach more, narrow by start and end");
                Field::new(field).refuse(problem)
            }
            _ => Ok(()),
        };
        within("limit", self.limit, 1)?;
        within("offset", self.offset, 0)?;
        if let (Some(start), Some(end)) = (self.start, self.end)
            && start > end
        {
            return Field::new("start").refuse("later than end; nothing was made in between");
        }
        if let Some(order) = &self.sort_by
            && !order.is_known()
        {
            let order = crate::validate::excerpt(order.as_str());
            return Field::new("sortBy").refuse(format_args!("\"{order}\" given, one of ASC, DESC wanted"));
        }
        if let Some(ids) = &self.ids {
            Field::new("ids").ids(ids, limits.search_rows)?;
        }
        self.feed_ids.check("feedIds", limits)?;
        self.custom_ids.check("customIds", limits)
    }
}
