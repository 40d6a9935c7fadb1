//! Pictures, durations and results across the border.

use std::path::PathBuf;
use std::time::Duration;

use image_intelligence::{Error, ErrorKind, Image, Kind, RawAnswer, RawJson, Result, Secret};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyList, PyTuple};

/// A picture as the facade hands it over: what it is, the thing itself, the caller's own name for it.
#[derive(FromPyObject)]
pub(crate) struct Picture<'py>(String, Bound<'py, PyAny>, Option<String>);

impl Picture<'_> {
    pub(crate) fn into_image(self) -> PyResult<Image> {
        let image = match self.0.as_str() {
            "url" => Image::url(self.1.extract::<String>()?),
            "path" => Image::file(self.1.extract::<PathBuf>()?),
            "data" => Image::bytes(self.1.cast::<PyBytes>()?.as_bytes().to_vec()),
            "refused" => Image::refused(Error::new(ErrorKind::InvalidRequest, self.1.extract::<String>()?)),
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

/// What the facade decodes, and what it keeps: `(json, raw)`, the very same object twice where the bytes that came are
/// canonical.
pub(crate) fn read(py: Python<'_>, read: RawJson) -> PyResult<Py<PyAny>> {
    let raw = PyBytes::new(py, &read.raw);
    let json = read.json.map_or_else(|| raw.clone(), |json| PyBytes::new(py, &json));
    Ok(PyTuple::new(py, [json, raw])?.into_any().unbind())
}

/// A list of those.
pub(crate) fn reads(py: Python<'_>, many: Vec<RawJson>) -> PyResult<Py<PyAny>> {
    let many = many.into_iter().map(|one| read(py, one)).collect::<PyResult<Vec<_>>>()?;
    Ok(PyList::new(py, many)?.into_any().unbind())
}

/// What a call brought: `(json, raw)`, a list of those, a webhook's `((json, raw), secret)`, bytes, or `None`.
pub(crate) fn answer(py: Python<'_>, answer: RawAnswer) -> PyResult<Py<PyAny>> {
    Ok(match answer {
        RawAnswer::One(one) => read(py, one)?,
        RawAnswer::Many(many) => reads(py, many)?,
        RawAnswer::Registered(webhook, secret) => {
            let secret = secret.as_ref().map(Secret::expose);
            (read(py, webhook)?, secret).into_pyobject(py)?.into_any().unbind()
        }
        RawAnswer::Bytes(bytes) => PyBytes::new(py, &bytes).into_any().unbind(),
        _ => py.None(),
    })
}
