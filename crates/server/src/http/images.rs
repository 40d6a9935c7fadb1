//! `GET /images/{id}`: the stored picture that a `proxyUrl` points to.

use std::sync::Arc;

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};

use super::place::Place;
use super::{Api, ApiError};
use crate::format::content_type;

pub(crate) async fn get(State(api): State<Arc<Api>>, place: Place) -> Result<Response, ApiError> {
    stored(&api, place.id).await
}

/// A stored picture as it came, whatever it is.
pub(super) async fn stored(api: &Api, id: String) -> Result<Response, ApiError> {
    let bytes = api.shelf.call(move |store| store.picture(&id)).await?;
    let bytes =
        bytes.ok_or_else(|| ApiError::not_found("no such picture here; the oldest ones make room for new ones"))?;
    // The bytes are somebody else's: a browser must take them for a picture or for nothing.
    let headers = [
        (header::CONTENT_TYPE, content_type(&bytes).unwrap_or("application/octet-stream")),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'; sandbox"),
    ];
    Ok((headers, bytes).into_response())
}
