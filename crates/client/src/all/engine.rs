//! The run itself: reads inputs while there is room, sends batches, and gives results, all of it when asked for the next.

mod events;

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use image_intelligence_core::{Error, ErrorKind};
use tokio::sync::mpsc;

use super::batch;
use super::builder::{OnProgress, Settings};
use super::earlier::{Met, TakenUp};
use super::feed::Source;
use super::forming::Forming;
use super::item::{Item, Meta, Progress};
use super::look::{Look, Looking, Picture, look};
use super::manifest::{Earlier, Fate};
use super::parts::Parts;
use super::ready::{Owner, Ready};
use super::run::{Control, Event, Run, Turn};
use super::settle::settle;
use super::unsettled::Unsettled;
use crate::image::Image;
use crate::kind::JobKind;

/// A run. All of its state stands here, so that a call of `next` that is dropped half-way loses nothing.
pub(crate) struct Engine<K: JobKind> {
    run: Arc<Run<K>>,
    events: mpsc::UnboundedReceiver<Event<K>>,
    /// None after its end.
    source: Option<Source>,
    next_index: usize,
    looking: Option<Looking>,
    forming: Forming,
    parts: Parts,
    concurrency: usize,
    most_refused: usize,
    open: HashMap<u64, Open>,
    earlier: Earlier,
    taken_up: TakenUp<K>,
    unsettled: Unsettled,
    next_batch: u64,
    ready: Ready<K>,
    /// How many of those that are ready belong to no batch.
    refused: usize,
    on_progress: Option<OnProgress>,
    told: Option<Progress>,
}

/// A batch whose results have not all been taken.
struct Open {
    pictures: Vec<Meta>,
    in_flight: usize,
    /// Whether it was in waiting.
    part: bool,
    accepted: bool,
    /// Whether nothing more will come of it.
    ended: bool,
    left: usize,
}

/// So many batches' worth of bytes may wait for their jobs to be settled.
const UNSETTLED: usize = 4;

impl<K: JobKind> Engine<K> {
    pub(crate) fn new(
        run: Arc<Run<K>>,
        events: mpsc::UnboundedReceiver<Event<K>>,
        source: Source,
        earlier: Earlier,
        settings: &Settings,
        on_progress: Option<OnProgress>,
    ) -> Self {
        Self {
            run,
            events,
            source: Some(source),
            next_index: 0,
            looking: None,
            forming: Forming::new(settings.batch_size, settings.batch_bytes),
            parts: Parts::new(earlier.has_accepted()),
            concurrency: settings.concurrency,
            most_refused: settings.batch_size,
            open: HashMap::new(),
            earlier,
            taken_up: TakenUp::new(),
            unsettled: Unsettled::new(settings.batch_bytes.saturating_mul(UNSETTLED)),
            next_batch: 0,
            ready: Ready::new(settings.in_order),
            refused: 0,
            on_progress,
            told: None,
        }
    }

    pub(crate) fn control(&self) -> &Arc<Control> {
        &self.run.control
    }

    /// How many more pictures may come right now.
    pub(crate) fn room(&self) -> usize {
        if self.source.is_some() && self.may_read() { self.forming.room().max(1) } else { 0 }
    }

    pub(crate) fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Item<K>>> {
        self.run.control.register(cx.waker());
        while let Poll::Ready(Some(event)) = self.events.poll_recv(cx) {
            self.take(event);
        }
        self.top_up(cx);
        self.tell();
        match self.ready.pop() {
            Some((owner, item)) => {
                self.given(owner);
                Poll::Ready(Some(item))
            }
            None if self.is_over() => Poll::Ready(None),
            None => {
                self.run.course.tell(self.may_send_more());
                Poll::Pending
            }
        }
    }

    fn is_over(&self) -> bool {
        self.source.is_none()
            && self.looking.is_none()
            && self.forming.is_empty()
            && self.parts.is_empty()
            && self.unsettled.is_empty()
            && self.open.is_empty()
            && self.taken_up.busy() == 0
            && self.ready.is_empty()
    }

    /// Whether one more batch may be in memory.
    fn has_memory(&self) -> bool {
        self.run.uploads.available_permits() > 0
    }

    fn unended(&self) -> usize {
        self.open.values().filter(|open| !open.ended).count()
    }

    fn may_send(&self) -> bool {
        // Where everything waits for this one, the results that wait do not count.
        let open = if self.is_awaited() { self.unended() } else { self.open.len() };
        open < self.concurrency && self.has_memory()
    }

    /// Whether it is time to read for a batch.
    fn may_read(&self) -> bool {
        self.parts.is_empty()
            && self.open.len() < self.concurrency
            && self.has_memory()
            && self.taken_up.busy() < self.concurrency
            && self.refused < self.most_refused
    }

    /// Whether no result can be given before one of the batch that is being put together.
    fn is_awaited(&self) -> bool {
        !self.forming.is_empty() && self.ready.awaits() == self.forming.first()
    }

    /// Whether the batch that is being put together leaves as it is: nothing more fits, or its time has come, or everything
    /// waits for it, with results in order and no room to read on.
    fn must_leave(&self) -> bool {
        !self.forming.is_empty() && (self.forming.is_full() || (self.is_awaited() && !self.may_read()))
    }

    /// Whether anything may come to be sent that does not wait for a job of an earlier run to be settled.
    fn may_send_more(&self) -> bool {
        let reads = self.run.control.halted().is_none() && self.may_read();
        self.open.values().any(|open| !open.ended)
            || self.taken_up.waits()
            || !self.parts.is_empty()
            || (reads && (self.source.is_some() || self.looking.is_some()))
    }

    /// Reads while there is room, and sends what is full.
    fn top_up(&mut self, cx: &mut Context<'_>) {
        loop {
            if let Some(reason) = self.run.control.halted() {
                return self.wind_up(cx, &reason);
            }
            self.forming.poll_linger(cx);
            if !self.parts.is_empty() {
                if self.send_part() {
                    continue;
                }
                return;
            }
            let full = self.must_leave();
            if !(if full { self.may_send() } else { self.may_read() }) {
                return;
            }
            if full {
                self.send();
            } else if let Some(looking) = &mut self.looking {
                let Poll::Ready(looked) = Pin::new(&mut looking.task).poll(cx) else { return };
                let Some(Looking { meta, .. }) = self.looking.take() else { return };
                match looked {
                    Ok(Ok((image, size, key))) => self.place(Picture { meta, image, size, key }),
                    Ok(Err(error)) => self.refuse(meta, error),
                    Err(_) => self.refuse(meta, Error::new(ErrorKind::Cancelled, "the runtime ended")),
                }
            } else if let Some(source) = &mut self.source {
                match source.images.as_mut().poll_next(cx) {
                    Poll::Ready(Some(image)) => self.read(image),
                    Poll::Ready(None) => self.source = None,
                    Poll::Pending => return,
                }
            } else if self.forming.is_empty() {
                return;
            } else {
                self.send();
            }
        }
    }

    fn meta(&mut self, image: &Image) -> Meta {
        let index = self.next_index;
        self.next_index += 1;
        Meta { index, source: image.source(index), custom_id: image.custom_id.clone() }
    }

    fn read(&mut self, image: Image) {
        let meta = self.meta(&image);
        let inner = self.run.client.inner();
        if let Err(error) = image.check(meta.index, inner.dialect, &inner.limits) {
            return self.refuse(meta, error);
        }
        match look(meta, image, self.run.manifest.is_some()) {
            Look::Known(picture) => self.place(picture),
            Look::Later(looking) => self.looking = Some(looking),
        }
    }

    fn place(&mut self, picture: Picture) {
        match picture.key.as_ref().and_then(|key| self.earlier.place_of(key)) {
            Some((number, place)) => self.meet(number, place, picture),
            None => self.add(picture),
        }
    }

    /// A picture for the next batch.
    fn add(&mut self, picture: Picture) {
        if !self.forming.fits(&picture) {
            self.send();
        }
        self.forming.push(picture);
    }

    /// A picture that an earlier run sent.
    fn meet(&mut self, number: usize, place: usize, picture: Picture) {
        match self.earlier.job(number).map(|past| &past.fate) {
            None | Some(Fate::None) => self.add(picture),
            Some(Fate::Left | Fate::Unknown) if !self.taken_up.knows(number) => {
                if self.unsettled.meet(number, place, picture)
                    && let Some(past) = self.earlier.job(number).cloned()
                {
                    let trying = self.run.course.begin();
                    start(settle(Arc::clone(&self.run), number, past, trying));
                }
            }
            Some(_) => self.take_up(number, place, picture.meta),
        }
    }

    /// A picture of a job of an earlier run that exists, or of which nothing more is to be learnt.
    fn take_up(&mut self, number: usize, place: usize, meta: Meta) {
        let Some(past) = self.earlier.job(number) else { return };
        match (self.taken_up.meet(number, place, past.pictures.len(), meta), &past.fate) {
            (Met::First, Fate::Accepted { id, created_at }) => {
                let created = created_at.unwrap_or(past.at);
                start(batch::take_up(Arc::clone(&self.run), number, past.clone(), id.clone(), created));
            }
            (Met::First | Met::Waits, _) => {}
            (Met::Done(item), _) => return self.give(Owner::Earlier(number), *item),
        }
        self.run.control.count(|progress| progress.in_flight += 1);
    }

    fn give(&mut self, owner: Owner, item: Item<K>) {
        self.run.control.count(|progress| {
            *(if item.ok() { &mut progress.done } else { &mut progress.failed }) += 1;
        });
        self.ready.push(owner, item);
    }

    /// Sends what was put together.
    fn send(&mut self) {
        // Whoever comes here has seen that there is room.
        if let Ok(turn) = Arc::clone(&self.run.uploads).try_acquire_owned() {
            let pictures = self.forming.take();
            self.open(pictures, Arc::new(turn), false);
        }
    }

    /// Sends a batch that waits, where there is room for it.
    fn send_part(&mut self) -> bool {
        let tried = |open: &Open| open.part && !open.accepted && !open.ended;
        if self.unended() >= self.concurrency || (self.parts.is_trial() && self.open.values().any(tried)) {
            return false;
        }
        let Some(part) = self.parts.pop(self.has_memory()) else { return false };
        let turn = part.turn.or_else(|| Arc::clone(&self.run.uploads).try_acquire_owned().ok().map(Arc::new));
        if let Some(turn) = turn {
            self.open(part.pictures, turn, true);
        }
        true
    }

    fn open(&mut self, sent: Vec<Picture>, turn: Turn, part: bool) {
        let batch = self.next_batch;
        self.next_batch += 1;
        let pictures: Vec<_> = sent.iter().map(|picture| picture.meta.clone()).collect();
        let left = pictures.len();
        self.open.insert(batch, Open { pictures, in_flight: 0, part, accepted: false, ended: false, left });
        start(batch::send(Arc::clone(&self.run), batch, sent, turn));
    }

    /// Nothing more is sent: says so of what was read, and of the rest where it is known to end.
    fn wind_up(&mut self, cx: &mut Context<'_>, reason: &Error) {
        for picture in self.parts.take().chain(self.forming.take()) {
            self.refuse(picture.meta, reason.clone());
        }
        if let Some(looking) = self.looking.take() {
            self.refuse(looking.meta, reason.clone());
        }
        let reads_on = !self.run.control.is_stopped() && self.source.as_ref().is_some_and(|source| source.finite);
        if !reads_on && let Some(source) = &mut self.source {
            source.close();
        }
        while let Some(source) = &mut self.source {
            if self.refused >= self.most_refused {
                return;
            }
            match source.images.as_mut().poll_next(cx) {
                Poll::Ready(Some(image)) => {
                    let meta = self.meta(&image);
                    self.refuse(meta, reason.clone());
                }
                Poll::Ready(None) => break,
                Poll::Pending => return,
            }
        }
        self.source = None;
    }

    /// A result was taken; with the last of a batch there is room for another.
    fn given(&mut self, owner: Owner) {
        let last = match owner {
            Owner::Nobody => {
                self.refused = self.refused.saturating_sub(1);
                false
            }
            Owner::Earlier(number) => self.taken_up.given(number),
            Owner::Batch(batch) => self.open.get_mut(&batch).is_some_and(|open| {
                open.left = open.left.saturating_sub(1);
                open.left == 0
            }),
        };
        if last {
            if let Owner::Batch(batch) = owner {
                self.open.remove(&batch);
            }
            self.run.control.taken(owner);
        }
    }

    /// Says how far it has come, where that has changed.
    fn tell(&mut self) {
        let Some(on_progress) = &self.on_progress else { return };
        let progress = self.run.control.progress();
        let counts = Progress { elapsed: std::time::Duration::ZERO, ..progress };
        if self.told != Some(counts) {
            self.told = Some(counts);
            on_progress(&progress);
        }
    }
}

/// Starts a task of its own. Boxed: as much of a task's machinery is, it is in a program but once, and not for each kind of job.
fn start(work: impl Future<Output = ()> + Send + 'static) {
    let work: Pin<Box<dyn Future<Output = ()> + Send>> = Box::pin(work);
    tokio::spawn(work);
}

impl<K: JobKind> Drop for Engine<K> {
    fn drop(&mut self) {
        self.run.control.leave();
    }
}
