//! How an inbox is set up.

use std::fmt;
use std::time::Duration;

use image_intelligence_core::{CallbackKeys, Dialect, Error, ErrorKind, Result, RetryPolicy};

use super::target::Target;
use super::{Inbox, random};

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_mins(1);
const HOUR: Duration = Duration::from_hours(1);
const DAY: Duration = Duration::from_hours(24);

/// What an inbox was set up with.
#[derive(Clone)]
pub(crate) struct Settings {
    pub(crate) lease: Duration,
    pub(crate) handler_timeout: Duration,
    /// Attempts in all, and the pauses between them.
    pub(crate) retry: RetryPolicy,
    pub(crate) prune_bodies: Duration,
    pub(crate) prune_keys: Duration,
    pub(crate) prefetch: usize,
    pub(crate) shutdown_timeout: Duration,
    /// `None`: those of the store.
    pub(crate) keys: Option<CallbackKeys>,
    /// In whose words advice names settings.
    pub(crate) dialect: Dialect,
}

impl Default for Settings {
    fn default() -> Self {
        let mut retry = RetryPolicy::default();
        retry.attempts = 12;
        retry.base = 5 * SECOND;
        retry.longest = HOUR;
        retry.budget = Duration::MAX;
        Self {
            lease: MINUTE,
            handler_timeout: 15 * MINUTE,
            retry,
            prune_bodies: 7 * DAY,
            prune_keys: 90 * DAY,
            prefetch: 1,
            shutdown_timeout: 25 * SECOND,
            keys: None,
            dialect: Dialect::default(),
        }
    }
}

impl Settings {
    /// For how long to pause after an attempt; `None` after the last.
    pub(crate) fn pause(&self, attempt: u32) -> Option<Duration> {
        self.retry.pause(attempt, Duration::ZERO, None, random::fraction())
    }

    fn check(&self) -> Result<()> {
        self.within("lease", self.lease, SECOND, HOUR)?;
        self.within("handler_timeout", self.handler_timeout, self.lease, 7 * DAY)?;
        self.within("retry_pause", self.retry.base, Duration::from_millis(1), self.retry.longest)?;
        self.within("longest_retry_pause", self.retry.longest, self.retry.base, 7 * DAY)?;
        // A callback URL is good for 14 days: what comes to it after its key is gone would be taken for something new.
        self.within("prune_keys_after", self.prune_keys, 15 * DAY, 3650 * DAY)?;
        self.within("prune_bodies_after", self.prune_bodies, Duration::ZERO, self.prune_keys)?;
        self.within("shutdown_timeout", self.shutdown_timeout, Duration::ZERO, DAY)?;
        number("attempts", u64::from(self.retry.attempts), 1000)?;
        number("prefetch", self.prefetch as u64, 1000)
    }

    fn within(&self, name: &str, given: Duration, least: Duration, most: Duration) -> Result<()> {
        if (least..=most).contains(&given) {
            return Ok(());
        }
        refuse(&self.dialect.setting(name), format_args!("{given:?} given, {least:?} to {most:?} wanted"))
    }
}

fn number(name: &str, given: u64, most: u64) -> Result<()> {
    if (1..=most).contains(&given) {
        return Ok(());
    }
    refuse(name, format_args!("{given} given, 1 to {most} wanted"))
}

fn refuse<T>(name: &str, problem: fmt::Arguments<'_>) -> Result<T> {
    Err(Error::new(ErrorKind::Config, format!("inbox: {name}: {problem}")))
}

/// Sets up an [`Inbox`]; every setting has a default that suits most.
///
/// ```
/// use std::time::Duration;
/// use image_intelligence_webhooks::Inbox;
///
/// # tokio::runtime::Runtime::new().unwrap().block_on(async {
/// # let folder = tempfile::tempdir().unwrap();
/// # let path = folder.path().join("inbox.db");
/// let inbox = Inbox::builder(path).handler_timeout(Duration::from_secs(3600)).attempts(5).open().await?;
/// # inbox.shutdown().await;
///
/// let error = Inbox::builder("inbox.db").attempts(0).open().await.unwrap_err();
/// assert_eq!(error.to_string(), "inbox: attempts: 0 given, 1 to 1000 wanted");
/// # Ok::<(), image_intelligence_core::Error>(())
/// # }).unwrap();
/// ```
#[derive(Debug, Clone)]
#[must_use]
pub struct InboxBuilder {
    target: Target,
    settings: Settings,
    existing: bool,
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("lease", &self.lease)
            .field("handler_timeout", &self.handler_timeout)
            .field("retry", &self.retry)
            .finish_non_exhaustive()
    }
}

impl InboxBuilder {
    pub(crate) fn new(target: Target) -> Self {
        Self { target, settings: Settings::default(), existing: false }
    }

    /// For how long an event is a handler's own before the lease must be stretched, which happens by itself: when a process
    /// dies, its events go to others after this. 60 s; from 1 s to 1 h.
    pub fn lease(mut self, lease: Duration) -> Self {
        self.settings.lease = lease;
        self
    }

    /// For how long a handler may have an event. Then its lease is stretched no more, and after one more lease the event goes
    /// to another. 15 minutes; from one lease to 7 days.
    pub fn handler_timeout(mut self, limit: Duration) -> Self {
        self.settings.handler_timeout = limit;
        self
    }

    /// How often an event is handed out before it is put away as a dead letter. 12; from 1 to 1,000.
    pub fn attempts(mut self, attempts: u32) -> Self {
        self.settings.retry.attempts = attempts;
        self
    }

    /// After a failed attempt, a random pause up to this, which doubles with each attempt. 5 s.
    pub fn retry_pause(mut self, first: Duration) -> Self {
        self.settings.retry.base = first;
        self
    }

    /// No pause between attempts is longer. 1 h; up to 7 days.
    pub fn longest_retry_pause(mut self, longest: Duration) -> Self {
        self.settings.retry.longest = longest;
        self
    }

    /// For how long the body of an event is kept once it is done. 7 days.
    pub fn prune_bodies_after(mut self, age: Duration) -> Self {
        self.settings.prune_bodies = age;
        self
    }

    /// For how long it is remembered that an event or a job is at its end, so that a late webhook is known for a duplicate.
    /// 90 days; at least 15, as callback URLs are good for 14.
    pub fn prune_keys_after(mut self, age: Duration) -> Self {
        self.settings.prune_keys = age;
        self
    }

    /// How many events are leased at once, ahead of the calls that want them. 1, which leases no more than is wanted; up to 1,000.
    ///
    /// More of them spare a commit for each event, and that is felt where handlers take less than a few milliseconds. But each
    /// that is leased counts an attempt: should a handler take its process down with it, those ahead have lost one, too. What
    /// no call wants soon is given back, so that other processes have it.
    pub fn prefetch(mut self, events: usize) -> Self {
        self.settings.prefetch = events;
        self
    }

    /// For how long [`Inbox::shutdown`] waits for handlers that have an event. 25 s; up to one day.
    pub fn shutdown_timeout(mut self, limit: Duration) -> Self {
        self.settings.shutdown_timeout = limit;
        self
    }

    /// The keys that callback URLs are made and checked with. Else those of `II_CALLBACK_KEYS`; else the inbox makes one at
    /// its first use and keeps it.
    pub fn callback_keys(mut self, keys: CallbackKeys) -> Self {
        self.settings.keys = Some(keys);
        self
    }

    /// In whose words advice names settings: for the bindings.
    #[doc(hidden)]
    pub fn dialect(mut self, dialect: Dialect) -> Self {
        self.settings.dialect = dialect;
        self
    }

    /// Opens an inbox only where it exists, and leaves looking after the inbox to those that handle its events: for a tool that
    /// looks into it, perhaps beside a running receiver. `false`.
    pub fn existing(mut self, existing: bool) -> Self {
        self.existing = existing;
        self
    }

    /// Opens the inbox; where it does not exist yet, it is made. To be called within a tokio runtime, which then looks after
    /// it.
    ///
    /// Fails with `config` where a setting, the target or `II_CALLBACK_KEYS` is wrong, with `store` where the database cannot
    /// be opened.
    pub async fn open(mut self) -> Result<Inbox> {
        self.settings.check()?;
        if self.settings.keys.is_none() {
            let variable = std::env::var("II_CALLBACK_KEYS").ok().filter(|value| !value.is_empty());
            self.settings.keys = variable.map(|text| CallbackKeys::parse(&text)).transpose()?;
        }
        let Ok(runtime) = tokio::runtime::Handle::try_current() else {
            return refuse(
                "open",
                format_args!("called outside of a tokio runtime; call it from async code that runs on one"),
            );
        };
        let store = self.target.open(self.existing, self.settings.dialect).await?;
        let inbox = Inbox::over(store, self.settings, runtime);
        if !self.existing {
            inbox.prune_hourly();
        }
        Ok(inbox)
    }
}
