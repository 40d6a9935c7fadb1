//! The API over HTTP: routes, and what every one of them shares.

mod admin;
mod answers;
mod auth;
mod body;
mod cut;
mod emulate;
mod error;
mod feedback;
mod images;
mod jobs;
pub(crate) mod listener;
mod observe;
mod openapi;
mod place;
mod recognition;
mod routes;
mod storage;
mod token;
mod webhooks;

use std::convert::Infallible;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::{Arc, OnceLock};

use axum::body::Bytes;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{StatusCode, Uri, header};
use axum::{Json, Router, middleware};
use image_intelligence_core::Limits;
use serde_json::{Value, json};

pub(crate) use admin::Access;
pub(crate) use body::Bodies;
use error::ApiError;
use routes::Route;
pub(crate) use storage::Links;

use crate::credentials::Credentials;
use crate::delivery::{Deliveries, Outbox};
use crate::engine::{Admission, Engine};
use crate::faults::Board;
use crate::progression::Gate;
use crate::script::Rules;
use crate::store::Shelf;
use crate::tokens::Tokens;

/// What the routes work with.
pub(crate) struct Api {
    pub(crate) address: SocketAddr,
    pub(crate) credentials: Credentials,
    pub(crate) tokens: Tokens,
    pub(crate) gate: Gate,
    pub(crate) limits: Limits,
    pub(crate) bodies: Bodies,
    /// For bodies that are never large.
    pub(crate) small_bodies: Bodies,
    pub(crate) admission: Arc<Admission>,
    pub(crate) shelf: Shelf,
    pub(crate) engine: Engine,
    pub(crate) outbox: Outbox,
    pub(crate) deliveries: Deliveries,
    pub(crate) faults: Board,
    pub(crate) admin: Access,
    pub(crate) rules: Arc<Rules>,
    pub(crate) links: Links,
    /// `/openapi.json`, once somebody asked for it.
    pub(crate) document: OnceLock<Bytes>,
}

impl Api {
    /// Where this server is reached from this machine, such as `http://127.0.0.1:8080`.
    pub(crate) fn origin(&self) -> String {
        origin_of(self.address)
    }
}

/// Where a server that listens there is reached from its own machine.
pub(crate) fn origin_of(mut address: SocketAddr) -> String {
    match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => address.set_ip(Ipv4Addr::LOCALHOST.into()),
        IpAddr::V6(ip) if ip.is_unspecified() => address.set_ip(Ipv6Addr::LOCALHOST.into()),
        _ => {}
    }
    format!("http://{address}")
}

/// Every route of a server, with those for whoever steers it where there is a way in.
fn routes(steered: bool) -> Vec<Route> {
    let mut routes = routes::table();
    if steered {
        routes.extend(answers::routes());
    }
    routes
}

pub(crate) fn router(api: Arc<Api>) -> Router {
    let router = routes::mount(routes::table(), &api);
    let router = if api.admin.exists() { router.merge(admin::router(&api)) } else { router };
    router
        .fallback(no_route)
        .method_not_allowed_fallback(wrong_method)
        .layer(middleware::from_fn_with_state(Arc::clone(&api), emulate::emulate))
        .layer(middleware::from_fn(observe::observe))
        .with_state(api)
}

async fn healthz() -> Json<Value> {
    Json(json!({"status": "ok"}))
}

async fn no_route(uri: Uri) -> ApiError {
    let hint = if uri.path().starts_with("/v2/") { "" } else { "; the API's calls stand under /v2" };
    ApiError::not_found(format!("no such path{hint}"))
}

async fn wrong_method() -> ApiError {
    ApiError::new(StatusCode::METHOD_NOT_ALLOWED, "this path does not take that method; the Allow header lists its own")
}

/// Where the caller reaches this server, such as `http://127.0.0.1:8080`: what a `proxyUrl` begins with.
pub(crate) struct Origin(String);

impl FromRequestParts<Arc<Api>> for Origin {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, api: &Arc<Api>) -> Result<Self, Infallible> {
        // Bound to all of a machine's addresses, only the caller knows by which of them it came.
        let named = || {
            let host = parts.headers.get(header::HOST)?.to_str().ok()?;
            host.parse::<axum::http::uri::Authority>().ok().map(|host| format!("http://{host}"))
        };
        let origin = if api.address.ip().is_unspecified() { named() } else { None };
        Ok(Self(origin.unwrap_or_else(|| api.origin())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_others_may_call_nobody_says_what_the_answers_are() {
        let says = |address: &str| {
            let access = Access::new(SocketAddr::new(address.parse().unwrap(), 8080), None);
            let routes = routes(access.exists());
            routes.iter().any(|route| route.path.starts_with("/_ii"))
        };
        assert!(says("127.0.0.1") && says("::1"));
        assert!(!says("0.0.0.0") && !says("::") && !says("192.168.1.7"));
    }
}
