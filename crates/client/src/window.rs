//! How rows past the reach of limit and offset are found: windows of time, each beginning where the last row was made.
//! Decisions only; nothing is sent here.

use std::collections::HashMap;

use image_intelligence_core::{Error, ErrorKind, RecognitionSearch, Result, SortOrder, Timestamp};

use crate::rows::Row;

/// A walk through all rows of a search.
pub(crate) struct Walk {
    search: RecognitionSearch,
    ascending: bool,
    /// Rows of a page.
    limit: u32,
    /// How many rows a search can pass over.
    farthest: u32,
    window: Window,
    /// Whether a page has come that was short and yet not the last.
    capped: bool,
    /// Whether the server leaves out what was made at the very bound of a window.
    exclusive: bool,
}

/// A stretch of time, from the moment at which the last row of the stretch before it was made.
#[derive(Default)]
struct Window {
    /// That moment; none of the first.
    edge: Option<Timestamp>,
    /// How many rows the next request passes over.
    offset: u32,
    /// How many of its rows have been read, and whether the last page of them was short.
    read: u32,
    short: bool,
    /// The first row of the page before.
    first: Option<String>,
    /// Rows that it may bring again, and when they were made.
    seen: HashMap<String, Option<Timestamp>>,
    /// How many rows without an id have come, by their text.
    unnamed: HashMap<String, u32>,
}

/// What a page brought.
pub(crate) enum Taken<R> {
    /// Rows that had not come before. There may be more.
    Rows(Vec<R>),
    /// The same, and these are the last.
    Last(Vec<R>),
    /// The same, and there may be more, which cannot be reached.
    Stuck(Vec<R>, Error),
}

impl Walk {
    pub(crate) fn new(search: RecognitionSearch, limit: u32, farthest: u32) -> Self {
        let ascending = search.sort_by == Some(SortOrder::Asc);
        let window = Window::default();
        Self { search, ascending, limit, farthest, window, capped: false, exclusive: false }
    }

    /// What to ask for next.
    pub(crate) fn page(&self) -> RecognitionSearch {
        let search = self.search.clone().limit(self.limit).offset(self.window.offset);
        let Some(edge) = self.window.edge.map(Timestamp::as_millis) else { return search };
        // Where the bound itself is left out, the millisecond beyond it is the bound.
        let beyond = i64::from(self.exclusive);
        if self.ascending {
            search.start(Timestamp::from_millis(edge.saturating_sub(beyond)))
        } else {
            search.end(Timestamp::from_millis(edge.saturating_add(beyond)))
        }
    }

    /// Takes what is new of the page, and decides what to ask for next. `what` it is goes into the error.
    pub(crate) fn take<R: Row>(&mut self, rows: Vec<R>, what: &str) -> Taken<R> {
        let times: Vec<_> = rows.iter().filter_map(Row::made_at).collect();
        let (offset, edge) = (self.window.offset, self.window.edge);
        if offset == 0
            && !self.exclusive
            && let Some(edge) = edge
            && !times.contains(&edge)
        {
            // A row was made at this moment, and is not there: nor would others be that have not been seen yet.
            self.exclusive = true;
            return Taken::Rows(Vec::new());
        }
        let Some(first) = rows.first().map(name) else { return Taken::Last(Vec::new()) };
        let count = u32::try_from(rows.len()).unwrap_or(u32::MAX);
        let short = count < self.limit;
        // A server that knows no offset begins anew.
        let again = offset > 0 && self.window.first.as_ref() == Some(&first);
        self.window.first = Some(first);
        let mut news = Vec::new();
        if !again {
            self.capped |= offset > 0 && self.window.short;
            self.keep(rows, &mut news);
            self.window.read = self.window.read.max(offset.saturating_add(count));
            self.window.short = short;
        }

        let in_order = times.windows(2).all(|pair| !self.is_after(pair[0], pair[1]));
        let last = times.last().copied().filter(|_| in_order);
        let moved = last.filter(|last| edge.is_none_or(|edge| self.is_after(*last, edge)));
        let farther = (!again && offset < self.farthest).then(|| offset.saturating_add(count).min(self.farthest));
        match (moved, farther) {
            // Most likely there is nothing more, and a window of its own would only bring the last row once more.
            (_, Some(farther)) if short && !self.capped => self.window.offset = farther,
            (Some(moved), _) if self.is_outside(moved) => return Taken::Last(news),
            (Some(moved), _) => self.narrow(moved),
            (None, Some(farther)) => self.window.offset = farther,
            (None, None) if short && !self.capped => return Taken::Last(news),
            (None, None) => return Taken::Stuck(news, self.unreachable(what, in_order, last.is_some())),
        }
        Taken::Rows(news)
    }

    /// Whether one moment comes after another in the order of the search.
    fn is_after(&self, one: Timestamp, other: Timestamp) -> bool {
        if self.ascending { one > other } else { one < other }
    }

    /// Whether a moment is past the end that the caller set.
    fn is_outside(&self, moment: Timestamp) -> bool {
        let end = if self.ascending { self.search.end } else { self.search.start };
        end.is_some_and(|end| self.is_after(moment, end))
    }

    /// Adds what has not come before.
    fn keep<R: Row>(&mut self, rows: Vec<R>, news: &mut Vec<R>) {
        let Window { edge, offset, read, .. } = self.window;
        for (at, row) in (offset..).zip(rows) {
            let made = row.made_at();
            // A server that knows no bounds brings again what lies before them.
            if let (Some(edge), Some(made)) = (edge, made)
                && self.is_after(edge, made)
                && !is_near(edge, made)
            {
                continue;
            }
            let mut name = name(&row);
            if row.id().is_none() {
                if at < read {
                    continue;
                }
                // Two rows that say the same and have no id are two all the same.
                let nth = self.window.unnamed.entry(name.clone()).or_default();
                *nth += 1;
                name = format!("{nth}{name}");
            }
            if self.window.seen.insert(name, made).is_none() {
                news.push(row);
            }
        }
    }

    /// Moves the window on to the moment at which the last row was made.
    fn narrow(&mut self, edge: Timestamp) {
        let mut seen = std::mem::take(&mut self.window.seen);
        seen.retain(|_, made| made.is_none_or(|made| is_near(made, edge)));
        self.window = Window { edge: Some(edge), seen, ..Window::default() };
    }

    fn unreachable(&self, what: &str, in_order: bool, timed: bool) -> Error {
        let reach = self.farthest.saturating_add(self.limit);
        let why = match (in_order, timed) {
            (false, _) => "its rows are not in the order of their making".to_owned(),
            (_, false) => "its rows do not say when they were made".to_owned(),
            _ => format!("{reach} rows or more were made in one millisecond"),
        };
        let message = format!(
            "search of {what}: {why}, so that the rest cannot be reached; ask for fewer, by feedIds, customIds or ids"
        );
        Error::new(ErrorKind::InvalidResponse, message)
    }
}

/// Whether two moments are so near that a window of the one may bring rows of the other.
fn is_near(one: Timestamp, other: Timestamp) -> bool {
    one.as_millis().abs_diff(other.as_millis()) <= 1
}

/// What tells a row from others: its id, or all that it says.
fn name<R: Row>(row: &R) -> String {
    row.id().map_or_else(|| format!(" {}", row.text()), |id| format!("#{id}"))
}

/// Checks that the place where rows begin is ours to choose.
pub(crate) fn check(search: &RecognitionSearch) -> Result<()> {
    if search.offset.is_some_and(|offset| offset > 0) {
        let problem = "given, where every row is asked for; leave it out, or search page by page";
        return Err(Error::invalid_request("offset", problem));
    }
    Ok(())
}
