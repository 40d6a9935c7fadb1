//! Any number of pictures: cut into jobs, a few of which are in flight at a time, each result tied to its picture.
//!
//! Nothing runs on its own but what is in flight: inputs are read and jobs are sent when results are asked for. So whoever
//! takes results slowly is sent no more of them than he takes.

mod batch;
mod builder;
mod calls;
mod course;
mod earlier;
mod engine;
mod feed;
mod forming;
mod item;
mod key;
mod look;
mod manifest;
mod parts;
mod ready;
mod run;
mod settle;
mod unsettled;

use std::fmt;

use futures_core::Stream;

use crate::kind::JobKind;

pub use builder::AllBuilder;
pub(crate) use engine::Engine;
pub(crate) use feed::{Feed, Source};
pub use item::{Item, Progress};
pub(crate) use run::Control;

/// The results of any number of pictures: `client.detect_all(images).start()`.
///
/// Dropping it reads and sends no more; a job that is just being sent is still sent whole, so that its outcome is known.
#[must_use = "nothing is sent unless results are asked for"]
pub struct All<K: JobKind> {
    engine: Engine<K>,
}

impl<K: JobKind> fmt::Debug for All<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("All").field("kind", &K::KIND).field("progress", &self.progress()).finish_non_exhaustive()
    }
}

impl<K: JobKind> All<K> {
    /// The next picture's result; `None` after the last. A call that is dropped half-way loses nothing.
    ///
    /// What goes wrong with one picture, or with one job, is said of these pictures; the others go on. A job that the API
    /// refuses with 400 or 413 is sent in halves, and these again, until the one picture is found that it is refused for; but
    /// not where that seems to be so of every job. After
    /// `authentication`, `permission_denied`, `config`, `store` or `closed`, which every further job would meet, no more is
    /// sent: what was read gets that error, and so does the rest where its number is known. A source that does not say how
    /// many it has is read no further.
    pub async fn next(&mut self) -> Option<Item<K>> {
        let item = std::future::poll_fn(|cx| self.engine.poll_next(cx)).await;
        self.engine.control().drop_taken();
        item
    }

    /// Reads and sends no more. What is in flight is still given; what was read and not sent comes as `cancelled`.
    pub fn stop(&self) {
        self.engine.control().stop();
    }

    /// How far it has come.
    pub fn progress(&self) -> Progress {
        self.engine.control().progress()
    }

    /// The resume tokens of the jobs that were submitted and whose results have not all been taken.
    pub fn in_flight(&self) -> Vec<String> {
        self.engine.control().tokens()
    }

    /// Every result, in the order of the inputs.
    pub async fn collect(mut self) -> Vec<Item<K>> {
        let mut items = Vec::new();
        while let Some(item) = self.next().await {
            items.push(item);
        }
        items.sort_by_key(|item| item.index);
        items
    }

    /// The same as a stream.
    pub fn into_stream(self) -> impl Stream<Item = Item<K>> + Send {
        futures_util::stream::unfold(self, |mut all| async move {
            let item = all.next().await?;
            Some((item, all))
        })
    }
}
