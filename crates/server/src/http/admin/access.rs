//! Who may steer the server: somebody on this machine, and no page in their browser; or whoever has the token.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use image_intelligence_core::Secret;

use super::super::{Api, ApiError};

const TOKEN: &str = "ii-admin-token";

/// What `/_ii` asks of its callers.
pub(crate) struct Access {
    address: SocketAddr,
    token: Option<Secret>,
}

impl Access {
    pub(crate) fn new(address: SocketAddr, token: Option<Secret>) -> Self {
        Self { address, token }
    }

    /// Whether there is a `/_ii` at all.
    pub(crate) fn exists(&self) -> bool {
        self.is_local() || self.token.is_some()
    }

    /// Whether a request may ask for faults of its own.
    pub(crate) fn may_emulate(&self, headers: &HeaderMap) -> bool {
        self.is_local() || self.has_token(headers)
    }

    /// Whether nothing says that a request came by another name than this machine's own programs use.
    pub(crate) fn is_called_by_own_name(&self, headers: &HeaderMap, uri: &Uri) -> bool {
        hosts(headers, uri).is_some_and(|hosts| hosts.iter().all(|host| self.is_own(host)))
    }

    fn is_local(&self) -> bool {
        self.address.ip().to_canonical().is_loopback()
    }

    /// Compared in constant time, by `Secret`.
    fn has_token(&self, headers: &HeaderMap) -> bool {
        let Some(token) = &self.token else { return false };
        let own = headers.get(TOKEN).and_then(|value| value.to_str().ok());
        let bearer = headers.get(header::AUTHORIZATION).and_then(|value| {
            let (scheme, token) = value.to_str().ok()?.trim().split_once(' ')?;
            scheme.eq_ignore_ascii_case("bearer").then_some(token.trim())
        });
        [own, bearer].into_iter().flatten().any(|given| Secret::from(given) == *token)
    }

    fn check(&self, request: &Request) -> Result<(), ApiError> {
        let headers = request.headers();
        let trusted = self.has_token(headers);
        if self.token.is_some() && !trusted {
            return Err(ApiError::unauthorized(
                "this server has an admin token, and /_ii needs it; send it as Authorization: Bearer or II-Admin-Token",
            ));
        }
        let hosts = hosts(headers, request.uri()).unwrap_or_default();
        // A page elsewhere may have its own name lead to this address; its name still stands here.
        if !trusted && (hosts.is_empty() || !hosts.iter().all(|host| self.is_own(host))) {
            let advice = format!(
                "Host: not this server's; /_ii is called by its address, as http://{}, or with an admin token",
                self.address
            );
            return Err(ApiError::new(StatusCode::FORBIDDEN, advice));
        }
        for origin in headers.get_all(header::ORIGIN) {
            let own = origin
                .to_str()
                .ok()
                .and_then(|origin| origin.split_once("://"))
                .is_some_and(|(_, origin)| hosts.iter().any(|host| host.as_str().eq_ignore_ascii_case(origin)));
            if !own {
                let advice = "Origin: a page of another site may not call /_ii; call it from a program, or from this server's own address";
                return Err(ApiError::new(StatusCode::FORBIDDEN, advice));
            }
        }
        Ok(())
    }

    /// Whether a host is this machine as its own programs call it. The port is not asked for: it may be forwarded.
    fn is_own(&self, host: &Authority) -> bool {
        let host = host.host().trim_start_matches('[').trim_end_matches(']');
        host.eq_ignore_ascii_case("localhost")
            || host.parse::<IpAddr>().is_ok_and(|ip| ip.to_canonical().is_loopback() || ip == self.address.ip())
    }
}

/// By which names a request came: none where one of them cannot be read. HTTP/2 has its host in the URI; where both are there,
/// both count.
fn hosts(headers: &HeaderMap, uri: &Uri) -> Option<Vec<Authority>> {
    let named = headers.get_all(header::HOST).into_iter().map(|value| value.to_str().ok()?.parse().ok());
    named.chain(uri.authority().cloned().map(Some)).collect()
}

pub(super) async fn check(State(api): State<Arc<Api>>, request: Request, next: Next) -> Response {
    match api.admin.check(&request) {
        Ok(()) => next.run(request).await,
        Err(error) => error.into_response(),
    }
}
