//! Who calls: the bearer token, checked before a byte of the body is read.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{StatusCode, header};

use super::{Api, ApiError};
use crate::credentials::Account;
use crate::tokens::Refused;

/// The account behind a request.
pub(crate) struct Caller(Arc<Account>);

impl Caller {
    /// The client id: the owner of the caller's jobs.
    pub(crate) fn owner(&self) -> String {
        self.0.client_id.clone()
    }

    /// Refuses a caller whose token does not carry the scope.
    pub(crate) fn needs(&self, scope: &str) -> Result<(), ApiError> {
        if self.0.may(scope) {
            return Ok(());
        }
        let message = format!("this token's scope does not include {scope}; ask for credentials that do");
        Err(ApiError::new(StatusCode::FORBIDDEN, message))
    }
}

impl FromRequestParts<Arc<Api>> for Caller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, api: &Arc<Api>) -> Result<Self, ApiError> {
        let header = parts.headers.get(header::AUTHORIZATION).ok_or_else(|| {
            ApiError::unauthorized(
                "no token; POST /v2/oauth/token gives one, send it as Authorization: Bearer <accessToken>",
            )
        })?;
        let (scheme, token) = header.to_str().ok().and_then(|text| text.trim().split_once(' ')).unwrap_or_default();
        if !scheme.eq_ignore_ascii_case("bearer") {
            return Err(ApiError::unauthorized("no token; send it as Authorization: Bearer <accessToken>"));
        }
        api.tokens.check(token.trim(), api.gate.clock.now()).map(Self).map_err(|refused| {
            ApiError::unauthorized(match refused {
                Refused::Unknown => "this server did not give that token, or has restarted since; get a new one",
                Refused::Expired => "the token has expired; get a new one",
            })
        })
    }
}
