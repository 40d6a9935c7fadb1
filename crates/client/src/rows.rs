//! Every row of a recognition search, beyond the 200 that limit and offset reach: narrowed by time, doubles dropped.

use std::collections::VecDeque;
use std::fmt;

use futures_core::Stream;
use image_intelligence_core::{
    Error, FaceGroup, FaceImage, Identity, RecognitionSearch, RecognizeJob, Result, Timestamp,
};

use crate::client::Client;
use crate::kind::Place;
use crate::recognition::{self, Room};
use crate::window::{self, Taken, Walk};

/// What a recognition search finds.
pub trait Row: sealed::Sealed + Send + Sized + 'static {
    #[doc(hidden)]
    fn read_list(json: &[u8]) -> Result<Vec<Self>>;
    /// What tells it from every other row, where it has something.
    #[doc(hidden)]
    fn id(&self) -> Option<&str>;
    /// The row as it came.
    #[doc(hidden)]
    fn text(&self) -> &str;
    #[doc(hidden)]
    fn made_at(&self) -> Option<Timestamp>;
}

mod sealed {
    pub trait Sealed {}
}

macro_rules! row {
    ($model:ident, $row:ident => $id:expr) => {
        impl sealed::Sealed for $model {}
        impl Row for $model {
            fn read_list(json: &[u8]) -> Result<Vec<Self>> {
                Self::list_from_json(json)
            }

            fn id(&self) -> Option<&str> {
                let $row = self;
                $id
            }

            fn text(&self) -> &str {
                self.raw.as_str().unwrap_or_default()
            }

            fn made_at(&self) -> Option<Timestamp> {
                self.created_at
            }
        }
    };
}
row!(RecognizeJob, job => Some(&job.id));
row!(Identity, identity => Some(&identity.id));
row!(FaceImage, image => image.id.as_deref().filter(|id| !id.is_empty()));
row!(FaceGroup, group => group.id.as_deref().filter(|id| !id.is_empty()));

/// Rows of a page where the caller does not say.
const PAGE: u32 = 100;

/// Every row that a search is after, each once, in the order that the search asks for.
///
/// The search's `limit` says how many come with one request, 100 where it says nothing. A page is fetched when the rows
/// before it have been taken. A row that is made meanwhile may be among them or not.
///
/// ```
/// use image_intelligence::{Client, RecognitionSearch};
/// # use image_intelligence::IdentityRequest;
/// # use image_intelligence_server::Server;
/// # tokio::runtime::Runtime::new().unwrap().block_on(async {
/// # let server = Server::builder().start().await?;
/// # let client = Client::builder().base_url(server.base_url()).credentials("local", "local").build()?;
/// # client.recognition("staff").identities().create(IdentityRequest::new().custom_id("ann")).await?;
/// # let mut names = Vec::new();
/// let mut rows = client.recognition("staff").identities().all(RecognitionSearch::new());
/// while let Some(identity) = rows.next().await {
///     let identity = identity?;
///     println!("{}", identity.id);
/// #   names.extend(identity.custom_id);
/// }
/// # assert_eq!(names, ["ann"]);
/// # Ok::<(), image_intelligence::Error>(())
/// # }).unwrap();
/// ```
#[must_use = "rows are fetched as they are asked for"]
pub struct Rows<R> {
    client: Client,
    namespace: String,
    room: Room,
    search: RecognitionSearch,
    walk: Option<Walk>,
    ready: VecDeque<R>,
    /// What follows the rows that are ready.
    failed: Option<Error>,
    ended: bool,
}

impl<R> fmt::Debug for Rows<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rows").field("of", &self.room.1).field("search", &self.search).finish_non_exhaustive()
    }
}

impl<R: Row> Rows<R> {
    pub(crate) fn new(client: Client, namespace: String, room: Room, search: RecognitionSearch) -> Self {
        Self { client, namespace, room, search, walk: None, ready: VecDeque::new(), failed: None, ended: false }
    }

    /// The next row; `None` after the last. After an error there is nothing more. A call that is dropped half-way loses
    /// nothing.
    ///
    /// Fails with `invalid_request` for a search with an offset, which is ours to choose; with `invalid_response`, once every
    /// row has been given that can be reached, where 200 rows or more were made in one millisecond, or where more than that
    /// do not say when they were made; and as every read does.
    pub async fn next(&mut self) -> Option<Result<R>> {
        loop {
            if let Some(row) = self.ready.pop_front() {
                return Some(Ok(row));
            }
            if let Some(error) = self.failed.take() {
                return Some(Err(error));
            }
            if self.ended {
                return None;
            }
            if let Err(error) = self.fetch().await {
                self.ended = true;
                self.failed = Some(error);
            }
        }
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
        let inner = self.client.inner();
        let walk = if let Some(walk) = &mut self.walk {
            walk
        } else {
            window::check(&self.search)?;
            let farthest = u32::try_from(inner.limits.search_rows).unwrap_or(u32::MAX);
            let limit = self.search.limit.unwrap_or(PAGE.min(farthest));
            self.walk.insert(Walk::new(self.search.clone(), limit, farthest))
        };
        let at = Place { base: &inner.base, namespace: Some(&self.namespace), limits: &inner.limits };
        let (room, what, template) = self.room;
        let request = recognition::search(&at, room, what, template, &walk.page())?;
        let rows = inner.read(&request, R::read_list).await?;
        let news = match walk.take(rows, what) {
            Taken::Rows(news) => news,
            Taken::Last(news) => {
                self.ended = true;
                news
            }
            Taken::Stuck(news, error) => {
                self.ended = true;
                self.failed = Some(error);
                news
            }
        };
        self.ready.extend(news);
        Ok(())
    }
}
