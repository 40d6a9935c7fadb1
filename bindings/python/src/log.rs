//! What our crates say besides answers and errors, for `logging`: `image_intelligence._log` takes it out.

use image_intelligence::{Log, LogLevel, LogRecord};
use pyo3::intern;
use pyo3::prelude::*;

use crate::error::guarded;
use crate::runtime::Process;

/// Has `logging` hear of this process, at the level that is set there now.
pub(crate) fn listen(py: Python<'_>) -> PyResult<()> {
    py.import(intern!(py, "image_intelligence._log"))?.call_method0(intern!(py, "listen"))?;
    Ok(())
}

/// The same in a forked child, where it is not so yet. To be called while no lock of ours is held, as Python code is run.
pub(crate) fn listen_in_a_child(py: Python<'_>) {
    if Log::here().is_none()
        && let Err(error) = listen(py)
    {
        error.write_unraisable(py, None);
    }
}

/// Takes records of this number of `logging` and above, and warnings anyway. Gives whether nobody takes them out yet, and so
/// the caller shall.
#[pyfunction]
pub(crate) fn open_log(number: i64) -> PyResult<bool> {
    guarded(|| {
        let level = match number {
            ..=5 => LogLevel::Trace,
            6..=10 => LogLevel::Debug,
            11..=20 => LogLevel::Info,
            _ => LogLevel::Warn,
        };
        Ok(Log::open(level).claim())
    })
}

/// Who said it, the number of its level, the message, and what belongs to it.
type Told = (String, u8, String, Vec<(&'static str, String)>);

fn told(record: LogRecord) -> Told {
    let number = match record.level {
        LogLevel::Error => 40,
        LogLevel::Warn => 30,
        LogLevel::Info => 20,
        LogLevel::Debug => 10,
        LogLevel::Trace => 5,
    };
    (record.target, number, record.message, record.fields)
}

/// Waits for a record; `None` once the log was closed. For one thread, whose Python code is then all that a thread is that the
/// end of the interpreter cuts off: with Rust beneath it the whole process would abort.
#[pyfunction]
pub(crate) fn next_record(py: Python<'_>) -> PyResult<Option<Told>> {
    guarded(|| {
        let Some(log) = Log::here() else { return Ok(None) };
        let process = Process::current(py)?;
        let next = py.detach(|| {
            let next = process.runtime().block_on(log.next());
            process.enter();
            next
        });
        process.exit();
        Ok(next.map(told))
    })
}

/// Has the thread that waits for records come back once it has them all.
#[pyfunction]
pub(crate) fn close_log() {
    if let Some(log) = Log::here() {
        log.close();
    }
}
