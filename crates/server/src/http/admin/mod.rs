//! `/_ii`: steering the server while it runs. Not part of the API.

mod access;
mod deliveries;
mod faults;

use std::sync::Arc;

use axum::routing::{get, post};
use axum::{Json, Router, middleware};
use serde_json::{Value, json};

use super::{Api, answers, no_route, routes, wrong_method};
use crate::faults::FaultName;

pub(crate) use access::Access;

pub(super) fn router(api: &Arc<Api>) -> Router<Arc<Api>> {
    let own = Router::new()
        .route("/", get(index))
        .route("/faults", get(faults::list).post(faults::add).delete(faults::clear))
        .route("/faults/{id}", get(faults::get).delete(faults::remove))
        .route("/deliveries", get(deliveries::list))
        .route("/deliveries/{id}", get(deliveries::get))
        .route("/deliveries/{id}/redeliver", post(deliveries::redeliver))
        .fallback(no_route)
        .method_not_allowed_fallback(wrong_method);
    let guard = middleware::from_fn_with_state(Arc::clone(api), access::check);
    let answers = routes::mount(answers::routes(), api).method_not_allowed_fallback(wrong_method);
    Router::new().nest("/_ii", own.layer(guard.clone())).merge(answers.layer(guard))
}

/// What there is here.
async fn index() -> Json<Value> {
    let route = |method: &str, path: &str, about: &str| json!({"method": method, "path": path, "about": about});
    let fault = |name: &FaultName| json!({"fault": name.as_str(), "takes": name.options(), "about": name.about()});
    Json(json!({
        "version": env!("CARGO_PKG_VERSION"),
        "routes": [
            route("GET", "/_ii", "this"),
            route("GET", "/_ii/faults", "the rules in force, how often each was asked and happened, and the seed"),
            route("POST", "/_ii/faults", "puts a rule in force: {fault, n?, skip?, probability?, seed?, match?: {method?, path?}, ..}"),
            route("DELETE", "/_ii/faults", "removes all rules, and begins all chances anew"),
            route("GET", "/_ii/faults/{id}", "one rule"),
            route("DELETE", "/_ii/faults/{id}", "removes one rule"),
            route("GET", "/_ii/deliveries", "webhooks, the newest first, with each attempt: ?job=, ?state=pending|delivered|given_up, ?limit= (100, at most 1000)"),
            route("GET", "/_ii/deliveries/{id}", "one webhook"),
            route("POST", "/_ii/deliveries/{id}/redeliver", "begins a new round of attempts at once, whatever became of it"),
            route("GET", "/_ii/answers", "the rules that say what is in which picture"),
            route("POST", "/_ii/answers", "adds such a rule, or an array of them: see /openapi.json"),
            route("DELETE", "/_ii/answers", "forgets them all"),
        ],
        "faults": FaultName::ALL.iter().map(fault).collect::<Vec<_>>(),
        "header": "II-Emulate: fault=NAME;key=value, .. asks for faults of that one request",
    }))
}
