//! Every row of a recognition search, beyond the 200 that limit and offset reach: narrowed by time, doubles dropped.

use std::collections::{HashMap, VecDeque};
use std::fmt;

use futures_core::Stream;
use image_intelligence_core::{
    Error, ErrorKind, FaceGroup, FaceImage, Identity, RecognitionSearch, RecognizeJob, Result, SortOrder, Timestamp,
};

use crate::client::Client;
use crate::kind::Place;
use crate::recognition::{self, Room};

/// What a recognition search finds.
pub trait Row: sealed::Sealed + Send + Sized + 'static {
    #[doc(hidden)]
    fn read_list(json: &[u8]) -> Result<Vec<Self>>;
    /// What tells it from every other row.
    #[doc(hidden)]
    fn key(&self) -> String;
    #[doc(hidden)]
    fn made_at(&self) -> Option<Timestamp>;
}

mod sealed {
    pub trait Sealed {}
}

macro_rules! row {
    ($model:ident, $id:expr) => {
        impl sealed::Sealed for $model {}
        impl Row for $model {
            fn read_list(json: &[u8]) -> Result<Vec<Self>> {
                Self::list_from_json(json)
            }

            fn key(&self) -> String {
                let id: fn(&Self) -> Option<String> = $id;
                id(self).or_else(|| self.raw.as_str().map(str::to_owned)).unwrap_or_default()
            }

            fn made_at(&self) -> Option<Timestamp> {
                self.created_at
            }
        }
    };
}
row!(RecognizeJob, |job| Some(job.id.clone()));
row!(Identity, |identity| Some(identity.id.clone()));
row!(FaceImage, |image| image.id.clone());
row!(FaceGroup, |group| group.id.clone());

/// Rows of a page where the caller does not say.
const PAGE: u32 = 100;

/// Every row that a search is after, each once, in the order that the search asks for.
///
/// A page is fetched when the rows before it have been taken. A row that is made meanwhile may be among them or not; one
/// that is deleted while they are fetched may hide another of the same page.
#[must_use = "rows are fetched as they are asked for"]
pub struct Rows<R> {
    client: Client,
    namespace: String,
    room: Room,
    search: RecognitionSearch,
    ready: VecDeque<R>,
    /// Rows of the window that have been seen, and when they were made.
    seen: HashMap<String, Option<Timestamp>>,
    /// Whether the window's second page is next.
    second: bool,
    ended: bool,
}

impl<R> fmt::Debug for Rows<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rows").field("of", &self.room.1).field("search", &self.search).finish_non_exhaustive()
    }
}

impl<R: Row> Rows<R> {
    pub(crate) fn new(client: Client, namespace: String, room: Room, search: RecognitionSearch) -> Self {
        let (ready, seen) = (VecDeque::new(), HashMap::new());
        Self { client, namespace, room, search, ready, seen, second: false, ended: false }
    }

    /// The next row; `None` after the last. After an error there is nothing more.
    ///
    /// Fails with `invalid_request` for a search with an offset, which is ours to choose; with `invalid_response` where more
    /// than 200 rows were made in one millisecond or a full page does not say when its rows were made, so that the rest
    /// cannot be reached; and as every read does.
    pub async fn next(&mut self) -> Option<Result<R>> {
        while self.ready.is_empty() && !self.ended {
            if let Err(error) = self.fetch().await {
                self.ended = true;
                return Some(Err(error));
            }
        }
        self.ready.pop_front().map(Ok)
    }

    /// The next rows, as many as one request brought; `None` after the last. For languages that cross a border for each.
    #[doc(hidden)]
    pub async fn next_page(&mut self) -> Result<Option<Vec<R>>> {
        let Some(first) = self.next().await else { return Ok(None) };
        let mut page = vec![first?];
        page.extend(std::mem::take(&mut self.ready));
        Ok(Some(page))
    }

    /// All of them at once.
    pub async fn collect(mut self) -> Result<Vec<R>> {
        let mut rows = Vec::new();
        while let Some(row) = self.next().await {
            rows.push(row?);
        }
        Ok(rows)
    }

    /// The same as a stream.
    pub fn into_stream(self) -> impl Stream<Item = Result<R>> + Send {
        futures_util::stream::unfold(self, |mut rows| async move {
            let row = rows.next().await?;
            Some((row, rows))
        })
    }

    async fn fetch(&mut self) -> Result<()> {
        if self.search.offset.is_some_and(|offset| offset > 0) {
            let problem = "given, where every row is asked for; leave it out, or search page by page";
            return Err(Error::invalid_request("offset", problem));
        }
        let limit = self.search.limit.unwrap_or(PAGE);
        let page = self.search.clone().limit(limit).offset(if self.second { limit } else { 0 });
        let inner = self.client.inner();
        let at = Place { base: &inner.base, namespace: Some(&self.namespace), limits: &inner.limits };
        let (room, what, template) = self.room;
        let request = recognition::search(&at, room, what, template, &page)?;
        let rows = inner.read(&request, R::read_list).await?;
        let (full, mut news) = (rows.len() >= limit as usize, false);
        for row in rows {
            if self.seen.insert(row.key(), row.made_at()).is_none() {
                news = true;
                self.ready.push_back(row);
            }
        }
        // A server may give fewer than it was asked for, so only a page without news is the last.
        if !self.second && full && limit <= PAGE {
            self.second = true;
        } else if news || self.second && full {
            self.narrow(full)?;
        } else {
            self.ended = true;
        }
        Ok(())
    }

    /// Moves the window on to the moment at which the last row was made.
    fn narrow(&mut self, full: bool) -> Result<()> {
        let ascending = self.search.sort_by == Some(SortOrder::Asc);
        let made = self.seen.values().flatten();
        let edge = if ascending { made.max() } else { made.min() }.copied();
        let old = if ascending { self.search.start } else { self.search.end };
        match edge {
            Some(edge) if old != Some(edge) => {
                if ascending {
                    self.search.start = Some(edge);
                } else {
                    self.search.end = Some(edge);
                }
                // The window's bound may be included, so rows of that moment may come again.
                self.seen.retain(|_, made| made.is_none_or(|made| made == edge));
                self.second = false;
                Ok(())
            }
            _ if !full => {
                self.ended = true;
                Ok(())
            }
            edge => {
                let why = match edge {
                    Some(_) => "more rows were made in one millisecond than a search can reach",
                    None => "its rows do not say when they were made, so the rest cannot be reached",
                };
                let message = format!("search of {}: {why}; ask for fewer, by feedIds, customIds or ids", self.room.1);
                Err(Error::new(ErrorKind::InvalidResponse, message))
            }
        }
    }
}
