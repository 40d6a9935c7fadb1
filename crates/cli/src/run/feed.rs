//! Pictures on their way into a run: found on a thread of their own, no faster than they are wanted, and remembered until
//! their results are there.

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use futures_core::Stream;
use image_intelligence::Image;
use tokio::sync::mpsc;

use crate::failure::Failure;
use crate::pictures::{Picture, Walk};

/// How many are found ahead of time.
const AHEAD: usize = 128;

/// The pictures of a walk, one after the other.
pub(crate) struct Feed {
    found: mpsc::Receiver<Picture>,
    open: Arc<Open>,
}

/// Pictures that were handed over and have no result yet.
#[derive(Default)]
pub(crate) struct Open(Mutex<Inner>);

#[derive(Default)]
struct Inner {
    handed_over: usize,
    pictures: HashMap<usize, Picture>,
    /// What ended the walk early.
    failure: Option<Failure>,
}

impl Open {
    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The picture with this index, whose result is there.
    pub(crate) fn take(&self, index: usize) -> Option<Picture> {
        self.inner().pictures.remove(&index)
    }

    /// How many have been handed over.
    pub(crate) fn handed_over(&self) -> usize {
        self.inner().handed_over
    }

    /// Why there were no more, where there should have been.
    pub(crate) fn failure(&self) -> Option<Failure> {
        self.inner().failure.take()
    }
}

impl Feed {
    pub(crate) fn start(walk: Walk) -> (Self, Arc<Open>) {
        let (send, found) = mpsc::channel(AHEAD);
        let open = Arc::new(Open::default());
        let told = Arc::clone(&open);
        // Not one of the runtime's threads: a list on stdin may keep it for ever.
        std::thread::spawn(move || {
            for picture in walk {
                match picture {
                    Ok(picture) => {
                        if send.blocking_send(picture).is_err() {
                            return;
                        }
                    }
                    Err(failure) => {
                        told.inner().failure = Some(failure);
                        return;
                    }
                }
            }
        });
        (Self { found, open: Arc::clone(&open) }, open)
    }
}

impl Stream for Feed {
    type Item = Image;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Image>> {
        self.found.poll_recv(context).map(|picture| {
            let picture = picture?;
            let image = picture.to_image();
            let mut inner = self.open.inner();
            let index = inner.handed_over;
            inner.handed_over += 1;
            inner.pictures.insert(index, picture);
            Some(image)
        })
    }
}
