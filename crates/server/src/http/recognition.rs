//! `/recognition/..` but its jobs: identities, the pictures of faces, groups.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use image_intelligence_core::{
    EventName, FaceGroup, FaceImage, Identity, IdentityChange, IdentityRequest, RecognitionSearch, Timestamp,
};
use serde_json::{Value, json};

use super::auth::Caller;
use super::body::Small;
use super::emulate::Emulation;
use super::place::Place;
use super::{Api, ApiError, Origin};
use crate::store::Query;
use crate::store::records::{Audience, Changed, RecordError, Records, Space};

/// Whose things a request is about, in which namespace.
fn space(caller: &Caller, place: &Place) -> Space {
    Space { owner: caller.owner(), namespace: place.namespace.clone().unwrap_or_default() }
}

/// What the body of a recognition search asks for, within the limits.
pub(super) fn query(api: &Api, body: &Small) -> Result<Query, ApiError> {
    let search = RecognitionSearch::from_json(&body.bytes)?;
    search.validate(&api.limits)?;
    Ok(search.into())
}

pub(crate) async fn create_identity(
    State(api): State<Arc<Api>>,
    caller: Caller,
    origin: Origin,
    place: Place,
    emulation: Emulation,
    body: Small,
) -> Result<Json<Identity>, ApiError> {
    let request = IdentityRequest::from_json(&body.bytes)?;
    request.validate(&api.limits)?;
    let make = move |records: &Records<'_>, space: &Space, now| records.create_identity(space, &request, now);
    change(api, &caller, origin, &place, emulation, EventName::IdentityCreated, make).await
}

/// Makes or changes an identity, and has that told to the application's webhook: both or neither.
async fn change(
    api: Arc<Api>,
    caller: &Caller,
    origin: Origin,
    place: &Place,
    emulation: Emulation,
    event: EventName,
    change: impl FnOnce(&Records<'_>, &Space, Timestamp) -> Result<Changed, RecordError> + Send + 'static,
) -> Result<Json<Identity>, ApiError> {
    let (space, clock) = (space(caller, place), api.gate.clock);
    let (organisation, application) = caller.application();
    let audience = Audience { owner: caller.owner(), organisation, application, origin: origin.0 };
    let (shelf, outbox) = (api.shelf.clone(), api.outbox.clone());
    let change = move |records: &Records<'_>| {
        let changed = change(records, &space, clock.now())?;
        let mut early = Vec::new();
        let mut faults = |id: &str| {
            let faults = emulation.of_webhook(&api);
            early.extend(api.outbox.early(id, &faults));
            faults
        };
        let told = records.tell(&audience, &space, &event, &changed, &clock, &mut faults)?;
        Ok::<_, RecordError>((changed.identity.answer(&audience.origin), told, early))
    };
    // In a task of its own: what was changed is told, though the caller hangs up.
    let changed = tokio::spawn(async move {
        let (identity, told, early) = shelf.write(change).await?;
        outbox.send(told);
        for early in early {
            early.wait().await;
        }
        Ok::<_, RecordError>(identity)
    });
    let broke = |_| ApiError::internal("the identity could not be changed");
    Ok(Json(changed.await.map_err(broke)??))
}

pub(crate) async fn get_identity(
    State(api): State<Arc<Api>>,
    caller: Caller,
    origin: Origin,
    place: Place,
) -> Result<Json<Identity>, ApiError> {
    let space = space(&caller, &place);
    let found = api.shelf.read(move |records| records.identity(&space, &place.id)).await?;
    Ok(Json(found.answer(&origin.0)))
}

pub(crate) async fn change_identity(
    State(api): State<Arc<Api>>,
    caller: Caller,
    origin: Origin,
    place: Place,
    emulation: Emulation,
    body: Small,
) -> Result<Json<Identity>, ApiError> {
    let wanted = IdentityChange::from_json(&body.bytes)?;
    wanted.validate(&api.limits)?;
    let id = place.id.clone();
    let make = move |records: &Records<'_>, space: &Space, now| records.change_identity(space, &id, &wanted, now);
    change(api, &caller, origin, &place, emulation, EventName::IdentityUpdated, make).await
}

pub(crate) async fn delete_identity(
    State(api): State<Arc<Api>>,
    caller: Caller,
    place: Place,
) -> Result<Json<Value>, ApiError> {
    let (space, now) = (space(&caller, &place), api.gate.clock.now());
    api.shelf.write(move |records| records.delete_identity(&space, &place.id, now)).await?;
    Ok(Json(json!({})))
}

pub(crate) async fn search_identities(
    State(api): State<Arc<Api>>,
    caller: Caller,
    origin: Origin,
    place: Place,
    body: Small,
) -> Result<Json<Vec<Identity>>, ApiError> {
    let (space, query) = (space(&caller, &place), query(&api, &body)?);
    let found = api.shelf.read(move |records| records.identities(&space, &query)).await?;
    Ok(Json(found.into_iter().map(|identity| identity.answer(&origin.0)).collect()))
}

/// The face as JSON, or the way to its picture for whoever would rather have that.
pub(crate) async fn get_face(
    State(api): State<Arc<Api>>,
    caller: Caller,
    origin: Origin,
    place: Place,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let space = space(&caller, &place);
    let face = api.shelf.read(move |records| records.face(&space, &place.id)?.ok_or(RecordError::Missing)).await?;
    if !wants_picture(&headers) {
        return Ok(Json(face.answer(&origin.0)).into_response());
    }
    let picture = face.picture;
    if api.shelf.call(move |store| store.picture(&picture)).await?.is_none() {
        return Err(ApiError::not_found("its picture is not kept here; the oldest ones make room for new ones"));
    }
    let link = api.links.to(&origin.0, &face.id, api.gate.clock.now());
    Ok((StatusCode::FOUND, [(header::LOCATION, link), (header::CACHE_CONTROL, "no-store".to_owned())]).into_response())
}

/// Whether `image/jpeg`, or any picture, is named in `Accept`, and JSON is not.
fn wants_picture(headers: &HeaderMap) -> bool {
    let accepted = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    let mut types =
        accepted.flat_map(|value| value.split(',')).filter_map(|item| item.split(';').next()).map(str::trim);
    types.find_map(|named| match named.to_ascii_lowercase().as_str() {
        "image/jpeg" | "image/*" => Some(true),
        "application/json" => Some(false),
        _ => None,
    }) == Some(true)
}

pub(crate) async fn search_faces(
    State(api): State<Arc<Api>>,
    caller: Caller,
    origin: Origin,
    place: Place,
    body: Small,
) -> Result<Json<Vec<FaceImage>>, ApiError> {
    let (space, query) = (space(&caller, &place), query(&api, &body)?);
    let found = api.shelf.read(move |records| records.faces(&space, &query)).await?;
    Ok(Json(found.into_iter().map(|face| face.answer(&origin.0)).collect()))
}

pub(crate) async fn get_group(
    State(api): State<Arc<Api>>,
    caller: Caller,
    origin: Origin,
    place: Place,
) -> Result<Json<FaceGroup>, ApiError> {
    let space = space(&caller, &place);
    let found = api.shelf.read(move |records| records.group(&space, &place.id)?.ok_or(RecordError::Missing)).await?;
    Ok(Json(found.answer(&origin.0)))
}

pub(crate) async fn search_groups(
    State(api): State<Arc<Api>>,
    caller: Caller,
    origin: Origin,
    place: Place,
    body: Small,
) -> Result<Json<Vec<FaceGroup>>, ApiError> {
    let (space, query) = (space(&caller, &place), query(&api, &body)?);
    let found = api.shelf.read(move |records| records.groups(&space, &query)).await?;
    Ok(Json(found.into_iter().map(|group| group.answer(&origin.0)).collect()))
}
