//! Looking into an inbox, and looking after it.

use image_intelligence_core::{Error, ErrorKind, Result};

use super::entry::{Counts, Entry, Filter, Pruned};
use super::{Inbox, random};

impl Inbox {
    /// Events, newest first, without their bodies.
    ///
    /// ```
    /// use image_intelligence_webhooks::{EventState, Filter};
    /// # use image_intelligence_webhooks::Inbox;
    ///
    /// # tokio::runtime::Runtime::new().unwrap().block_on(async {
    /// # let folder = tempfile::tempdir().unwrap();
    /// # let inbox = Inbox::open(folder.path().join("inbox.db")).await?;
    /// for entry in inbox.list(Filter::new().state(EventState::Dead)).await? {
    ///     println!("{} {} {}", entry.seq, entry.kind.as_str(), entry.error.unwrap_or_default());
    /// }
    /// # assert_eq!(inbox.replay_dead().await?, 0);
    /// # inbox.shutdown().await;
    /// # Ok::<(), image_intelligence_core::Error>(())
    /// # }).unwrap();
    /// ```
    pub async fn list(&self, filter: Filter) -> Result<Vec<Entry>> {
        self.inner.here()?;
        if filter.limit == 0 {
            return Ok(Vec::new());
        }
        let rows = self.hub.store.list(filter.into_query()).await?;
        Ok(rows.into_iter().map(Entry::from).collect())
    }

    /// One event and its body, by its number; `None` where there is none.
    pub async fn entry(&self, seq: i64) -> Result<Option<Entry>> {
        self.inner.here()?;
        Ok(self.hub.store.entry(seq).await?.map(Entry::from))
    }

    /// Has events handled again that are done or dead letters, from their first attempt on. Gives how many: not those whose
    /// body was pruned, nor those that wait for a handler anyway.
    pub async fn replay(&self, seqs: impl IntoIterator<Item = i64>) -> Result<u64> {
        let seqs: Vec<i64> = seqs.into_iter().collect();
        // For a store, none at all means all that are dead.
        if seqs.is_empty() {
            return self.inner.here().map(|()| 0);
        }
        self.replay_of(seqs).await
    }

    /// Has all dead letters handled again, from their first attempt on. Gives how many.
    pub async fn replay_dead(&self) -> Result<u64> {
        self.replay_of(Vec::new()).await
    }

    async fn replay_of(&self, seqs: Vec<i64>) -> Result<u64> {
        self.inner.here()?;
        let count = self.hub.store.replay(seqs).await?;
        self.hub.ready.notify_one();
        Ok(count)
    }

    /// Takes away what is old enough, now; it happens by itself every hour.
    pub async fn prune(&self) -> Result<Pruned> {
        self.inner.here()?;
        let settings = &self.inner.settings;
        Ok(self.hub.store.prune(settings.prune_bodies, settings.prune_keys).await?.into())
    }

    /// How many events and jobs there are in each state. Sets the gauges `ii.inbox.events` (by `state`) and
    /// `ii.inbox.oldest_ready_seconds` of the `metrics` facade, too; call it every now and then to have them.
    pub async fn counts(&self) -> Result<Counts> {
        self.inner.here()?;
        let rows = self.hub.store.counts().await?;
        for &(state, count) in &rows.events {
            metrics::gauge!("ii.inbox.events", "state" => state).set(count as f64);
        }
        metrics::gauge!("ii.inbox.oldest_ready_seconds").set(rows.oldest_ready.unwrap_or_default().as_secs_f64());
        Ok(rows.into())
    }

    /// Makes a new key for callback URLs, with which every receiver signs that is opened from now on. The former ones still
    /// check; of more than four the oldest goes. Gives its id.
    ///
    /// Fails with `config` where the keys were given, by the builder or `II_CALLBACK_KEYS`: then add one there.
    pub async fn add_key(&self) -> Result<u8> {
        self.inner.here()?;
        if self.inner.settings.keys.is_some() {
            let message = "the callback keys of this inbox were given to it, when it was opened or by II_CALLBACK_KEYS; add one there, at the end";
            return Err(Error::new(ErrorKind::Config, message));
        }
        self.hub.store.add_master(*random::master()?).await
    }
}
