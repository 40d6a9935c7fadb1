//! Searching for jobs on the simulated server, well and badly.

use std::time::Duration;

use image_intelligence::{Kind, Timestamp};
use serde_json::Value;

use crate::chance::Chance;
use crate::jobs::Job;
use crate::server::Asked;

/// Which rows a capped search gives.
#[derive(Clone, Copy, PartialEq, Default, Debug)]
pub enum Which {
    #[default]
    Newest,
    Oldest,
    Any,
}

/// How searches are answered.
#[derive(Clone, Copy, Default, Debug)]
pub struct Searching {
    /// At most so many rows.
    pub cap: Option<usize>,
    pub which: Which,
    /// Share of searches that leave out one row.
    pub omits: f64,
    pub unordered: bool,
    /// Share of searches that give a row twice.
    pub doubles: f64,
    /// Whether `before` and `after` include their moment.
    pub inclusive: bool,
}

/// What is searched for.
#[derive(Default, Debug)]
pub struct Search {
    names: Option<Vec<String>>,
    feeds: Option<Vec<String>>,
    ids: Option<Vec<String>>,
    after: Option<i64>,
    before: Option<i64>,
    /// The rows of a page, and how many go before it.
    page: Option<(usize, usize)>,
    ascending: bool,
}

impl Search {
    pub fn of(asked: &Asked<'_>) -> Self {
        if asked.post { Self::of_body(asked.body) } else { Self::of_query(&asked.query) }
    }

    fn of_query(query: &[(String, String)]) -> Self {
        let mut search = Self { ascending: true, ..Self::default() };
        for (key, value) in query {
            let moment = || value.parse().ok().map(|number| Timestamp::from_wire(number).as_millis());
            match key.as_str() {
                "customId" => search.names = Some(vec![value.clone()]),
                "feedId" => search.feeds = Some(vec![value.clone()]),
                "after" => search.after = moment(),
                "before" => search.before = moment(),
                _ => {}
            }
        }
        search
    }

    fn of_body(body: &[u8]) -> Self {
        let body = serde_json::from_slice::<Value>(body).unwrap_or_default();
        let list = |key: &str| {
            let items = body[key].as_array()?;
            Some(items.iter().filter_map(Value::as_str).map(str::to_owned).collect())
        };
        let moment = |key: &str| body[key].as_i64().map(|number| Timestamp::from_wire(number).as_millis());
        let count = |key: &str, unsaid, most| body[key].as_u64().unwrap_or(unsaid).min(most) as usize;
        Self {
            names: list("customIds"),
            feeds: list("feedIds"),
            ids: list("ids"),
            after: moment("start"),
            before: moment("end"),
            page: Some((count("limit", 20, 100), count("offset", 0, 100))),
            ascending: body["sortBy"] == "ASC",
        }
    }

    pub fn is_by_name(&self) -> bool {
        self.names.is_some()
    }

    /// The places of what is found.
    pub fn run(
        &self,
        jobs: &[Job],
        kind: Kind,
        namespace: Option<&str>,
        now: Duration,
        how: &Searching,
        chance: &mut Chance,
    ) -> Vec<usize> {
        let mut found = self.all(jobs, kind, namespace, now, how.inclusive);
        if chance.happens(how.omits) && !found.is_empty() {
            found.remove(chance.below(found.len()));
        }
        if let Some(cap) = how.cap
            && found.len() > cap
        {
            match how.which {
                Which::Oldest => found.truncate(cap),
                Which::Newest => drop(found.drain(..found.len() - cap)),
                Which::Any => {
                    chance.shuffle(&mut found);
                    found.truncate(cap);
                    found.sort_unstable();
                }
            }
        }
        if !self.ascending {
            found.reverse();
        }
        if let Some((limit, offset)) = self.page {
            found = found.into_iter().skip(offset).take(limit).collect();
        }
        if chance.happens(how.doubles) && !found.is_empty() {
            found.push(found[chance.below(found.len())]);
        }
        if how.unordered {
            chance.shuffle(&mut found);
        }
        found
    }

    /// Everything that fits, the oldest first.
    fn all(&self, jobs: &[Job], kind: Kind, namespace: Option<&str>, now: Duration, inclusive: bool) -> Vec<usize> {
        // Jobs lie in the order of their making.
        let widen = i64::from(!inclusive);
        let from = self.after.map_or(0, |after| jobs.partition_point(|job| job.created < after + widen));
        let to = self.before.map_or(jobs.len(), |before| jobs.partition_point(|job| job.created <= before - widen));
        let within = |list: &Option<Vec<String>>, value: Option<&String>| {
            list.as_ref().is_none_or(|list| value.is_some_and(|value| list.contains(value)))
        };
        let fits = |job: &Job| {
            job.kind == kind
                && job.namespace.as_deref() == namespace
                && job.is_found(now)
                && within(&self.names, job.custom_id.as_ref())
                && within(&self.feeds, job.feed_id.as_ref())
                && within(&self.ids, Some(&job.id))
        };
        (from..to.max(from)).filter(|place| fits(&jobs[*place])).collect()
    }
}
