//! What an answer that is no success says, in our words and in the server's.

use serde_json::Value;

use crate::retry::parse_http_date;
use crate::{Error, ErrorKind, Timestamp, parse_retry_after};

impl Error {
    /// The error of an answer with this HTTP status and body. `what` is what was asked for: `detect job f9d73f87`.
    ///
    /// The server's own words are taken from `message`, `error`, `error_description` or `errors[]`; the body is kept whole
    /// (up to 64 KiB), out of the message.
    ///
    /// ```
    /// use image_intelligence_core::{Error, ErrorKind};
    ///
    /// let error = Error::from_answer("POST /detect", 400, br#"{"message": "classes: none given"}"#);
    /// assert_eq!(error.kind(), ErrorKind::BadRequest);
    /// assert_eq!(error.message(), "POST /detect: the API refused the request (400): classes: none given");
    /// ```
    pub fn from_answer(what: &str, status: u16, body: &[u8]) -> Self {
        let (fact, advice) = match status {
            300..=399 => (
                "the API redirected elsewhere",
                "redirects are not followed, so that the token goes nowhere else; is the base URL right?",
            ),
            401 => ("the API refused the credentials", "check II_CLIENT_ID and II_CLIENT_SECRET"),
            403 => ("the credentials do not allow this", "ask for the scope"),
            404 => ("not found", "was it made with other credentials, or at another API?"),
            405 => ("the API does not take this call", "is the base URL right?"),
            408 => ("the API gave up reading the request", "try again"),
            413 => ("the request is too large", "send fewer or smaller pictures a job"),
            429 => ("too many requests", "slow down"),
            400..=499 => ("the API refused the request", "look at the error's body"),
            500..=599 => ("the API failed", "try again later"),
            _ => ("the API gave an answer that makes no sense here", "is the base URL right?"),
        };
        // The server knows better what to do; ours is for one that says nothing.
        let advice = server_words(body).unwrap_or_else(|| advice.to_owned());
        let message = format!("{what}: {fact} ({status}): {advice}");
        Self::new(ErrorKind::from_status(status), message).with_status(status).with_body(body)
    }

    /// Reads a 400 as what it means where this API answers so for an id that it does not know: to `GET /match/{id}`, and to
    /// the `PATCH` of an identity. Status, body and request id stay as they came; any other error stays the same. Not for the
    /// error of another call on the way there, such as the one for an access token.
    ///
    /// ```
    /// use image_intelligence_core::{Error, ErrorKind};
    ///
    /// let error = Error::from_answer("match job f9d73f87", 400, b"").read_as_not_found();
    /// assert_eq!((error.kind(), error.status()), (ErrorKind::NotFound, Some(400)));
    ///
    /// let refused = Error::from_answer("match job f9d73f87", 403, b"").read_as_not_found();
    /// assert_eq!(refused.kind(), ErrorKind::PermissionDenied);
    /// ```
    pub fn read_as_not_found(self) -> Self {
        if (self.kind(), self.status()) == (ErrorKind::BadRequest, Some(400)) { self.into_not_found() } else { self }
    }

    /// Takes over what the answer's headers say besides: the server's name for the request, and for how long it asks to be
    /// left alone; until a date, by the clock of the `Date` header, where there is one. Names compare in any case.
    ///
    /// ```
    /// use image_intelligence_core::{Error, Timestamp};
    ///
    /// let headers = [("Retry-After", &b"7"[..]), ("X-Request-Id", b"req-1")];
    /// let error = Error::from_answer("GET /detect/1", 429, b"").with_answer_headers(headers, Timestamp::from_millis(0));
    /// assert_eq!(error.retry_after(), Some(std::time::Duration::from_secs(7)));
    /// assert_eq!(error.request_id(), Some("req-1"));
    ///
    /// let headers = [("Retry-After", &b"Sun, 06 Nov 1994 08:49:44 GMT"[..]), ("Date", b"Sun, 06 Nov 1994 08:49:37 GMT")];
    /// let error = Error::from_answer("GET /detect/1", 429, b"").with_answer_headers(headers, Timestamp::from_millis(0));
    /// assert_eq!(error.retry_after(), Some(std::time::Duration::from_secs(7)));
    /// ```
    pub fn with_answer_headers<'a>(
        self,
        headers: impl IntoIterator<Item = (&'a str, &'a [u8])>,
        now: Timestamp,
    ) -> Self {
        let (mut retry_after, mut date, mut ids) = (None, None, [None; REQUEST_ID.len()]);
        for (name, value) in headers {
            let Ok(value) = std::str::from_utf8(value) else { continue };
            if name.eq_ignore_ascii_case("Retry-After") {
                retry_after = retry_after.or(Some(value));
            } else if name.eq_ignore_ascii_case("Date") {
                date = date.or(Some(value));
            } else if let Some(rank) = REQUEST_ID.iter().position(|known| name.eq_ignore_ascii_case(known)) {
                ids[rank] = ids[rank].or(Some(value));
            }
        }
        // A date is the server's, and so is what it counts from: this machine's clock may be wrong by hours.
        let server_now = date.and_then(parse_http_date).unwrap_or(now);
        let id = ids.into_iter().flatten().find(|id| !id.is_empty() && !id.contains(char::is_control));
        self.with_request_id(id.map(|id| id.chars().take(LONGEST_REQUEST_ID).collect()))
            .with_retry_after(retry_after.and_then(|value| parse_retry_after(value, server_now)))
    }
}

/// The headers in which servers name a request, the likeliest first.
const REQUEST_ID: [&str; 3] = ["X-Request-Id", "Request-Id", "X-Amzn-RequestId"];
const LONGEST_REQUEST_ID: usize = 128;

/// What the server says of its error, in at most 300 characters of one line.
fn server_words(body: &[u8]) -> Option<String> {
    fn words(value: &Value) -> Option<&str> {
        match value {
            Value::String(text) => Some(text.as_str()),
            Value::Object(fields) => fields.get("message").and_then(Value::as_str),
            _ => None,
        }
        .filter(|text| !text.trim().is_empty())
    }

    let read: Value = serde_json::from_slice(body.get(..Error::MAX_BODY).unwrap_or(body)).ok()?;
    let found = ["message", "error_description", "error"]
        .into_iter()
        .filter_map(|key| read.get(key))
        .chain(read.get("errors").and_then(|errors| errors.get(0).or(Some(errors))))
        .find_map(words)?;
    let mut line: String = found.chars().take(300).map(|c| if c.is_control() { ' ' } else { c }).collect();
    if found.chars().nth(300).is_some() {
        line.push_str("..");
    }
    Some(line)
}
