//! Ctrl-C: it ends a wait, never a job.

use std::future::Future;
use std::pin::Pin;

use image_intelligence::{Error, ErrorKind};

use crate::failure::Failure;

/// Listens for Ctrl-C from its first use until it is dropped, so that none is lost between two steps of a command.
pub(crate) struct Interrupt(Pin<Box<dyn Future<Output = ()> + Send>>);

impl Interrupt {
    pub(crate) fn new() -> Self {
        Self(Box::pin(async {
            if tokio::signal::ctrl_c().await.is_err() {
                // It cannot be listened for, so it ends the process as if nobody did.
                std::future::pending::<()>().await;
            }
        }))
    }

    /// Does the work unless Ctrl-C comes first, which fails with what `cancelled` says.
    pub(crate) async fn or<T>(
        &mut self,
        work: impl Future<Output = Result<T, Failure>>,
        cancelled: impl FnOnce() -> Failure,
    ) -> Result<T, Failure> {
        tokio::select! {
            biased;
            () = &mut self.0 => Err(cancelled()),
            done = work => done,
        }
    }
}

/// The failure of a command that Ctrl-C ended.
pub(crate) fn cancelled(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::Cancelled, message)
}
