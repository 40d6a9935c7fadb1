//! Calls that block a thread: the interpreter is free meanwhile, and Ctrl-C is heard.

use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::time::Duration;

use futures_util::FutureExt as _;
use image_intelligence::Result;
use pyo3::prelude::*;

use crate::error::{broken, raise};
use crate::runtime::Process;

/// How often signals are looked for.
const HEAR_EVERY: Duration = Duration::from_millis(50);

/// Does the work on this thread, and gives what Python gets.
pub(crate) fn answer<T: Send, R>(
    py: Python<'_>,
    work: impl Future<Output = Result<T>> + Send,
    convert: impl FnOnce(Python<'_>, T) -> PyResult<R>,
) -> PyResult<R> {
    convert(py, wait(py, work)?.map_err(|error| raise(py, &error))?)
}

/// Runs the future on this thread until it ends, or until a signal's handler raises: then it is dropped.
fn wait<T: Send>(py: Python<'_>, future: impl Future<Output = T> + Send) -> PyResult<T> {
    let process = Process::current(py)?;
    let mut future = pin!(AssertUnwindSafe(future).catch_unwind());
    loop {
        let ended = py.detach(|| {
            let slice = async { tokio::time::timeout(HEAR_EVERY, future.as_mut()).await };
            let ended = process.runtime().block_on(slice);
            process.enter();
            ended
        });
        process.exit();
        match ended {
            Ok(Ok(value)) => return Ok(value),
            Ok(Err(_panic)) => return Err(broken()),
            Err(_not_yet) => py.check_signals()?,
        }
    }
}
