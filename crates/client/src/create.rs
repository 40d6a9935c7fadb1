//! Calls that make or change something and are no jobs: sent once, and their lost answers are said to be lost.

use bytes::Bytes;
use image_intelligence_core::{Error, ErrorKind, Repeat, Result, Secret};

use crate::client::Client;
use crate::http::Request;

/// Writes a body.
pub(crate) fn body(request: &impl serde::Serialize) -> Result<Bytes> {
    serde_json::to_vec(request)
        .map(Bytes::from)
        .map_err(|error| Error::new(ErrorKind::InvalidRequest, format!("the request is no JSON: {error}")))
}

/// What to say where an answer is lost, and what never to say.
#[derive(Clone, Copy, Default)]
pub(crate) struct Lost<'a> {
    /// How to find out what became of it.
    pub(crate) look: &'a str,
    pub(crate) custom_id: Option<&'a str>,
    /// Travels in the body: a server may say it back.
    pub(crate) secret: Option<&'a Secret>,
}

/// What an error says, without its advice to try again: not after something that must not be sent twice by mistake.
pub(crate) fn happened(error: &Error) -> &str {
    let message = error.message();
    message.rsplit_once("; try again").map_or(message, |(fact, _)| fact)
}

/// Sends a call that must not be sent twice. Where its answer is lost the error is `outcome_unknown`.
pub(crate) async fn once<T>(
    client: &Client,
    request: &Request,
    lost: Lost<'_>,
    read: impl Fn(&[u8]) -> Result<T>,
) -> Result<T> {
    let inner = client.inner();
    let call = inner.caller.call(request, Repeat::Creates, &inner.retry, read);
    let failed = match inner.while_open(async { Ok(call.await) }).await? {
        Ok(answer) => return Ok(answer),
        Err(failed) => match lost.secret {
            Some(secret) => failed.without(secret),
            None => failed,
        },
    };
    if !failed.failure.may_have_created() {
        return Err(failed.error);
    }
    let (what, look) = (&request.what, lost.look);
    let message = format!(
        "{what}: the answer was lost, and it was not sent again: {look} before you send it again (what happened: {})",
        happened(&failed.error)
    );
    Err(Error::new(ErrorKind::OutcomeUnknown, message)
        .with_request_id(failed.error.request_id().map(str::to_owned))
        .with_candidates(lost.custom_id.unwrap_or_default(), Vec::new())
        .with_source(failed.error))
}

/// An answer of which nothing is wanted but that it is the API's: a page of HTML is a proxy's, and says nothing of the call.
pub(crate) fn ignored(body: &[u8]) -> Result<()> {
    if body.trim_ascii_start().first() == Some(&b'<') {
        let message = "HTML came; is the address right, or a proxy in between?";
        return Err(Error::new(ErrorKind::InvalidResponse, message).with_body(body));
    }
    Ok(())
}
