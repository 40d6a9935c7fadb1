//! The Python border of Image Intelligence: the native module `image_intelligence._core`.
//!
//! It only converts. What is right or wrong is core's business, requests are the client's, and what a Python programmer sees
//! (classes, exceptions, docs) is in `python/image_intelligence`.

mod all;
mod asynchronous;
mod blocking;
mod callback;
mod client;
mod completed;
mod convert;
mod delivery;
mod error;
mod forking;
mod inbox;
mod job;
mod log;
mod owned;
mod receiver;
mod rows;
mod runtime;
mod webhook;

use pyo3::prelude::*;
use pyo3::types::PyBytes;

/// What core decides of one case of a shared table: for the tests.
#[pyfunction]
fn decide(py: Python<'_>, table: &str, case: &str) -> PyResult<String> {
    error::guarded(|| image_intelligence_core::decide(table, case).map_err(|error| error::raise(py, &error)))
}

/// An answer of the API, read as the model of that name and written anew: for the tests.
#[pyfunction]
fn read_model<'py>(py: Python<'py>, model: &str, answer: &[u8]) -> PyResult<Bound<'py, PyBytes>> {
    error::guarded(|| {
        let json = image_intelligence_core::read_model(model, answer).map_err(|error| error::raise(py, &error))?;
        Ok(PyBytes::new(py, &json))
    })
}

#[pymodule]
fn _core(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add("__version__", env!("CARGO_PKG_VERSION"))?;
    module.add_class::<client::Client>()?;
    module.add_class::<job::Job>()?;
    module.add_class::<all::All>()?;
    module.add_class::<completed::Completed>()?;
    module.add_class::<rows::Rows>()?;
    module.add_class::<asynchronous::Call>()?;
    module.add_class::<callback::CallbackKeys>()?;
    module.add_class::<inbox::Inbox>()?;
    module.add_class::<delivery::Delivery>()?;
    module.add_class::<receiver::Receiver>()?;
    module.add_class::<receiver::Admitted>()?;
    module.add_function(wrap_pyfunction!(webhook::judge, module)?)?;
    module.add_function(wrap_pyfunction!(runtime::leave, module)?)?;
    module.add_function(wrap_pyfunction!(forking::at_fork, module)?)?;
    module.add_function(wrap_pyfunction!(forking::forked, module)?)?;
    module.add_function(wrap_pyfunction!(forking::forked_off, module)?)?;
    module.add_function(wrap_pyfunction!(log::open_log, module)?)?;
    module.add_function(wrap_pyfunction!(log::next_record, module)?)?;
    module.add_function(wrap_pyfunction!(log::close_log, module)?)?;
    module.add_function(wrap_pyfunction!(decide, module)?)?;
    module.add_function(wrap_pyfunction!(read_model, module)?)?;
    Ok(())
}
