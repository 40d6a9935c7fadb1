//! The requests of the scheduler: one job, or a stretch of time.

use std::time::Duration;

use bytes::Bytes;
use image_intelligence_core::{
    AnyJob, Brought, Error, ErrorKind, JobBrief, JobSearch, JobStatus, Kind, Result, RetryPolicy, RowSplitter, Ticket,
    Window,
};

use crate::client::{Client, Inner};
use crate::http::{Failed, Sink};
use crate::jobs::Jobs;
use crate::kind::{JobKind, Place};
use crate::source::of_kind;

/// What a look at one job showed: its status, and the job where it is done or all of it is wanted.
pub(crate) type Sight = Result<(JobStatus, Option<Box<AnyJob>>)>;

/// What a search showed of our jobs, and whether it went well.
pub(super) struct Swept {
    pub(super) window: Window,
    pub(super) seen: Vec<(Ticket, JobStatus, Option<Box<AnyJob>>)>,
    pub(super) brought: Brought,
    pub(super) result: Result<()>,
}

/// A look is tried once, and no pause is made for a 429 either: the wait around it is what tries again.
fn once() -> RetryPolicy {
    let mut policy = RetryPolicy::never();
    policy.budget = Duration::ZERO;
    policy
}

/// Asks for one job.
pub(super) async fn look(
    client: &Client,
    kind: Kind,
    namespace: Option<String>,
    id: &str,
    all: bool,
    allowed: Duration,
) -> Sight {
    let looked = async {
        let client = client.clone();
        of_kind!(kind, K => Jobs::<K>::new(client, namespace).brief(id, all, &once()).await)
    };
    let late = || Error::new(ErrorKind::RequestTimeout, format!("{kind} job {id}: no answer in time"));
    tokio::time::timeout(allowed, looked).await.unwrap_or_else(|_| Err(late()))
}

/// Asks for every job of a stretch of time, and keeps ours.
pub(super) async fn sweep(
    client: &Client,
    kind: Kind,
    namespace: Option<String>,
    window: Window,
    allowed: Duration,
) -> Swept {
    let inner = client.inner();
    let place = Place { base: &inner.base, namespace: namespace.as_deref(), limits: &inner.limits };
    let made = JobSearch::new().after(window.after).before(window.before);
    let policy = once();
    let request = of_kind!(kind, K => K::search(&place, &K::search_of(made)));
    let mut rows =
        Rows { inner, kind, place: window.place, splitter: RowSplitter::new(), seen: Vec::new(), too_large: false };
    let result = match request {
        Ok(request) => {
            let swept = inner.caller.stream(&request, &policy, &mut rows);
            let late = || Error::new(ErrorKind::RequestTimeout, format!("{}: no answer in time", request.what));
            let swept = tokio::time::timeout(allowed, swept).await;
            swept.map_or_else(|_| Err(late()), |swept| swept.map_err(|failed| failed.error))
        }
        Err(error) => Err(error),
    };
    let result = if rows.too_large { Ok(()) } else { result.and_then(|()| rows.splitter.finish()) };
    let brought = Brought { rows: rows.splitter.rows(), bytes: rows.splitter.bytes(), too_large: rows.too_large };
    Swept { window, seen: rows.seen, brought, result }
}

/// The rows of an answer, of which only ours are kept.
struct Rows<'a> {
    inner: &'a Inner,
    kind: Kind,
    place: usize,
    splitter: RowSplitter,
    seen: Vec<(Ticket, JobStatus, Option<Box<AnyJob>>)>,
    too_large: bool,
}

impl Sink for Rows<'_> {
    fn begin(&mut self) {
        self.splitter = RowSplitter::new();
        self.seen.clear();
    }

    fn take(&mut self, what: &str, piece: Bytes) -> Result<(), Failed> {
        let (scheduler, seen, kind, place) = (&self.inner.scheduler, &mut self.seen, self.kind, self.place);
        let most = scheduler.policy.largest_answer;
        let read = self.splitter.push(&piece, |row| {
            let Ok(JobBrief { id, status, .. }) = JobBrief::from_json(row) else { return };
            let Some((ticket, all)) = scheduler.ticket(place, &id) else { return };
            if status.is_done() || all {
                // A row that cannot be read is a job that was not seen.
                if let Ok(job) = AnyJob::from_json(kind, row) {
                    seen.push((ticket, status, Some(Box::new(job))));
                }
            } else {
                seen.push((ticket, status, None));
            }
        });
        if let Err(error) = read {
            return Err(Failed { error, failure: image_intelligence_core::Failure::Unreadable });
        }
        if self.splitter.bytes() > most {
            self.too_large = true;
            return Err(crate::http::endless(what, most));
        }
        Ok(())
    }
}
