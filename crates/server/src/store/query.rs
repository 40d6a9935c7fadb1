//! What a search is after, whichever of the API's two forms it came in: tried on a job in memory, or told as SQL.

use std::fmt::Write as _;

use image_intelligence_core::{JobSearch, NameFilter, RecognitionSearch, SortOrder, Timestamp};
use rusqlite::types::Value;

use super::MOST_FOUND;
use crate::job::Job;

/// Both bounds of time are included: the contract leaves it open for jobs, and a row that comes twice does less harm than
/// one that never comes.
#[derive(Debug, Clone)]
pub(crate) struct Query {
    pub(super) custom_ids: NameFilter,
    pub(super) feed_ids: NameFilter,
    pub(super) ids: Option<Vec<String>>,
    pub(super) start: Option<Timestamp>,
    pub(super) end: Option<Timestamp>,
    /// Which end of the rows is counted from.
    pub(super) newest_first: bool,
    /// Whether they are turned round in the end.
    pub(super) reversed: bool,
    pub(super) offset: usize,
    pub(super) limit: usize,
}

impl From<JobSearch> for Query {
    /// The newest, in the order in which they were made.
    fn from(search: JobSearch) -> Self {
        let named = |name: Option<String>| name.map_or(NameFilter::Any, |name| NameFilter::OneOf(vec![name]));
        Self {
            custom_ids: named(search.custom_id),
            feed_ids: named(search.feed_id),
            ids: None,
            start: search.after,
            end: search.before,
            newest_first: true,
            reversed: true,
            offset: 0,
            limit: MOST_FOUND,
        }
    }
}

impl From<RecognitionSearch> for Query {
    fn from(search: RecognitionSearch) -> Self {
        Self {
            custom_ids: search.custom_ids,
            feed_ids: search.feed_ids,
            ids: search.ids,
            start: search.start,
            end: search.end,
            newest_first: search.sort_by != Some(SortOrder::Asc),
            reversed: false,
            offset: search.offset.unwrap_or_default() as usize,
            limit: search.limit.unwrap_or(RecognitionSearch::DEFAULT_LIMIT) as usize,
        }
    }
}

impl Query {
    pub(super) fn takes(&self, job: &Job) -> bool {
        let options = job.request.options();
        self.custom_ids.takes(options.custom_id.as_deref())
            && self.feed_ids.takes(options.feed_id.as_deref())
            && self.ids.as_ref().is_none_or(|ids| ids.contains(&job.id))
            && self.start.is_none_or(|start| job.created_at >= start)
            && self.end.is_none_or(|end| job.created_at <= end)
    }

    /// The rows of `rows`, which come oldest first, that this is after.
    pub(super) fn pick<T>(&self, rows: impl DoubleEndedIterator<Item = T>) -> Vec<T> {
        let mut picked: Vec<T> = if self.newest_first {
            rows.rev().skip(self.offset).take(self.limit).collect()
        } else {
            rows.skip(self.offset).take(self.limit).collect()
        };
        if self.reversed {
            picked.reverse();
        }
        picked
    }
}

/// Where a row has its name: in a column, or in those of the faces that are its own.
#[derive(Clone, Copy)]
pub(super) enum NameIn {
    Column(&'static str),
    Faces {
        /// What ties a face to the row.
        tie: &'static str,
        column: &'static str,
    },
}

/// The end of a `SELECT`, with its values. Each condition is there only where it is asked for: the planner then sees which
/// index serves.
pub(super) struct Conditions {
    pub(super) sql: String,
    pub(super) values: Vec<Value>,
}

impl Conditions {
    /// Rows of one owner.
    pub(super) fn of(owner: &str) -> Self {
        Self { sql: "owner = ?".to_owned(), values: vec![owner.to_owned().into()] }
    }

    pub(super) fn and(mut self, condition: &str, value: impl Into<Value>) -> Self {
        self.sql += " AND ";
        self.sql += condition;
        self.values.push(value.into());
        self
    }

    /// What a query asks, of a table whose rows have their names there.
    pub(super) fn and_all(mut self, query: &Query, custom_id: NameIn, feed_id: NameIn) -> Self {
        self = self.and_named(&query.custom_ids, custom_id).and_named(&query.feed_ids, feed_id);
        if let Some(ids) = &query.ids {
            let _ = write!(self.sql, " AND id IN ({})", places(ids.len()));
            self.values.extend(ids.iter().cloned().map(Value::from));
        }
        if let Some(start) = query.start {
            self = self.and("created_at >= ?", start.as_millis());
        }
        if let Some(end) = query.end {
            self = self.and("created_at <= ?", end.as_millis());
        }
        let direction = if query.newest_first { "DESC" } else { "ASC" };
        let _ = write!(self.sql, " ORDER BY created_at {direction}, place {direction} LIMIT ? OFFSET ?");
        for number in [query.limit, query.offset] {
            self.values.push(i64::try_from(number).unwrap_or(i64::MAX).into());
        }
        self
    }

    fn and_named(mut self, filter: &NameFilter, place: NameIn) -> Self {
        let condition = match (filter, place) {
            (NameFilter::None, NameIn::Column(column)) => format!("{column} IS NULL"),
            (NameFilter::None, NameIn::Faces { tie, column }) => {
                format!("NOT EXISTS (SELECT 1 FROM face WHERE {tie} AND face.{column} IS NOT NULL)")
            }
            (NameFilter::OneOf(names), NameIn::Column(column)) => format!("{column} IN ({})", places(names.len())),
            (NameFilter::OneOf(names), NameIn::Faces { tie, column }) => {
                format!("EXISTS (SELECT 1 FROM face WHERE {tie} AND face.{column} IN ({}))", places(names.len()))
            }
            _ => return self,
        };
        self.sql += " AND ";
        self.sql += &condition;
        if let NameFilter::OneOf(names) = filter {
            self.values.extend(names.iter().cloned().map(Value::from));
        }
        self
    }
}

fn places(count: usize) -> String {
    vec!["?"; count].join(", ")
}
