//! A webhook's bytes: verified and judged in one crossing.

use std::borrow::Cow;

use image_intelligence::{Error, ErrorKind, EventKind, Secret, SignatureOptions};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyList, PyString, PyTuple};

use crate::error::{guarded, raise};

/// Checks the signature where there is a secret, and then the body. Gives what it is, in a word, and what to decode: the very
/// body where that is canonical.
#[pyfunction]
pub(crate) fn judge<'py>(
    py: Python<'py>,
    body: &Bound<'py, PyBytes>,
    headers: Option<&Bound<'py, PyAny>>,
    secret: Option<&Bound<'py, PyAny>>,
    kind: Option<&Bound<'py, PyAny>>,
    allow_sha1: bool,
) -> PyResult<(Bound<'py, PyString>, Bound<'py, PyBytes>)> {
    guarded(|| {
        let fail = |error: Error| raise(py, &error);
        // Half a character is no UTF-8, and no kind either.
        let known = kind.map(|name| EventKind::known(&name.str()?.to_string_lossy()).map_err(fail)).transpose()?;
        if let Some(secret) = secret {
            let secrets = read_secrets(secret)?;
            let odd = |_| {
                let problem = "headers: a mapping or pairs of text or bytes wanted, as the request has them";
                fail(Error::new(ErrorKind::InvalidRequest, problem))
            };
            let headers = headers.map(read_headers).transpose().map_err(odd)?.unwrap_or_default();
            let headers = headers.iter().map(Header::as_pair).collect::<PyResult<Vec<_>>>().map_err(odd)?;
            let mut options = SignatureOptions::default();
            options.allow_sha1 = allow_sha1;
            image_intelligence::verify_signature(headers, body.as_bytes(), &secrets, &options).map_err(fail)?;
        }
        let judged = image_intelligence::judge(body.as_bytes(), known).map_err(fail)?;
        let json = match judged.json {
            Cow::Borrowed(_) => body.clone(),
            Cow::Owned(json) => PyBytes::new(py, &json),
        };
        Ok((PyString::intern(py, judged.event.as_str()), json))
    })
}

/// One secret, or a list of those that are in use.
fn read_secrets(secret: &Bound<'_, PyAny>) -> PyResult<Vec<Secret>> {
    let odd = |_| {
        let problem =
            Error::new(ErrorKind::Config, "secret: a str, or a list of up to four, wanted, of whole characters");
        raise(secret.py(), &problem)
    };
    if let Ok(one) = secret.cast::<PyString>() {
        return Ok(vec![Secret::from(one.to_str().map_err(odd)?)]);
    }
    let many = secret.extract::<Vec<String>>().map_err(odd)?;
    Ok(many.into_iter().map(Secret::from).collect())
}

/// A header as it was handed over: text or bytes.
pub(crate) struct Header<'py>(Bound<'py, PyAny>, Bound<'py, PyAny>);

impl Header<'_> {
    pub(crate) fn as_pair(&self) -> PyResult<(&str, &[u8])> {
        // A name that is no UTF-8 is none of ours.
        Ok((std::str::from_utf8(bytes(&self.0)?).unwrap_or_default(), bytes(&self.1)?))
    }
}

/// Takes a dict, any mapping with `items()` (those of the frameworks repeat a name that came twice), or pairs; a value may
/// also be a list of values.
pub(crate) fn read_headers<'py>(headers: &Bound<'py, PyAny>) -> PyResult<Vec<Header<'py>>> {
    // Most are dicts, whose size is known: asked for once.
    let mut read = Vec::with_capacity(headers.len().unwrap_or_default());
    let mut take = |name: Bound<'py, PyAny>, value: Bound<'py, PyAny>| {
        let several = !value.is_instance_of::<PyString>()
            && (value.is_instance_of::<PyList>() || value.is_instance_of::<PyTuple>());
        if !several {
            read.push(Header(name, value));
            return Ok(());
        }
        for one in value.try_iter()? {
            read.push(Header(name.clone(), one?));
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
