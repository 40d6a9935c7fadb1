//! Callback tokens: made and checked by core.

use image_intelligence::{CallbackKeys as Native, CallbackToken, Error, ErrorKind, PublicBase, Result, Rid, Timestamp};
use pyo3::prelude::*;

use crate::convert::known_kind;
use crate::error::{guarded, raise};

/// What `webhooks.CallbackKeys` stands on.
#[pyclass(frozen, module = "image_intelligence._core")]
pub(crate) struct CallbackKeys(Native);

/// The kind, the rid in hex, the UNIX time in seconds, the key's id.
type Token = (&'static str, String, i64, u8);

impl CallbackKeys {
    pub(crate) fn native(&self) -> Native {
        self.0.clone()
    }
}

fn bases_of(bases: Vec<String>) -> Result<Vec<PublicBase>> {
    bases.into_iter().map(|base| PublicBase::parse(&base)).collect()
}

fn plain(token: &CallbackToken) -> Token {
    (token.kind.as_str(), token.rid.to_string(), token.expires.as_millis().div_euclid(1000), token.key_id)
}

#[pymethods]
impl CallbackKeys {
    #[new]
    fn new(py: Python<'_>, masters: Vec<(u8, Vec<u8>)>) -> PyResult<Self> {
        guarded(|| Native::new(masters).map(Self).map_err(|error| raise(py, &error)))
    }

    fn mint(&self, py: Python<'_>, kind: &str, expires: i64, rid: &str, base: &str) -> PyResult<String> {
        let mint = || -> Result<String> {
            let base = PublicBase::parse(base)?;
            let rid = Rid::from_hex(rid)
                .ok_or_else(|| Error::new(ErrorKind::InvalidRequest, "rid: 16 bytes or 32 hex digits wanted"))?;
            Ok(self.0.mint(known_kind(kind)?, Timestamp::from_millis(expires.saturating_mul(1000)), rid, &base))
        };
        guarded(|| mint().map_err(|error| raise(py, &error)))
    }

    #[staticmethod]
    fn callback_url(py: Python<'_>, token: &str, base: &str) -> PyResult<String> {
        guarded(|| {
            let base = PublicBase::parse(base).map_err(|error| raise(py, &error))?;
            Ok(base.callback_url(token))
        })
    }

    fn verify(&self, py: Python<'_>, token: &str, bases: Vec<String>, now_ms: i64) -> PyResult<Token> {
        let verify = || self.0.verify(token, &bases_of(bases)?, Timestamp::from_millis(now_ms));
        guarded(|| verify().map(|token| plain(&token)).map_err(|error| raise(py, &error)))
    }

    /// As `verify`, of the path of a request.
    fn verify_path(&self, py: Python<'_>, path: &str, bases: Vec<String>, now_ms: i64) -> PyResult<Token> {
        let verify = || self.0.verify_path(path, &bases_of(bases)?, Timestamp::from_millis(now_ms));
        guarded(|| verify().map(|token| plain(&token)).map_err(|error| raise(py, &error)))
    }
}
