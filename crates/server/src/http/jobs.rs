//! Jobs of every kind: `POST` takes one on, `GET` shows one or searches.

use std::sync::Arc;

use axum::Json;
use axum::body::{Body, Bytes};
use axum::extract::{RawQuery, State};
use axum::http::HeaderMap;
use axum::routing::{MethodFilter, MethodRouter, on};
use image_intelligence_core::{JobSearch, Kind, Timestamp, decode_blob};
use uuid::Uuid;

use super::auth::Caller;
use super::body::{Small, Whole};
use super::emulate::Emulation;
use super::place::{Place, query_value};
use super::recognition::query;
use super::{Api, ApiError, Origin};
use crate::job::{Among, Job, JobAnswer, Request};
use crate::store::Query;
use crate::store::records::NewDelivery;

/// From this size on a body is read on a thread of its own, so that other requests go on.
const LARGE: usize = 64 << 10;

/// `POST` of a job.
pub(crate) fn create(kind: Kind) -> MethodRouter<Arc<Api>> {
    let create = async move |state: State<Arc<Api>>,
                             caller: Caller,
                             origin: Origin,
                             place: Place,
                             emulation: Emulation,
                             RawQuery(query): RawQuery,
                             headers: HeaderMap,
                             body: Body| {
        let among = among(kind, place, query.as_deref(), &state)?.0;
        take_on(state.0, caller, origin, emulation, among, headers, body).await
    };
    on(MethodFilter::POST, create)
}

/// `GET` of a job by its id.
pub(crate) fn get(kind: Kind) -> MethodRouter<Arc<Api>> {
    let get =
        async move |state: State<Arc<Api>>, caller: Caller, origin: Origin, place: Place, RawQuery(query): RawQuery| {
            let (among, id) = among(kind, place, query.as_deref(), &state)?;
            show(state.0, caller, origin, among, id).await
        };
    on(MethodFilter::GET, get)
}

/// `GET` of jobs, by `?customId=&feedId=&before=&after=`.
pub(crate) fn search(kind: Kind) -> MethodRouter<Arc<Api>> {
    let search = async move |state: State<Arc<Api>>, caller: Caller, origin: Origin, RawQuery(query): RawQuery| {
        let search = read_search(query.as_deref())?;
        show_all(state.0, caller, origin, Among { kind, namespace: None }, search.into()).await
    };
    on(MethodFilter::GET, search)
}

/// `POST` of a search for recognize jobs.
pub(crate) async fn search_recognized(
    State(api): State<Arc<Api>>,
    caller: Caller,
    origin: Origin,
    place: Place,
    body: Small,
) -> Result<Json<Vec<JobAnswer>>, ApiError> {
    let query = query(&api, &body)?;
    let among = Among { kind: Kind::Recognize, namespace: place.namespace };
    show_all(api, caller, origin, among, query).await
}

/// Among which jobs a request means one, and its id.
fn among(kind: Kind, place: Place, query: Option<&str>, api: &Api) -> Result<(Among, String), ApiError> {
    if kind != Kind::Recognize {
        return Ok((Among { kind, namespace: None }, place.id));
    }
    let place = place.or_by_query(query, api)?;
    Ok((Among { kind, namespace: place.namespace }, place.id))
}

async fn take_on(
    api: Arc<Api>,
    caller: Caller,
    origin: Origin,
    emulation: Emulation,
    among: Among,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<JobAnswer>, ApiError> {
    let body = api.bodies.read(&headers, body).await?;
    // In a task of its own: what has arrived whole takes effect, though the caller hangs up before the answer.
    let kept = tokio::spawn(keep(api, caller, origin, emulation, among, body));
    kept.await.map_err(|_| ApiError::internal("the job could not be kept"))?.map(Json)
}

/// Makes a job of a request, keeps it and begins to look.
async fn keep(
    api: Arc<Api>,
    caller: Caller,
    origin: Origin,
    emulation: Emulation,
    among: Among,
    body: Whole,
) -> Result<JobAnswer, ApiError> {
    let size = body.bytes.len();
    let unpack = {
        let api = Arc::clone(&api);
        let large = size > LARGE;
        let unpack = move || unpack(&api, &among, &body.bytes);
        if large { tokio::task::spawn_blocking(unpack).await } else { Ok(unpack()) }
    };
    let (request, pictures, weight) = unpack.map_err(|_| ApiError::internal("the body could not be read"))??;

    let Some(ticket) = api.admission.admit(size) else {
        return Err(ApiError::busy("too many jobs in progress; send this one again later", 5));
    };
    let delivery = request.options().webhook_url.clone().map(|url| NewDelivery {
        id: Uuid::new_v4().to_string(),
        owner: caller.owner(),
        url,
        origin: Some(origin.0.clone()).filter(|origin| *origin != api.origin()),
        faults: emulation.of_webhook(&api),
    });
    let early = delivery.as_ref().and_then(|delivery| api.outbox.early(&delivery.id, &delivery.faults));
    let job = Job {
        id: Uuid::new_v4().to_string(),
        owner: caller.owner(),
        created_at: api.gate.clock.now(),
        request: Arc::new(request),
        pictures: pictures.iter().map(|(id, _)| id.clone()).collect(),
        outcomes: None,
        shown: 0,
        weight,
    };
    let answer = job.answer(&origin.0, false);
    let kept = pictures.into_iter().filter_map(|(id, bytes)| Some((id, bytes?))).collect();
    let copy = job.clone();
    api.shelf.call(move |store| store.insert(copy, kept, delivery)).await?;
    tracing::info!(job = %job.id, kind = %job.request.kind(), images = job.pictures.len(), "job taken on");
    api.engine.run(Arc::new(job), ticket);
    if let Some(early) = early {
        early.wait().await;
    }
    Ok(answer)
}

/// A picture's id, and its bytes where they came along.
type Pictures = Vec<(String, Option<Bytes>)>;

/// Reads and checks a request, and takes the pictures out of it. Also says how much of the body was not pictures.
fn unpack(api: &Api, among: &Among, body: &[u8]) -> Result<(Request, Pictures, usize), ApiError> {
    let mut request = Request::read(among, body, &api.limits)?;
    let mut weight = body.len();
    let pictures = request.images_mut().iter_mut().enumerate().map(|(index, image)| {
        let blob = image.blob.take();
        weight = weight.saturating_sub(blob.as_ref().map_or(0, String::len));
        let bytes = blob.map(|blob| decode_blob(&format!("images[{index}].blob"), &blob)).transpose()?;
        Ok((Uuid::new_v4().to_string(), bytes.map(Bytes::from)))
    });
    let pictures = pictures.collect::<Result<_, ApiError>>()?;
    weight += request.overhead();
    Ok((request, pictures, weight))
}

async fn show(
    api: Arc<Api>,
    caller: Caller,
    origin: Origin,
    among: Among,
    id: String,
) -> Result<Json<JobAnswer>, ApiError> {
    let (owner, count, gate, kind) = (caller.owner(), api.gate.counts(), api.gate, among.kind);
    let job = api.shelf.call(move |store| store.job(&owner, Some(&among), &id, count)).await?;
    let missing = || ApiError::not_found(format!("no such {kind} job; was it made with other credentials?"));
    let job = job.ok_or_else(missing)?;
    if count {
        api.outbox.shown(std::slice::from_ref(&job)).await?;
    }
    Ok(Json(job.answer(&origin.0, gate.is_done(&job))))
}

async fn show_all(
    api: Arc<Api>,
    caller: Caller,
    origin: Origin,
    among: Among,
    query: Query,
) -> Result<Json<Vec<JobAnswer>>, ApiError> {
    let (owner, count, gate) = (caller.owner(), api.gate.counts(), api.gate);
    let jobs = api.shelf.call(move |store| store.search(&owner, &among, &query, count)).await?;
    if count {
        api.outbox.shown(&jobs).await?;
    }
    let answer = move || jobs.iter().map(|job| job.answer(&origin.0, gate.is_done(job))).collect();
    let answer = tokio::task::spawn_blocking(answer).await;
    answer.map(Json).map_err(|_| ApiError::internal("the jobs could not be written out"))
}

/// Reads `?customId=&feedId=&before=&after=`. Both bounds are included; an empty value is none.
fn read_search(query: Option<&str>) -> Result<JobSearch, ApiError> {
    let mut search = JobSearch::new();
    search.custom_id = query_value(query, "customId")?;
    search.feed_id = query_value(query, "feedId")?;
    search.before = moment(query, "before")?;
    search.after = moment(query, "after")?;
    Ok(search)
}

fn moment(query: Option<&str>, field: &str) -> Result<Option<Timestamp>, ApiError> {
    let Some(value) = query_value(query, field)? else { return Ok(None) };
    value.parse().map(Timestamp::from_wire).map(Some).map_err(|_| {
        let given: String = value.chars().filter(|character| !character.is_control()).take(40).collect();
        ApiError::bad_request(format!("{field}: \"{given}\" is not a UNIX time in milliseconds, such as 1487648348000"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_is_read_strictly() {
        let read = "customId=T%C3%BCr+1&feedId=&before=1487648348&after=1487648347999&more=x";
        let read = read_search(Some(read)).unwrap();
        assert_eq!(read.custom_id.as_deref(), Some("Tür 1"));
        assert_eq!(read.feed_id, None);
        assert_eq!(read.before, Some(Timestamp::from_millis(1_487_648_348_000)));
        assert_eq!(read.after, Some(Timestamp::from_millis(1_487_648_347_999)));
        for bad in ["before=yesterday", "after=1e12", "before=1&before=2", "customId=a&customId=b"] {
            assert!(read_search(Some(bad)).is_err(), "{bad}");
        }
    }
}
