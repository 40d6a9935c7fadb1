//! The address at which the service reaches us.

use std::fmt;
use std::sync::Arc;

use url::Url;

use crate::{Error, ErrorKind, Result};

/// Where the service reaches us: the public address before which the listener stands, normalised.
///
/// It is part of what a token's tag covers, so a token of one receiver is none of another's.
///
/// ```
/// use image_intelligence_core::PublicBase;
///
/// let base = PublicBase::parse("HTTPS://Hooks.Example.com:443/ii/")?;
/// assert_eq!(base.to_string(), "https://hooks.example.com/ii");
/// assert_eq!(base.callback_url("AQEB"), "https://hooks.example.com/ii/cb/AQEB");
/// # Ok::<(), image_intelligence_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct PublicBase(Arc<str>);

impl PublicBase {
    /// The longest there can be: with `/cb/` and a token behind it, it is a webhookUrl of 512 characters.
    pub const LONGEST: usize = 456;

    /// Reads an address. Fails with `config`, saying what is wrong with it.
    pub fn parse(text: &str) -> Result<Self> {
        let refuse = |problem: &str| Err(Error::new(ErrorKind::Config, format!("public base: {problem}")));
        let text = text.trim();
        // What reads URLs leaves them out in silence.
        if text.contains(char::is_control) {
            return refuse("it has a line break or another control character inside");
        }
        let url = match Url::parse(text) {
            Ok(url) => url,
            Err(error) => return refuse(&format!("not a URL ({error}); one looks like https://hooks.example.com/ii")),
        };
        if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none_or(str::is_empty) {
            return refuse("it must start with https://, as https://hooks.example.com/ii does");
        }
        if !url.username().is_empty() || url.password().is_some() {
            return refuse("it holds a user name or password; the service cannot send them");
        }
        if url.query().is_some() || url.fragment().is_some() {
            return refuse("it has a ? or #; leave off what follows");
        }
        let normalised = url.as_str().trim_end_matches('/');
        if normalised.len() > Self::LONGEST {
            let given = normalised.len();
            return refuse(&format!("{given} bytes given, at most {}, so that a token fits behind it", Self::LONGEST));
        }
        Ok(Self(normalised.into()))
    }

    /// The address, without a slash at its end.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The URL that a job is given as its webhookUrl.
    pub fn callback_url(&self, token: &str) -> String {
        format!("{self}/cb/{token}")
    }
}

impl fmt::Display for PublicBase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
