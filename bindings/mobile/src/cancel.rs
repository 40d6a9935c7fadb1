//! Stopping a call from outside. Kotlin's coroutines drop the future themselves; Swift's tasks do not reach it, and hold
//! one of these.

use std::future::pending;
use std::sync::Arc;

use tokio::sync::watch;

/// Ends the call that it was handed to, with the kind `cancelled`. For one call.
#[derive(Debug, uniffi::Object)]
pub struct Cancel(watch::Sender<bool>);

#[uniffi::export]
impl Cancel {
    /// One that was not used yet.
    #[uniffi::constructor]
    pub fn new() -> Arc<Self> {
        Arc::new(Self(watch::Sender::new(false)))
    }

    /// Ends the call, or keeps it from starting.
    pub fn cancel(&self) {
        self.0.send_replace(true);
    }
}

impl Cancel {
    pub(crate) async fn cancelled(cancel: Option<Arc<Self>>) {
        let Some(cancel) = cancel else { return pending().await };
        // The sender is ours, so this ends by the flag alone.
        let _ = cancel.0.subscribe().wait_for(|raised| *raised).await;
    }
}
