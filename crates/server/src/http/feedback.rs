//! `/feedback`: where the caller says that a detect job was wrong. It is kept, and nobody learns from it.

use std::sync::Arc;

use axum::Json;
use axum::extract::{RawQuery, State};
use image_intelligence_core::{Feedback, FeedbackRequest, Kind};

use super::auth::Caller;
use super::body::Small;
use super::place::{Place, query_value};
use super::{Api, ApiError};

pub(crate) async fn create(
    State(api): State<Arc<Api>>,
    caller: Caller,
    body: Small,
) -> Result<Json<Feedback>, ApiError> {
    let request = FeedbackRequest::from_json(&body.bytes)?;
    request.validate(&api.limits)?;
    let (owner, id) = (caller.owner(), request.job_id.clone());
    match api.shelf.call(move |store| store.job(&owner, None, &id, false)).await?.map(|job| job.request.kind()) {
        Some(Kind::Detect) => {}
        Some(kind) => {
            return Err(ApiError::bad_request(format!(
                "jobId: that is a job of kind {kind}; feedback is for detect jobs"
            )));
        }
        None => return Err(ApiError::not_found("jobId: no such detect job; was it made with other credentials?")),
    }
    let owner = caller.owner();
    Ok(Json(api.shelf.write(move |records| records.take_feedback(&owner, request)).await?))
}

pub(crate) async fn get(State(api): State<Arc<Api>>, caller: Caller, place: Place) -> Result<Json<Feedback>, ApiError> {
    let owner = caller.owner();
    Ok(Json(api.shelf.read(move |records| records.feedback(&owner, &place.id)).await?))
}

pub(crate) async fn search(
    State(api): State<Arc<Api>>,
    caller: Caller,
    RawQuery(query): RawQuery,
) -> Result<Json<Vec<Feedback>>, ApiError> {
    let (owner, job) = (caller.owner(), query_value(query.as_deref(), "jobId")?);
    Ok(Json(api.shelf.read(move |records| records.all_feedback(&owner, job.as_deref())).await?))
}
