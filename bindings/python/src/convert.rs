//! Pictures, durations and results across the border.

use std::path::PathBuf;
use std::time::Duration;

use image_intelligence::{DetectJob, Error, ErrorKind, Image, Kind, Result};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyTuple};

/// A picture as the facade hands it over: what it is, the thing itself, the caller's own name for it.
#[derive(FromPyObject)]
pub(crate) struct Picture<'py>(String, Bound<'py, PyAny>, Option<String>);

impl Picture<'_> {
    pub(crate) fn into_image(self) -> PyResult<Image> {
        let image = match self.0.as_str() {
            "url" => Image::url(self.1.extract::<String>()?),
            "path" => Image::file(self.1.extract::<PathBuf>()?),
            "data" => Image::bytes(self.1.cast::<PyBytes>()?.as_bytes().to_vec()),
            _ => return Err(PyTypeError::new_err("a picture is a url, a path or data")),
        };
        Ok(match self.2 {
            Some(id) => image.custom_id(id),
            None => image,
        })
    }
}

/// Seconds that the facade has checked to be a number and not below zero.
pub(crate) fn duration(seconds: f64) -> Duration {
    Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX)
}

/// A kind of job by its name.
pub(crate) fn known_kind(name: &str) -> Result<Kind> {
    Kind::from_name(name).ok_or_else(|| {
        let names = Kind::ALL.map(Kind::as_str).join(", ");
        Error::new(ErrorKind::InvalidRequest, format!("kind: {name:?} given, one of {names} wanted"))
    })
}

/// The answer as it came and, where that is not canonical, the canonical JSON: what the facade decodes, and what it keeps.
pub(crate) struct Read {
    pub(crate) json: Option<Vec<u8>>,
    pub(crate) raw: Vec<u8>,
}

impl Read {
    /// A job that was tied to its inputs, which its raw JSON does not say.
    pub(crate) fn of(job: &DetectJob) -> Self {
        Self { json: Some(job.to_json()), raw: job.raw.as_str().unwrap_or_default().as_bytes().to_vec() }
    }

    /// `(json, raw)`, the very same object twice where the raw JSON is canonical.
    pub(crate) fn into_python(self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        let raw = PyBytes::new(py, &self.raw);
        let json = self.json.map_or_else(|| raw.clone(), |json| PyBytes::new(py, &json));
        Ok(PyTuple::new(py, [json, raw])?.into_any().unbind())
    }
}
