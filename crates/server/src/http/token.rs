//! `POST /oauth/token`: credentials for a token.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, Uri, header};
use axum::response::{IntoResponse, Response};
use image_intelligence_core::TokenRequest;

use super::body::Small;
use super::{Api, ApiError};
use crate::credentials::Credentials;

pub(crate) async fn issue(
    State(api): State<Arc<Api>>,
    uri: Uri,
    headers: HeaderMap,
    body: Small,
) -> Result<Response, ApiError> {
    // What serde says of a wrong type may quote the value, and the value may be the secret.
    let request: TokenRequest = serde_json::from_slice(&body.bytes).map_err(|_| {
        ApiError::bad_request(r#"the body must be JSON like {"clientId": "..", "clientSecret": ".."}, both strings"#)
    })?;
    let account = api
        .credentials
        .find(&request.client_id, &request.client_secret)
        .ok_or_else(|| ApiError::unauthorized("wrong clientId or clientSecret"))?;
    // A page in a browser on this machine may call it by a name of its own, and knows these credentials as everybody does.
    if account.client_id == Credentials::LOCAL.0
        && api.credentials.has_local()
        && !api.admin.is_called_by_own_name(&headers, &uri)
    {
        let advice = format!(
            "Host: the client \"{}\" is for who calls this server by its address, as http://{}; give the server credentials of your own",
            account.client_id, api.address
        );
        return Err(ApiError::unauthorized(advice));
    }
    let answer = api.tokens.issue(&account, api.gate.clock.now()).map_err(|error| {
        tracing::error!(%error, "no randomness for a token");
        ApiError::internal("no token can be made right now")
    })?;
    let headers = [(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "no-store")];
    Ok((headers, answer.to_json()).into_response())
}
