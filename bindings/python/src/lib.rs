//! The Python border of Image Intelligence: the native module `image_intelligence._core`.
//!
//! It only converts. What is right or wrong is core's business, requests are the client's, and what a Python programmer sees
//! (classes, exceptions, docs) is in `python/image_intelligence`.

mod asynchronous;
mod blocking;
mod callback;
mod client;
mod convert;
mod error;
mod job;
mod owned;
mod runtime;
mod webhook;

use pyo3::prelude::*;

/// What core decides of one case of a shared table: for the tests.
#[pyfunction]
fn decide(py: Python<'_>, table: &str, case: &str) -> PyResult<String> {
    error::guarded(|| image_intelligence_core::decide(table, case).map_err(|error| error::raise(py, &error)))
}

#[pymodule]
fn _core(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add("__version__", env!("CARGO_PKG_VERSION"))?;
    module.add_class::<client::Client>()?;
    module.add_class::<job::Job>()?;
    module.add_class::<asynchronous::Call>()?;
    module.add_class::<callback::CallbackKeys>()?;
    module.add_function(wrap_pyfunction!(webhook::judge, module)?)?;
    module.add_function(wrap_pyfunction!(runtime::leave, module)?)?;
    module.add_function(wrap_pyfunction!(decide, module)?)?;
    Ok(())
}
