//! A webhook's bytes: verified and judged in one crossing.

use std::borrow::Cow;

use image_intelligence::{Secret, SignatureOptions};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyList, PyString, PyTuple};

use crate::convert::known_kind;
use crate::error::{guarded, raise};

/// Checks the signature where there are secrets, and then the body: `(event, json)`. Of a detect job `json` is what to
/// decode, the very body where that is canonical.
#[pyfunction]
pub(crate) fn judge<'py>(
    py: Python<'py>,
    body: &Bound<'py, PyBytes>,
    headers: Option<&Bound<'py, PyAny>>,
    secrets: Vec<String>,
    kind: Option<&str>,
    allow_sha1: bool,
) -> PyResult<(Bound<'py, PyString>, Bound<'py, PyBytes>)> {
    guarded(|| {
        let fail = |error| raise(py, &error);
        let known = kind.map(known_kind).transpose().map_err(fail)?;
        if !secrets.is_empty() {
            let secrets: Vec<_> = secrets.into_iter().map(Secret::from).collect();
            let headers = headers.map(read_headers).transpose()?.unwrap_or_default();
            let headers = headers.iter().map(Header::as_pair).collect::<PyResult<Vec<_>>>()?;
            let mut options = SignatureOptions::default();
            options.allow_sha1 = allow_sha1;
            image_intelligence::verify_signature(headers, body.as_bytes(), &secrets, &options).map_err(fail)?;
        }
        let judged = image_intelligence::judge(body.as_bytes(), known).map_err(fail)?;
        let json = match judged.json {
            Cow::Borrowed(_) => body.clone(),
            Cow::Owned(json) => PyBytes::new(py, &json),
        };
        let event = match judged.event {
            image_intelligence::EventKind::Detect => intern!(py, "detect").clone(),
            other => PyString::new(py, other.as_str()),
        };
        Ok((event, json))
    })
}

/// A header as it was handed over: text or bytes.
struct Header<'py>(Bound<'py, PyAny>, Bound<'py, PyAny>);

impl Header<'_> {
    fn as_pair(&self) -> PyResult<(&str, &[u8])> {
        // A name that is no UTF-8 is none of ours.
        Ok((std::str::from_utf8(bytes(&self.0)?).unwrap_or_default(), bytes(&self.1)?))
    }
}

/// Takes a dict, any mapping with `items()` (those of the frameworks repeat a name that came twice), or pairs; a value may
/// also be a list of values.
fn read_headers<'py>(headers: &Bound<'py, PyAny>) -> PyResult<Vec<Header<'py>>> {
    let mut read = Vec::new();
    let mut take = |name: Bound<'py, PyAny>, value: Bound<'py, PyAny>| {
        if value.is_instance_of::<PyList>() || value.is_instance_of::<PyTuple>() {
            for one in value.try_iter()? {
                read.push(Header(name.clone(), one?));
            }
        } else {
            read.push(Header(name, value));
        }
        PyResult::Ok(())
    };
    if let Ok(dict) = headers.cast_exact::<PyDict>() {
        dict.iter().try_for_each(|(name, value)| take(name, value))?;
        return Ok(read);
    }
    let pairs = match headers.getattr_opt(intern!(headers.py(), "items"))? {
        Some(items) => items.call0()?,
        None => headers.clone(),
    };
    for pair in pairs.try_iter()? {
        let (name, value) = pair?.extract()?;
        take(name, value)?;
    }
    Ok(read)
}

fn bytes<'a>(text: &'a Bound<'_, PyAny>) -> PyResult<&'a [u8]> {
    if let Ok(bytes) = text.cast::<PyBytes>() {
        return Ok(bytes.as_bytes());
    }
    Ok(text.cast::<PyString>()?.to_str()?.as_bytes())
}
