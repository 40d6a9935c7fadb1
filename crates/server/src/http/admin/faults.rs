//! `/_ii/faults`: the rules in force.

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use serde_json::{Value, json};

use super::super::{Api, ApiError};
use crate::faults::{Shown, read_json};

pub(super) async fn list(State(api): State<Arc<Api>>) -> Json<Value> {
    Json(json!({"seed": api.faults.seed(), "faults": api.faults.all()}))
}

pub(super) async fn add(State(api): State<Arc<Api>>, headers: HeaderMap, body: Body) -> Result<Json<Shown>, ApiError> {
    let body = api.small_bodies.read(&headers, body).await?;
    let rule = read_json(&body.bytes).map_err(ApiError::bad_request)?;
    api.faults.add(rule).map(Json).map_err(ApiError::bad_request)
}

pub(super) async fn clear(State(api): State<Arc<Api>>) -> Json<Value> {
    Json(json!({"removed": api.faults.clear()}))
}

pub(super) async fn get(State(api): State<Arc<Api>>, Path(id): Path<String>) -> Result<Json<Shown>, ApiError> {
    api.faults.get(&id).map(Json).ok_or_else(none)
}

pub(super) async fn remove(State(api): State<Arc<Api>>, Path(id): Path<String>) -> Result<Json<Shown>, ApiError> {
    api.faults.remove(&id).map(Json).ok_or_else(none)
}

fn none() -> ApiError {
    ApiError::not_found("no such fault; GET /_ii/faults lists those in force")
}
