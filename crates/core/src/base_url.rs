//! The address of an API.

use std::fmt::{self, Write as _};

use sha2::{Digest as _, Sha256};
use url::Url;

use crate::{Error, ErrorKind, Result, stays_here};

/// The address under which an API's calls stand, normalised: no slash at the end, no query, no credentials.
///
/// ```
/// use image_intelligence_core::BaseUrl;
///
/// let api = BaseUrl::parse("https://API.ImageIntelligence.com:443/v2/")?;
/// assert_eq!(api.to_string(), "https://api.imageintelligence.com/v2");
/// assert_eq!(api.join(&["detect", "a/b"]), "https://api.imageintelligence.com/v2/detect/a%2Fb");
/// assert!(!api.is_loopback());
/// # Ok::<(), image_intelligence_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BaseUrl(Url);

impl BaseUrl {
    /// Where the public API is.
    pub const PUBLIC: &'static str = "https://api.imageintelligence.com/v2";

    /// Reads an address. Fails with `config`, saying what is wrong with it.
    pub fn parse(text: &str) -> Result<Self> {
        let refuse = |problem: &str| Error::new(ErrorKind::Config, format!("base URL: {problem}"));
        let mut url = Url::parse(text.trim())
            .map_err(|error| refuse(&format!("not a URL ({error}); one looks like {}", Self::PUBLIC)))?;
        if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none_or(str::is_empty) {
            return Err(refuse(&format!("it must start with https://, as {} does", Self::PUBLIC)));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(refuse("it holds a user name or password; give II_CLIENT_ID and II_CLIENT_SECRET instead"));
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(refuse("it has a ? or #; leave off what follows"));
        }
        let path = url.path().trim_end_matches('/').to_owned();
        url.set_path(&path);
        Ok(Self(url))
    }

    /// Whether traffic to it stays on this machine: a loopback address, or the name `localhost`.
    pub fn is_loopback(&self) -> bool {
        stays_here(&self.0)
    }

    /// Whether traffic to it is encrypted.
    pub fn is_https(&self) -> bool {
        self.0.scheme() == "https"
    }

    /// Host and port, for messages.
    pub fn authority(&self) -> String {
        self.0.authority().to_owned()
    }

    /// The URL of a call: each segment is escaped, so that an id can never change the path.
    pub fn join(&self, segments: &[&str]) -> String {
        let mut url = self.to_string();
        for segment in segments {
            url.push('/');
            // A reader of URLs folds these away however they are escaped, so an id of that name is escaped twice: it then
            // names nothing, where it would name another call.
            let dots = matches!(*segment, "." | "..");
            for byte in segment.bytes() {
                match byte {
                    b'.' if dots => url.push_str("%252E"),
                    b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => url.push(char::from(byte)),
                    _ => {
                        let _ = write!(url, "%{byte:02X}");
                    }
                }
            }
        }
        url
    }

    /// The URL of a call with a query, whose values are escaped.
    ///
    /// ```
    /// let api = image_intelligence_core::BaseUrl::parse("http://127.0.0.1:8080/v2")?;
    /// assert_eq!(api.join_query(&["detect"], &[("customId", "a b&c")]), "http://127.0.0.1:8080/v2/detect?customId=a+b%26c");
    /// # Ok::<(), image_intelligence_core::Error>(())
    /// ```
    pub fn join_query<V: AsRef<str>>(&self, segments: &[&str], query: &[(&str, V)]) -> String {
        let joined = self.join(segments);
        if query.is_empty() {
            return joined;
        }
        let mut escaped = url::form_urlencoded::Serializer::new(String::new());
        escaped.extend_pairs(query);
        format!("{joined}?{}", escaped.finish())
    }

    /// 8 hex digits that tell one API from another in a resume token.
    pub fn fingerprint(&self) -> String {
        Sha256::digest(self.to_string()).iter().take(4).fold(String::new(), |mut hex, byte| {
            let _ = write!(hex, "{byte:02x}");
            hex
        })
    }
}

impl fmt::Display for BaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.as_str().trim_end_matches('/'))
    }
}
