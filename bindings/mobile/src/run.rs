//! The one runtime of the process, and how a call runs on it.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, LazyLock};

use image_intelligence_core::{Error, ErrorKind, Result};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::cancel::Cancel;
use crate::failure::Failure;

/// Two threads do for a client: they wait for the network most of the time.
static RUNTIME: LazyLock<io::Result<Runtime>> = LazyLock::new(|| {
    Builder::new_multi_thread().worker_threads(2).thread_name("image-intelligence").enable_all().build()
});

/// Runs the work until it is done, the call is cancelled, or the returned future is dropped: then the work is dropped too,
/// and with it its connection. That the client is closed ends it from within.
pub(crate) async fn run<T, F>(cancel: Option<Arc<Cancel>>, work: F) -> Result<T, Failure>
where
    T: Send + 'static,
    F: Future<Output = Result<T>> + Send + 'static,
{
    let (done, result) = oneshot::channel();
    let work = async move {
        // Nobody waits for it where the call was dropped meanwhile.
        let _ = done.send(work.await);
    };
    drive(cancel, Box::pin(work)).await?;
    Ok(result.await.unwrap_or_else(|error| Err(broken(error)))?)
}

/// The same for all calls, and so but once in the library, as much of a task's machinery is.
async fn drive(cancel: Option<Arc<Cancel>>, work: Pin<Box<dyn Future<Output = ()> + Send>>) -> Result<()> {
    let runtime = RUNTIME.as_ref().map_err(|error| {
        Error::new(ErrorKind::Config, format!("the threads of the client cannot be started: {error}"))
    })?;
    let mut task = Task(runtime.spawn(async move {
        tokio::select! {
            biased;
            () = Cancel::cancelled(cancel) => Err(Error::new(ErrorKind::Cancelled, "the call was cancelled")),
            () = work => Ok(()),
        }
    }));
    (&mut task.0).await.unwrap_or_else(|error| Err(broken(error)))
}

/// A panic of ours: it ends one call and nothing else.
fn broken(error: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::new(ErrorKind::InvalidResponse, "the client broke down over this call; please report it")
        .with_retryable(false)
        .with_source(error)
}

pub(crate) fn closed_error() -> Error {
    Error::new(ErrorKind::Closed, "the client is closed; make a new one")
}

/// A task that ends with whoever waits for it.
struct Task(JoinHandle<Result<()>>);

impl Drop for Task {
    fn drop(&mut self) {
        self.0.abort();
    }
}
