//! Who calls: the bearer token, checked before a byte of the body is read.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};

use super::{Api, ApiError};
use crate::credentials::Account;
use crate::tokens::Refused;

/// The account behind a request.
#[derive(Clone)]
pub(crate) struct Caller(Arc<Account>);

impl Caller {
    /// The client id: the owner of the caller's jobs.
    pub(crate) fn owner(&self) -> String {
        self.0.client_id.clone()
    }

    /// The organisation and the application whose account it is.
    pub(crate) fn application(&self) -> (String, String) {
        (self.0.org_name.clone(), self.0.app_name.clone())
    }

    /// Whose token a request carries.
    pub(super) fn of(headers: &HeaderMap, api: &Api) -> Result<Self, ApiError> {
        let header = headers.get(header::AUTHORIZATION).ok_or_else(|| {
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

    /// Refuses a caller whose token does not carry the scope.
    pub(crate) fn needs(&self, scope: &str) -> Result<(), ApiError> {
        if self.0.may(scope) {
            return Ok(());
        }
        let message = format!("this token's scope does not include {scope}; ask for credentials that do");
        Err(ApiError::forbidden(message))
    }
}

impl FromRequestParts<Arc<Api>> for Caller {
    type Rejection = ApiError;

    /// The caller whom the route's guard let through.
    async fn from_request_parts(parts: &mut Parts, _: &Arc<Api>) -> Result<Self, ApiError> {
        let unguarded = || ApiError::internal("this route asked nobody for a token");
        parts.extensions.get::<Self>().cloned().ok_or_else(unguarded)
    }
}
