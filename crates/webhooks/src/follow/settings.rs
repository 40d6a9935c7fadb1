//! How jobs are followed.

use std::time::Duration;

use image_intelligence_core::{CallbackKeys, PublicBase};

/// How jobs are followed; every setting has a default.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    /// Where the service reaches us. Without it no callback URL is made, and each job is looked after until it is done.
    pub(crate) base: Option<PublicBase>,
    /// Up to three former public bases, whose callback URLs are still good.
    pub(crate) former: Vec<PublicBase>,
    /// The keys of callback URLs. Where there are none: those of `II_CALLBACK_KEYS`, or else the store's own.
    pub(crate) keys: Option<CallbackKeys>,
    /// For how long a callback URL is good, and a job is searched for that may not exist: 14 days.
    pub(crate) life: Duration,
    /// Whether an unsigned body is no more than a hint. Where nobody says: for our own jobs always, for those of others where a
    /// client is or was attached.
    pub(crate) confirm: Option<bool>,
    /// How many events are confirmed at once, and how many jobs looked at beside them: 64.
    pub(crate) at_once: usize,
    /// For how long what is at work here is left alone by other receivers, and by this one after a crash: 30 s.
    pub(crate) lease: Duration,
    /// How long one look at a job may take: 2 minutes.
    pub(crate) look_limit: Duration,
    /// A webhook is awaited for so long at least: 30 s.
    pub(crate) patience_least: Duration,
    /// And for so long at most: 5 minutes.
    pub(crate) patience_most: Duration,
    /// A job younger than this may be missing without being lost, and one that is lost was missing for so long: 30 s.
    pub(crate) missing_grace: Duration,
    /// Never look at a job more often than this: 5 s.
    pub(crate) shortest_pause: Duration,
    /// Never less often than this: 1 hour.
    pub(crate) longest_pause: Duration,
    /// A job that is not done after so long is given up: 30 days.
    pub(crate) give_up_after: Duration,
    /// A submit that is under way for longer belonged to a process that has ended: 15 minutes.
    pub(crate) abandon_after: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            base: None,
            former: Vec::new(),
            keys: None,
            life: CallbackKeys::DEFAULT_LIFE,
            confirm: None,
            at_once: 64,
            lease: Duration::from_secs(30),
            look_limit: Duration::from_mins(2),
            patience_least: Duration::from_secs(30),
            patience_most: Duration::from_mins(5),
            missing_grace: Duration::from_secs(30),
            shortest_pause: Duration::from_secs(5),
            longest_pause: Duration::from_hours(1),
            give_up_after: Duration::from_hours(30 * 24),
            abandon_after: Duration::from_mins(15),
        }
    }
}

impl Settings {
    /// With so large a share of the time that each thing takes.
    pub(crate) fn hurried(mut self, share: f64) -> Self {
        for time in [
            &mut self.lease,
            &mut self.patience_least,
            &mut self.patience_most,
            &mut self.missing_grace,
            &mut self.shortest_pause,
            &mut self.longest_pause,
            &mut self.abandon_after,
        ] {
            *time = time.mul_f64(share.clamp(0.0, 1.0));
        }
        self
    }
}
