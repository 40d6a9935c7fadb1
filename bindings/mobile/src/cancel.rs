//! Stopping a call from outside. Kotlin's coroutines drop the future themselves; Swift's tasks do not reach it, and hold
//! one of these.

use std::future::pending;
use std::sync::Arc;

use tokio::sync::watch;

/// Ends the call that it was handed to, with the kind `cancelled`. For one call.
#[derive(Debug, uniffi::Object)]
pub struct Cancel(Flag);

#[uniffi::export]
impl Cancel {
    /// One that was not used yet.
    #[uniffi::constructor]
    pub fn new() -> Arc<Self> {
        Arc::new(Self(Flag::default()))
    }

    /// Ends the call, or keeps it from starting.
    pub fn cancel(&self) {
        self.0.raise();
    }
}

impl Cancel {
    pub(crate) async fn cancelled(cancel: Option<Arc<Self>>) {
        match cancel {
            Some(cancel) => cancel.0.raised().await,
            None => pending().await,
        }
    }
}

/// A flag that is raised once and that many may wait for.
#[derive(Debug, Clone)]
pub(crate) struct Flag(Arc<watch::Sender<bool>>);

impl Default for Flag {
    fn default() -> Self {
        Self(Arc::new(watch::Sender::new(false)))
    }
}

impl Flag {
    pub(crate) fn raise(&self) {
        self.0.send_replace(true);
    }

    pub(crate) fn is_raised(&self) -> bool {
        *self.0.borrow()
    }

    pub(crate) async fn raised(&self) {
        let mut flag = self.0.subscribe();
        // The sender is ours, so this ends by the flag alone.
        let _ = flag.wait_for(|raised| *raised).await;
    }
}
