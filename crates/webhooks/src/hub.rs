//! What the parts of one inbox share.

use std::sync::Arc;

use tokio::sync::{Notify, watch};

use crate::ends::Ends;
use crate::store::Store;

/// One opened inbox: its store, and who is to be woken by what.
pub(crate) struct Hub {
    pub(crate) store: Arc<dyn Store>,
    /// There is something for a handler.
    pub(crate) ready: Notify,
    /// There is something to confirm, or a job to look after.
    pub(crate) look: Notify,
    /// Who waits for the end of which job.
    pub(crate) ends: Ends,
    /// It is closing: nothing new is begun.
    pub(crate) closing: watch::Sender<bool>,
}

impl Hub {
    pub(crate) fn new(store: Arc<dyn Store>) -> Arc<Self> {
        Arc::new(Self {
            store,
            ready: Notify::new(),
            look: Notify::new(),
            ends: Ends::default(),
            closing: watch::Sender::new(false),
        })
    }

    /// Resolves when it is closing.
    pub(crate) async fn closed(&self) {
        // A sender that is gone has closed too.
        let _ = self.closing.subscribe().wait_for(|closing| *closing).await;
    }
}
