//! What a sender is told: a status and a word, and nothing that helps a forger.

use bytes::Bytes;
use http::header::{CONNECTION, CONTENT_TYPE, HeaderName};
use http::{HeaderValue, Response, StatusCode};
use http_body_util::Full;

const TEXT: (&str, &str) = ("content-type", "text/plain; charset=utf-8");

/// What a request is answered with, for a server of any make to send.
///
/// Every answer is one of a few that are fixed, so that none can give anything away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Answer {
    /// The HTTP status. Only 200 says that the event is kept.
    pub status: u16,
    /// The headers, by their lower-case names. The length of the body is not among them.
    pub headers: &'static [(&'static str, &'static str)],
    /// The body, which is empty for HEAD.
    pub body: &'static str,
}

impl Answer {
    /// It is on the disk, or was before, or is nothing that one keeps.
    pub(crate) const OK: Self = Self::text(200, "ok");
    /// For people and doctors who look whether anybody is there.
    pub(crate) const HERE: Self = Self::text(200, "Image Intelligence webhooks are received here.\n");
    pub(crate) const HERE_TO_HEAD: Self = Self::text(200, "");
    pub(crate) const BROKEN_OFF: Self = Self::text(400, "the body broke off\n");
    pub(crate) const UNREADABLE: Self = Self::text(400, "this is no webhook\n");
    pub(crate) const UNSIGNED: Self = Self {
        headers: &[TEXT, ("www-authenticate", "X-Niro-Signature")],
        ..Self::text(401, "not signed as agreed\n")
    };
    pub(crate) const NOT_FOUND: Self = Self::text(404, "not found\n");
    pub(crate) const ONLY_POST: Self =
        Self { headers: &[TEXT, ("allow", "POST")], ..Self::text(405, "POST is wanted\n") };
    pub(crate) const ONLY_GET: Self =
        Self { headers: &[TEXT, ("allow", "GET, HEAD")], ..Self::text(405, "nothing is taken here\n") };
    pub(crate) const LATE_BODY: Self = Self::text(408, "the body did not come in time\n");
    pub(crate) const TOO_LARGE: Self = Self::text(413, "the body is too large\n");
    pub(crate) const ENCODED: Self = Self::text(415, "the body must come without a Content-Encoding\n");
    pub(crate) const NOT_NOW: Self = Self { headers: &[TEXT, ("retry-after", "5")], ..Self::text(503, "not now\n") };

    const fn text(status: u16, body: &'static str) -> Self {
        Self { status, headers: &[TEXT], body }
    }

    /// As a response; `close` where the connection is to end with it.
    pub(crate) fn into_response(self, close: bool) -> Response<Full<Bytes>> {
        let mut response = Response::new(Full::new(Bytes::from_static(self.body.as_bytes())));
        *response.status_mut() = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(TEXT.1));
        for &(name, value) in self.headers.iter().filter(|header| **header != TEXT) {
            headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        if close {
            headers.insert(CONNECTION, HeaderValue::from_static("close"));
        }
        response
    }
}
