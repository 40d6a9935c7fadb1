//! The run itself: reads inputs while there is room, sends batches, and gives results, all of it when asked for the next.

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
use super::item::{Item, Meta, Outcome, Progress};
use super::look::{Look, Looking, Picture, look};
use super::manifest::Earlier;
use super::ready::{Owner, Ready};
use super::run::{Control, Ended, Event, Run, UPLOADS};
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
    concurrency: usize,
    most_refused: usize,
    open: HashMap<u64, Open>,
    earlier: Earlier,
    taken_up: TakenUp<K>,
    next_batch: u64,
    /// Batches that have no job yet.
    sending: usize,
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
    accepted: bool,
    left: usize,
}

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
            concurrency: settings.concurrency,
            most_refused: settings.batch_size,
            open: HashMap::new(),
            earlier,
            taken_up: TakenUp::new(),
            next_batch: 0,
            sending: 0,
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
            None => Poll::Pending,
        }
    }

    fn is_over(&self) -> bool {
        self.source.is_none()
            && self.looking.is_none()
            && self.forming.is_empty()
            && self.open.is_empty()
            && self.taken_up.busy() == 0
            && self.ready.is_empty()
    }

    fn may_send(&self) -> bool {
        self.open.len() < self.concurrency && self.sending <= UPLOADS
    }

    /// Whether it is time to read for a batch.
    fn may_read(&self) -> bool {
        self.may_send() && self.taken_up.busy() < self.concurrency && self.refused < self.most_refused
    }

    /// Whether the batch that is being put together leaves as it is: nothing more fits, or its time has come, or everything
    /// waits for it, with results in order and no room to read on.
    fn must_leave(&self) -> bool {
        let awaited = || self.ready.awaits() == self.forming.first() && !self.may_read();
        !self.forming.is_empty() && (self.forming.is_full() || awaited())
    }

    /// Reads while there is room, and sends what is full.
    fn top_up(&mut self, cx: &mut Context<'_>) {
        loop {
            if let Some(reason) = self.run.control.halted() {
                return self.wind_up(cx, &reason);
            }
            self.forming.poll_linger(cx);
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
        let before = picture.key.as_ref().and_then(|key| self.earlier.place_of(key));
        if let Some((number, place)) = before {
            return self.meet(number, place, picture.meta);
        }
        if !self.forming.fits(&picture) {
            self.send();
        }
        self.forming.push(picture);
    }

    /// A picture that an earlier run sent.
    fn meet(&mut self, number: usize, place: usize, meta: Meta) {
        let Some(past) = self.earlier.job(number) else { return };
        match self.taken_up.meet(number, place, past.pictures.len(), meta) {
            Met::First => {
                start(batch::take_up(Arc::clone(&self.run), number, past.clone()));
            }
            Met::Waits => {}
            Met::Done(item) => return self.give(Owner::Earlier(number), *item),
        }
        self.run.control.count(|progress| progress.in_flight += 1);
    }

    fn give(&mut self, owner: Owner, item: Item<K>) {
        self.run.control.count(|progress| {
            *(if item.ok() { &mut progress.done } else { &mut progress.failed }) += 1;
        });
        self.ready.push(owner, item);
    }

    /// A picture that comes into no job.
    fn refuse(&mut self, meta: Meta, error: Error) {
        self.refused += 1;
        self.give(Owner::Nobody, Item::new(meta, None, Outcome::failed(error)));
    }

    fn send(&mut self) {
        let batch = self.next_batch;
        self.next_batch += 1;
        let (mut pictures, mut images) = (Vec::new(), Vec::new());
        for picture in self.forming.take() {
            images.push((picture.meta.index, picture.image, picture.key));
            pictures.push(picture.meta);
        }
        self.sending += 1;
        self.open.insert(batch, Open { left: pictures.len(), pictures, in_flight: 0, accepted: false });
        start(batch::send(Arc::clone(&self.run), batch, images));
    }

    /// Nothing more is sent: says so of what was read, and of the rest where it is known to end.
    fn wind_up(&mut self, cx: &mut Context<'_>, reason: &Error) {
        for picture in self.forming.take() {
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

    fn take(&mut self, event: Event<K>) {
        match event {
            Event::Accepted { owner: Owner::Batch(batch), pictures } => {
                self.sending = self.sending.saturating_sub(1);
                if let Some(open) = self.open.get_mut(&batch) {
                    (open.accepted, open.in_flight) = (true, pictures);
                }
                self.run.control.count(|progress| {
                    progress.jobs += 1;
                    progress.in_flight += pictures;
                });
            }
            Event::Accepted { .. } => self.run.control.count(|progress| progress.jobs += 1),
            Event::Ended { owner: Owner::Batch(batch), ended } => self.end(batch, ended),
            Event::Ended { owner: Owner::Earlier(number), ended } => {
                let items = self.taken_up.end(number, ended);
                self.landed(items.len());
                for item in items {
                    self.give(Owner::Earlier(number), item);
                }
            }
            Event::Ended { owner: Owner::Nobody, .. } => {}
        }
    }

    fn end(&mut self, batch: u64, ended: Ended<K>) {
        let Some(open) = self.open.get_mut(&batch) else { return };
        if !open.accepted {
            self.sending = self.sending.saturating_sub(1);
        }
        let pictures = std::mem::take(&mut open.pictures);
        let in_flight = std::mem::take(&mut open.in_flight);
        let outcomes = match ended.outcomes {
            Ok(outcomes) => outcomes,
            Err(error) => pictures.iter().map(|_| Outcome::failed(error.clone())).collect(),
        };
        self.landed(in_flight);
        for (meta, outcome) in pictures.into_iter().zip(outcomes) {
            self.give(Owner::Batch(batch), Item::new(meta, ended.job_id.clone(), outcome));
        }
    }

    fn landed(&self, pictures: usize) {
        self.run.control.count(|progress| progress.in_flight = progress.in_flight.saturating_sub(pictures));
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
