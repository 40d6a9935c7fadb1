//! Forks: what an inbox in a file has to do before and after one. For `os.register_at_fork`.

use std::time::Duration;

use image_intelligence_webhooks::{after_fork_in_child, after_fork_in_parent, before_fork};
use pyo3::prelude::*;

use crate::error::guarded;

/// A commit may wait for another process for 5 s, and for a slow disk.
const PATIENCE: Duration = Duration::from_secs(10);

#[pyfunction]
pub(crate) fn at_fork(py: Python<'_>) -> PyResult<()> {
    guarded(|| {
        // What is under way may need the interpreter.
        py.detach(|| before_fork(PATIENCE));
        Ok(())
    })
}

#[pyfunction]
pub(crate) fn forked() -> PyResult<()> {
    guarded(|| {
        after_fork_in_parent();
        Ok(())
    })
}

#[pyfunction]
pub(crate) fn forked_off() -> PyResult<()> {
    guarded(|| {
        after_fork_in_child();
        Ok(())
    })
}
