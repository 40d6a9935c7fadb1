//! Calls that make or change something and are no jobs: sent once, and their lost answers are said to be lost.

use bytes::Bytes;
use image_intelligence_core::{Error, ErrorKind, Repeat, Result};

use crate::client::Client;
use crate::http::Request;

/// Writes a body.
pub(crate) fn body(request: &impl serde::Serialize) -> Result<Bytes> {
    serde_json::to_vec(request)
        .map(Bytes::from)
        .map_err(|error| Error::new(ErrorKind::InvalidRequest, format!("the request is no JSON: {error}")))
}

/// Sends a call that must not be sent twice. Where its answer is lost the error is `outcome_unknown`; `look` says how to find
/// out.
pub(crate) async fn once<T>(
    client: &Client,
    request: &Request,
    custom_id: Option<&str>,
    look: &str,
    read: impl Fn(&[u8]) -> Result<T>,
) -> Result<T> {
    let inner = client.inner();
    let call = inner.caller.call(request, Repeat::Creates, &inner.retry, read);
    let failed = match inner.while_open(async { Ok(call.await) }).await? {
        Ok(answer) => return Ok(answer),
        Err(failed) => failed,
    };
    if !failed.failure.may_have_created() {
        return Err(failed.error);
    }
    let what = &request.what;
    let message = format!(
        "{what}: the answer was lost, and it was not sent again: {look} before you send it again (what happened: {})",
        failed.error
    );
    Err(Error::new(ErrorKind::OutcomeUnknown, message)
        .with_request_id(failed.error.request_id().map(str::to_owned))
        .with_candidates(custom_id.unwrap_or_default(), Vec::new())
        .with_source(failed.error))
}

/// An answer of which nothing is wanted but that it is no error.
#[expect(clippy::unnecessary_wraps, reason = "it stands where others read")]
pub(crate) fn ignored(_: &[u8]) -> Result<()> {
    Ok(())
}
