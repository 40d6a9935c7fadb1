//! `/_ii/deliveries`: what went out to webhooks and what is to, with every attempt.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, RawQuery, State};
use serde_json::{Value, json};

use super::super::place::query_value;
use super::super::{Api, ApiError};
use crate::delivery::{Delivery, DeliveryState};
use crate::store::records::Listing;

/// How many are listed where nobody says, and at most.
const SOME: usize = 100;
const MOST: usize = 1_000;

pub(super) async fn list(State(api): State<Arc<Api>>, RawQuery(query): RawQuery) -> Result<Json<Value>, ApiError> {
    let query = query.as_deref();
    let state = query_value(query, "state")?.map(|name| {
        let wrong = || ApiError::bad_request("state: one is pending, delivered or given_up");
        DeliveryState::from_name(&name).ok_or_else(wrong)
    });
    let limit = query_value(query, "limit")?.map(|given| {
        let wrong = || ApiError::bad_request(format!("limit: a number from 1 to {MOST}"));
        given.parse().ok().filter(|limit| (1..=MOST).contains(limit)).ok_or_else(wrong)
    });
    let listing = Listing {
        id: None,
        job: query_value(query, "job")?,
        state: state.transpose()?,
        most: Some(limit.transpose()?.unwrap_or(SOME)),
    };
    Ok(Json(json!({"deliveries": api.outbox.list(listing).await?})))
}

pub(super) async fn get(State(api): State<Arc<Api>>, Path(id): Path<String>) -> Result<Json<Delivery>, ApiError> {
    one(&api, id).await.map(Json)
}

pub(super) async fn redeliver(State(api): State<Arc<Api>>, Path(id): Path<String>) -> Result<Json<Delivery>, ApiError> {
    if !api.outbox.redeliver(id.clone()).await? {
        return Err(none());
    }
    one(&api, id).await.map(Json)
}

async fn one(api: &Api, id: String) -> Result<Delivery, ApiError> {
    let listing = Listing { id: Some(id), ..Listing::default() };
    api.outbox.list(listing).await?.pop().ok_or_else(none)
}

fn none() -> ApiError {
    ApiError::not_found("no such delivery; GET /_ii/deliveries lists them")
}
