//! `POST /oauth/token`: credentials for a token.

use std::sync::Arc;

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use image_intelligence_core::TokenRequest;

use super::body::Small;
use super::{Api, ApiError};

pub(crate) async fn issue(State(api): State<Arc<Api>>, body: Small) -> Result<Response, ApiError> {
    // What serde says of a wrong type may quote the value, and the value may be the secret.
    let request: TokenRequest = serde_json::from_slice(&body.bytes).map_err(|_| {
        ApiError::bad_request(r#"the body must be JSON like {"clientId": "..", "clientSecret": ".."}, both strings"#)
    })?;
    let account = api
        .credentials
        .find(&request.client_id, &request.client_secret)
        .ok_or_else(|| ApiError::unauthorized("wrong clientId or clientSecret"))?;
    let answer = api.tokens.issue(&account, api.gate.clock.now()).map_err(|error| {
        tracing::error!(%error, "no randomness for a token");
        ApiError::internal("no token can be made right now")
    })?;
    let headers = [(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "no-store")];
    Ok((headers, answer.to_json()).into_response())
}
