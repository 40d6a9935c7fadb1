//! Where pictures come from: an iterator, a stream, or somebody who hands them over.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use futures_core::Stream;
use futures_util::StreamExt as _;

use crate::image::Image;

/// Where the pictures of a run come from.
pub(crate) struct Source {
    pub(crate) images: Pin<Box<dyn Stream<Item = Image> + Send>>,
    /// How many there are, where that is known.
    pub(crate) total: Option<usize>,
    /// Whether there is certainly an end.
    pub(crate) finite: bool,
    /// What was handed over and not read, where somebody hands pictures over.
    fed: Option<Arc<Feed>>,
}

impl Source {
    pub(crate) fn iterator<I>(images: I) -> Self
    where
        I: IntoIterator<IntoIter: Send + 'static, Item: Into<Image>>,
    {
        Self::stream(futures_util::stream::iter(images))
    }

    pub(crate) fn stream<S>(images: S) -> Self
    where
        S: Stream<Item: Into<Image>> + Send + 'static,
    {
        let (least, most) = images.size_hint();
        let total = most.filter(|most| *most == least);
        Self { images: Box::pin(images.map(Into::into)), total, finite: most.is_some(), fed: None }
    }

    pub(crate) fn fed(feed: &Arc<Feed>, total: Option<usize>) -> Self {
        let fed = Some(Arc::clone(feed));
        Self { images: Box::pin(Fed(Arc::clone(feed))), total, finite: total.is_some(), fed }
    }

    /// Takes no more. What was handed over already is still given.
    pub(crate) fn close(&mut self) {
        match &self.fed {
            Some(feed) => feed.end(),
            None => self.images = Box::pin(futures_util::stream::empty()),
        }
    }
}

/// Pictures that are handed over.
#[derive(Default)]
pub(crate) struct Feed(Mutex<Fill>);

#[derive(Default)]
struct Fill {
    images: VecDeque<Image>,
    ended: bool,
    /// More were wanted than were there, and nobody has been told.
    hungry: bool,
    waker: Option<Waker>,
}

impl Feed {
    fn fill(&self) -> MutexGuard<'_, Fill> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self, change: impl FnOnce(&mut Fill)) {
        let waker = {
            let mut fill = self.fill();
            change(&mut fill);
            fill.hungry = false;
            fill.waker.take()
        };
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    pub(crate) fn feed(&self, images: Vec<Image>) {
        self.change(|fill| {
            if !fill.ended {
                fill.images.extend(images);
            }
        });
    }

    pub(crate) fn end(&self) {
        self.change(|fill| fill.ended = true);
    }

    /// Whether more are wanted and nobody has been told; now somebody is.
    pub(crate) fn tell_hunger(&self) -> bool {
        std::mem::take(&mut self.fill().hungry)
    }
}

struct Fed(Arc<Feed>);

impl Stream for Fed {
    type Item = Image;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Image>> {
        let mut fill = self.0.fill();
        if let Some(image) = fill.images.pop_front() {
            return Poll::Ready(Some(image));
        }
        if fill.ended {
            return Poll::Ready(None);
        }
        // Told once for each time that something came: between, whoever asks again waits for results.
        if fill.waker.is_none() {
            fill.hungry = true;
        }
        fill.waker = Some(cx.waker().clone());
        Poll::Pending
    }
}
