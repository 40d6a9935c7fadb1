//! An event in a handler's hands.

use std::fmt;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use image_intelligence_core::{EventKind, GaveUp, Inputs, Raw, Result, Rid, Timestamp, WebhookEvent, parse_webhook};

use super::ahead::Kept;
use super::held::lapsed;
use super::inner::Inner;
use super::settle::{Again, Hold};
use super::statement::Statement;
use crate::event_key::EventKey;
use crate::store::Claimed;

/// An event, yours until you say what became of it: [`ack`](Self::ack), [`nack`](Self::nack) or [`bury`](Self::bury).
///
/// Dropped without a word, as by a handler that panics or is cancelled, it is handed out again after a pause. Its lease is
/// stretched by itself until [`handler_timeout`](super::InboxBuilder::handler_timeout); then another handler gets it, and an
/// `ack` fails.
///
/// Handlers run at least once. What makes an effect happen once: its [`idempotency_key`](Self::idempotency_key), or, where
/// the effect is in the inbox's own database, [`ack_with`](Self::ack_with).
#[must_use = "an event that is dropped is handed out again"]
pub struct Delivery {
    /// `None` once something was said.
    hold: Option<Hold>,
    claimed: Claimed,
    key: String,
    event: OnceLock<WebhookEvent>,
    /// Whether a handler has it, and it is not on its way to one.
    seen: bool,
}

impl Delivery {
    pub(super) fn new(inner: Arc<Inner>, kept: Kept) -> Self {
        let Kept { claimed, since } = kept;
        let until = inner.held.take(&inner, claimed.lease, since + inner.settings.lease);
        let out = inner.out();
        let hold = Hold { inner, lease: claimed.lease, attempt: claimed.attempt, until, _out: out };
        Self { hold: Some(hold), key: key_of(claimed.rid, &claimed.key), claimed, event: OnceLock::new(), seen: true }
    }

    /// Whether a handler has it. Until then it is on its way to one, in another language: dropped there, it goes back as if it
    /// had not been handed out, and no attempt is counted.
    #[doc(hidden)]
    pub fn set_seen(&mut self, seen: bool) {
        self.seen = seen;
    }

    /// What came: the job, the event of a registered webhook, or [`WebhookEvent::GaveUp`] for a job of ours that will have no
    /// result. Read at the first call.
    ///
    /// Each picture of a job of ours is tied to the one that was passed in, as a wait ties it: its `input` says which one, also
    /// where another process sent the job.
    ///
    /// What cannot be read, or is not what may come where it came, is [`WebhookEvent::Unknown`]: anybody may have made it up.
    /// Where it is not even a JSON object in UTF-8, that holds nothing, and [`raw`](Self::raw) has the bytes.
    pub fn event(&self) -> &WebhookEvent {
        self.event.get_or_init(|| {
            let mut event = read(self.claimed.label, &self.claimed.body);
            if let Some(inputs) = self.inputs() {
                event.tie(&inputs);
            }
            event
        })
    }

    /// Its pictures, where it is a job of ours.
    pub(crate) fn inputs(&self) -> Option<Inputs> {
        let kept = self.claimed.inputs.as_deref().and_then(Inputs::from_json);
        kept.or_else(|| self.claimed.rid.map(Inputs::of_resumed))
    }

    /// What it was taken for, without reading it.
    pub fn kind(&self) -> EventKind {
        self.claimed.label
    }

    /// The body, byte for byte: as it came or, once confirmed, as the API has it.
    pub fn raw(&self) -> &[u8] {
        &self.claimed.body
    }

    /// The same at every attempt, in every process: for a job of ours its rid, 32 hex digits; else 64 hex digits.
    ///
    /// That of a registered webhook's event, and of what cannot be read, is made of its very bytes, and so is shared by the
    /// same bytes that come again after 24 hours.
    pub fn idempotency_key(&self) -> &str {
        &self.key
    }

    /// Our own name for the job, where it is one of ours.
    pub fn rid(&self) -> Option<Rid> {
        self.claimed.rid
    }

    /// The service's name for the job, where it is one.
    pub fn job_id(&self) -> Option<&str> {
        self.event().job_id()
    }

    /// How often it was handed out, this time too: 1 at the first.
    pub fn attempt(&self) -> u32 {
        self.claimed.attempt
    }

    /// When it came, by the store's clock.
    pub fn received_at(&self) -> Timestamp {
        self.claimed.received_at
    }

    /// Whether it carried a signature, which was checked.
    pub fn is_signed(&self) -> bool {
        self.claimed.signed
    }

    /// Its number in the inbox.
    pub fn seq(&self) -> i64 {
        self.claimed.lease.seq
    }

    /// Whether it is still yours, as far as is known here. `false`: stop, another handler has it or will.
    pub fn is_held(&self) -> bool {
        let until = self.hold.as_ref().and_then(|hold| *hold.until.borrow());
        until.is_some_and(|until| tokio::time::Instant::now() < until)
    }

    /// Resolves once it is no longer yours; to be raced against the handler's work.
    pub async fn lapsed(&self) {
        if let Some(hold) = &self.hold {
            lapsed(hold.until.clone()).await;
        }
    }

    /// It is done. When this returns, that is on the disk.
    ///
    /// Fails with `store`, not retryable, where its lease had lapsed: then it is another handler's, or done by one.
    pub async fn ack(self) -> Result<()> {
        self.ack_with([]).await
    }

    /// It is done, and the statements have been run in the very transaction that says so: an effect in the inbox's own
    /// database happens exactly once. Where one of them fails, nothing is kept, and the event is handed out again.
    ///
    /// Fails as [`ack`](Self::ack) does, and with `store` where a statement fails.
    ///
    /// ```
    /// use image_intelligence_webhooks::{Inbox, Receiver, Statement};
    ///
    /// # tokio::runtime::Runtime::new().unwrap().block_on(async {
    /// # let folder = tempfile::tempdir().unwrap();
    /// # let inbox = Inbox::open(folder.path().join("inbox.db")).await?;
    /// # let receiver = Receiver::builder(&inbox).public_url("https://hooks.acme.com/ii").secret("whsec").build().await?;
    /// # let body = br#"{"event": "IDENTITY_CREATED", "identity": {"id": "i-7"}}"#;
    /// # let signature = image_intelligence_core::sign(body, &"whsec".into());
    /// # let headers = [("x-ii-signature", signature.as_bytes())];
    /// # receiver.handle("POST", "/ii/events", headers, bytes::Bytes::from_static(body)).await;
    /// while let Some(delivery) = inbox.next().await? {
    ///     let table = Statement::new("CREATE TABLE IF NOT EXISTS tally (kind TEXT PRIMARY KEY, count INTEGER)");
    ///     let count = Statement::new("INSERT INTO tally VALUES (?1, 1) ON CONFLICT DO UPDATE SET count = count + 1")
    ///         .bind(delivery.kind().as_str());
    ///     delivery.ack_with([table, count]).await?;
    /// #   break;
    /// }
    /// # assert_eq!(inbox.counts().await?.events.done, 1);
    /// # receiver.shutdown().await;
    /// # Ok::<(), image_intelligence_core::Error>(())
    /// # }).unwrap();
    /// ```
    pub async fn ack_with(mut self, statements: impl IntoIterator<Item = Statement>) -> Result<()> {
        let with: Vec<_> = statements.into_iter().map(|statement| statement.0).collect();
        let risky = !with.is_empty();
        let Some(hold) = self.take_hold()? else { return Ok(()) };
        let done = hold.done(with).await;
        if let (true, Err(error)) = (risky, &done) {
            // A statement that fails would else keep the event until its lease lapses.
            let why = format!("a statement could not be run: {error}");
            let _ = hold.failed(why, Again::AsUsual).await;
        }
        done
    }

    /// It could not be handled: it is handed out again after a pause that grows with each attempt, or put away as a dead
    /// letter after the last. `why` is kept for whoever looks into the inbox.
    pub async fn nack(mut self, why: impl Into<String>) -> Result<()> {
        self.fail(why.into(), Again::AsUsual).await
    }

    /// As [`nack`](Self::nack), with a pause of your own.
    pub async fn nack_after(mut self, why: impl Into<String>, pause: Duration) -> Result<()> {
        self.fail(why.into(), Again::After(pause)).await
    }

    /// It can never be handled: it is put away as a dead letter at once, from where [`replay`](super::Inbox::replay) fetches
    /// it.
    ///
    /// Fails with `store` where its lease had lapsed.
    pub async fn bury(mut self, why: impl Into<String>) -> Result<()> {
        self.fail(why.into(), Again::Never).await
    }

    async fn fail(&mut self, why: String, again: Again) -> Result<()> {
        let Some(hold) = self.take_hold()? else { return Ok(()) };
        hold.failed(why, again).await
    }

    fn take_hold(&mut self) -> Result<Option<Hold>> {
        self.hold.as_ref().map(|hold| hold.inner.here()).transpose()?;
        Ok(self.hold.take())
    }
}

impl Drop for Delivery {
    fn drop(&mut self) {
        let Some(hold) = self.hold.take() else { return };
        if !hold.inner.is_here() {
            // A forked child touches none of its locks, which may be held for ever.
            std::mem::forget(hold);
            return;
        }
        let why =
            if std::thread::panicking() { "the handler panicked" } else { "the handler let go of it without a word" };
        let (inner, seen) = (hold.inner.clone(), self.seen);
        inner.spawn(async move {
            if !seen {
                hold.inner.give_back(vec![hold.lease]).await;
                return;
            }
            // What cannot be said lapses.
            if let Err(error) = hold.failed(why.to_owned(), Again::AsUsual).await {
                hold.inner.complain("an event could not be given back; its lease lapses", &error);
            }
        });
    }
}

impl fmt::Debug for Delivery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Delivery")
            .field("seq", &self.seq())
            .field("kind", &self.kind())
            .field("attempt", &self.attempt())
            .finish_non_exhaustive()
    }
}

/// What makes an effect of it happen once.
pub(super) fn key_of(rid: Option<Rid>, key: &EventKey) -> String {
    rid.map_or_else(|| hex(&key.0), |rid| rid.to_string())
}

fn hex(bytes: &[u8]) -> String {
    use fmt::Write as _;

    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

pub(super) fn read(label: EventKind, body: &[u8]) -> WebhookEvent {
    let read = match label {
        EventKind::GaveUp => GaveUp::from_json(body).map(WebhookEvent::GaveUp),
        // Whatever it looks like: nobody has vouched for it.
        EventKind::Unknown => parse_webhook(body, None).map(|event| WebhookEvent::Unknown(event.raw().clone())),
        known => parse_webhook(body, Some(known)),
    };
    read.unwrap_or_else(|_| WebhookEvent::Unknown(Raw::default()))
}
