//! The receiver as a tower service, which any server of that family can mount.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response, Version, header};
use http_body::Body;
use http_body_util::{BodyExt as _, Full};
use tokio::time::{timeout, timeout_at};

use super::answer::Answer;
use super::desk::Desk;

/// What is thrown away of a body that is not wanted, so that its sender gets to read why: a connection that is closed with
/// bytes unread is reset, and a reset may take the answer with it.
const DRAIN_BYTES: usize = 1 << 20;
const DRAIN_TIME: Duration = Duration::from_secs(1);

/// The receiver as a [`tower_service::Service`]. Cheap to clone.
///
/// It never fails, and takes the requests of any server that speaks `http`: in axum, mount it with `fallback_service` or
/// `nest_service`.
///
/// ```
/// # use image_intelligence_webhooks::{Inbox, Receiver};
/// # tokio::runtime::Runtime::new().unwrap().block_on(async {
/// # let folder = tempfile::tempdir().unwrap();
/// # let inbox = Inbox::open(folder.path().join("inbox.db")).await?;
/// let receiver = Receiver::builder(&inbox).public_url("https://example.com/hooks").build().await?;
/// let app: axum::Router = axum::Router::new()
///     .route("/", axum::routing::get(|| async { "our front page" }))
///     .nest_service("/hooks", receiver.service());
/// # receiver.shutdown().await;
/// # drop(app);
/// # Ok::<(), image_intelligence_core::Error>(())
/// # }).unwrap();
/// ```
#[derive(Clone)]
pub struct ReceiverService {
    pub(crate) desk: Arc<Desk>,
}

impl std::fmt::Debug for ReceiverService {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ReceiverService").finish_non_exhaustive()
    }
}

impl<B> tower_service::Service<Request<B>> for ReceiverService
where
    B: Body<Data = Bytes> + Send + 'static,
{
    type Response = Response<Full<Bytes>>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let desk = Arc::clone(&self.desk);
        Box::pin(async move { Ok(desk.serve(request, || ()).await) })
    }
}

impl Desk {
    /// Answers a request. `read` is called once nothing more is awaited from the sender.
    pub(crate) async fn serve<B>(self: &Arc<Self>, request: Request<B>, read: impl Fn() + Send) -> Response<Full<Bytes>>
    where
        B: Body<Data = Bytes> + Send + 'static,
    {
        let (parts, body) = request.into_parts();
        // Connections of HTTP/2 are shared.
        let own_connection = parts.version < Version::HTTP_2;
        let headers = parts.headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes()));
        let mut admitted = match self.admit(parts.method.as_str(), parts.uri.path(), headers) {
            Ok(admitted) => admitted,
            Err(answer) => {
                read();
                let unread = !body.is_end_stream();
                // Who waits to be invited has not sent it.
                if unread && !parts.headers.contains_key(header::EXPECT) {
                    self.drain(Box::pin(body));
                }
                return answer.into_response(unread && own_connection);
            }
        };
        let mut body = Box::pin(body);
        let came = timeout_at(admitted.body_deadline(), async {
            while let Some(frame) = body.frame().await {
                let Ok(frame) = frame else { return Came::BrokenOff };
                if let Ok(piece) = frame.into_data()
                    && let Err(answer) = admitted.push(piece)
                {
                    return Came::Refused(answer);
                }
            }
            Came::Whole
        })
        .await;
        read();
        match came {
            Ok(Came::Whole) => admitted.finish().await.into_response(false),
            Ok(Came::Refused(answer)) => {
                self.drain(body);
                answer.into_response(own_connection)
            }
            Ok(Came::BrokenOff) => admitted.broken_off().into_response(own_connection),
            Err(_) => admitted.late().into_response(own_connection),
        }
    }

    /// Throws away what is left of a body, up to a limit, while the answer is on its way.
    fn drain<B>(&self, mut body: Pin<Box<B>>)
    where
        B: Body<Data = Bytes> + Send + 'static,
    {
        self.runtime.spawn(timeout(DRAIN_TIME, async move {
            let mut left = DRAIN_BYTES;
            while let Some(Ok(frame)) = body.frame().await {
                left = left.saturating_sub(frame.data_ref().map_or(0, Bytes::len));
                if left == 0 {
                    break;
                }
            }
        }));
    }
}

enum Came {
    Whole,
    BrokenOff,
    Refused(Answer),
}
