//! Reading bodies that nobody vouches for: so many bytes each, so many in all, in so much time.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody};
use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, StatusCode, header};
use bytes::BytesMut;
use http_body_util::BodyExt as _;
use hyper::body::{Frame, SizeHint};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout, timeout_at};

use super::{Api, ApiError};

/// The longest silence in the middle of a body.
const SILENCE: Duration = Duration::from_secs(15);
/// The longest that a whole body may take.
const WHOLE: Duration = Duration::from_mins(5);
/// The longest that a body waits for its share of the memory.
const TURN: Duration = Duration::from_secs(10);
/// What is thrown away of a body that is not wanted, so that its sender gets to read why.
const DRAIN_BYTES: usize = 256 << 20;
const DRAIN_TIME: Duration = Duration::from_secs(10);
/// The unit in which memory is shared out.
const SHARE: usize = 1024;

/// The memory that bodies may take: each of them, and all at once.
pub(crate) struct Bodies {
    most: usize,
    shares: Arc<Semaphore>,
}

/// A whole body, with its share of the memory until it is dropped.
pub(crate) struct Whole {
    pub(crate) bytes: Bytes,
    _share: OwnedSemaphorePermit,
}

impl Bodies {
    /// Bodies of at most `most` bytes, and in all at most `at_once` times that.
    pub(crate) fn new(most: usize, at_once: usize) -> Self {
        let shares = most.div_ceil(SHARE).saturating_mul(at_once).min(Semaphore::MAX_PERMITS);
        Self { most, shares: Arc::new(Semaphore::new(shares)) }
    }

    /// Reads a body. Refused at its first line where it says itself that it is too large, otherwise once it is.
    pub(crate) async fn read(&self, headers: &HeaderMap, body: Body) -> Result<Whole, ApiError> {
        let length = headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
        let most = self.most;
        let too_large = || {
            let given = length.map_or_else(|| format!("more than {most}"), |length| length.to_string());
            ApiError::new(
                StatusCode::PAYLOAD_TOO_LARGE,
                format!("body: {given} bytes given, at most {most}; send fewer or smaller pictures a job, or URLs"),
            )
        };
        if length.is_some_and(|length| length > most as u64) {
            return Err(too_large());
        }
        // A body that does not tell its length may become as large as any.
        let expected = length.map_or(most, |length| length as usize);
        let shares = u32::try_from(expected.div_ceil(SHARE)).unwrap_or(u32::MAX);
        let share = timeout(TURN, Arc::clone(&self.shares).acquire_many_owned(shares)).await;
        let Ok(Ok(share)) = share else {
            return Err(ApiError::busy("too many large requests at once; send this one again", 2));
        };

        let late = || ApiError::new(StatusCode::REQUEST_TIMEOUT, "the body did not come in time; send it again");
        let deadline = Instant::now() + WHOLE;
        let mut body = body;
        let mut bytes = BytesMut::with_capacity(length.map_or(0, |length| length as usize));
        while let Some(frame) =
            timeout_at(deadline.min(Instant::now() + SILENCE), body.frame()).await.map_err(|_| late())?
        {
            let frame = frame.map_err(|_| ApiError::bad_request("the body broke off; send it again"))?;
            let Some(data) = frame.data_ref() else { continue };
            if bytes.len() + data.len() > most {
                return Err(too_large());
            }
            bytes.extend_from_slice(data);
        }
        Ok(Whole { bytes: bytes.freeze(), _share: share })
    }
}

/// A whole body of a call that is never large.
pub(crate) struct Small(Whole);

impl FromRequest<Arc<Api>> for Small {
    type Rejection = ApiError;

    async fn from_request(request: Request, api: &Arc<Api>) -> Result<Self, ApiError> {
        let (parts, body) = request.into_parts();
        api.small_bodies.read(&parts.headers, body).await.map(Self)
    }
}

impl std::ops::Deref for Small {
    type Target = Whole;

    fn deref(&self) -> &Whole {
        &self.0
    }
}

/// Lends a request its body, so that what the handler leaves of it can be thrown away afterwards.
pub(crate) fn lend(request: Request) -> (Request, Leftover) {
    let (parts, body) = request.into_parts();
    let invited = !parts.headers.contains_key(header::EXPECT);
    let slot = Arc::new(Mutex::new(None));
    let lent = Lent { body: Some(body), slot: Arc::clone(&slot), polled: invited };
    (Request::from_parts(parts, Body::new(lent)), Leftover(slot))
}

struct Lent {
    body: Option<Body>,
    slot: Arc<Mutex<Option<Body>>>,
    /// Whether the sender has been told to send, if it waits for that.
    polled: bool,
}

impl HttpBody for Lent {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        self.polled = true;
        self.body.as_mut().map_or(Poll::Ready(None), |body| Pin::new(body).poll_frame(context))
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(HttpBody::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.body.as_ref().map(HttpBody::size_hint).unwrap_or_default()
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        if self.polled {
            *self.slot.lock().unwrap_or_else(PoisonError::into_inner) = self.body.take();
        }
    }
}

/// What a handler left of a body.
pub(crate) struct Leftover(Arc<Mutex<Option<Body>>>);

impl Leftover {
    /// Throws it away, up to a ceiling. A connection that is closed with bytes unread is reset, and a reset may take the
    /// answer with it.
    pub(crate) async fn drain(self) {
        let Some(mut body) = self.0.lock().unwrap_or_else(PoisonError::into_inner).take() else { return };
        let mut read = 0;
        let drain = async {
            while let Some(Ok(frame)) = body.frame().await {
                read += frame.data_ref().map_or(0, Bytes::len);
                if read > DRAIN_BYTES {
                    break;
                }
            }
        };
        let _ = timeout(DRAIN_TIME, drain).await;
    }
}
