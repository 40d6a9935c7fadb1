//! For how long a webhook is worth waiting for.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use image_intelligence_core::{Kind, PollPolicy, Result};

use super::settings::Settings;
use crate::store::Store;

/// How long webhooks took of late, by kind.
pub(super) struct Patience {
    p95: Mutex<HashMap<Kind, Duration>>,
    least: Duration,
    most: Duration,
}

impl Patience {
    pub(super) fn new(settings: &Settings) -> Self {
        let (least, most) = (settings.patience_least, settings.patience_most);
        Self { p95: Mutex::default(), least: least.min(most), most }
    }

    /// How long after its submit a job of this kind is worth a look.
    pub(super) fn of(&self, kind: Kind) -> Duration {
        let p95 = self.p95.lock().unwrap_or_else(PoisonError::into_inner).get(&kind).copied();
        PollPolicy::patience(p95, Duration::MAX).clamp(self.least, self.most)
    }

    /// Where the kind is not known.
    pub(super) fn least(&self) -> Duration {
        self.least
    }

    /// Looks at how long they took.
    pub(super) async fn refresh(&self, store: &dyn Store) -> Result<()> {
        for kind in Kind::ALL {
            let mut took = store.took(kind).await?;
            took.sort_unstable();
            // The smallest that 95 of 100 do not exceed.
            let at = (took.len() * 95).div_ceil(100).saturating_sub(1);
            if let Some(p95) = took.get(at) {
                self.p95.lock().unwrap_or_else(PoisonError::into_inner).insert(kind, *p95);
            }
        }
        Ok(())
    }
}
