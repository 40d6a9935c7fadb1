//! What is said about every request: an id in the answer, a span and a line in the log. Never a token, a body or a query.

use axum::extract::{MatchedPath, Request};
use axum::http::{HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::Response;
use tokio::time::Instant;
use tracing::Instrument as _;
use uuid::Uuid;

use super::body::lend;

pub(crate) async fn observe(request: Request, next: Next) -> Response {
    let began = Instant::now();
    let id = Uuid::new_v4().to_string();
    let method = request.method().clone();
    let route = request.extensions().get::<MatchedPath>().map_or("none", MatchedPath::as_str).to_owned();
    let span = tracing::info_span!("request", %method, route, id);

    async move {
        let (request, leftover) = lend(request);
        let mut response = next.run(request).await;
        // Who is too slow for us would be too slow for this as well.
        if response.status() != StatusCode::REQUEST_TIMEOUT {
            leftover.drain().await;
        }
        if let Ok(id) = HeaderValue::from_str(&id) {
            response.headers_mut().insert("x-request-id", id);
        }
        let status = response.status().as_u16();
        let millis = began.elapsed().as_millis();
        if status < 500 {
            tracing::info!(%method, route, status, millis, "answered");
        } else {
            tracing::error!(%method, route, status, millis, "answered");
        }
        response
    }
    .instrument(span)
    .await
}
