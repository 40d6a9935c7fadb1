//! `POST /detect`, `GET /detect/{id}` and `GET /detect`.

use std::sync::Arc;

use axum::Json;
use axum::body::{Body, Bytes};
use axum::extract::{Path, RawQuery, State};
use axum::http::HeaderMap;
use image_intelligence_core::{DetectJob, DetectRequest, JobSearch, Timestamp, decode_blob};
use uuid::Uuid;

use super::auth::Caller;
use super::{Api, ApiError, Origin, read};
use crate::job::Job;

/// From this size on a body is read on a thread of its own, so that other requests go on.
const LARGE: usize = 64 << 10;

pub(crate) async fn create(
    State(api): State<Arc<Api>>,
    caller: Caller,
    origin: Origin,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<DetectJob>, ApiError> {
    caller.needs("detect:create")?;
    let body = api.bodies.read(&headers, body).await?;
    let size = body.bytes.len();
    let unpack = {
        let api = Arc::clone(&api);
        let large = size > LARGE;
        let unpack = move || unpack(&api, &body.bytes);
        if large { tokio::task::spawn_blocking(unpack).await } else { Ok(unpack()) }
    };
    let (request, pictures, weight) = unpack.map_err(|_| ApiError::internal("the body could not be read"))??;

    let Some(ticket) = api.admission.admit(size) else {
        return Err(ApiError::busy("too many jobs in progress; send this one again later", 5));
    };
    if request.options.webhook_url.is_some() {
        tracing::warn!("a webhookUrl came along; this version keeps it and calls nobody, so poll");
    }
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
    // In a task of its own: a caller that hangs up must not leave a job that is kept and never run.
    let take_on = tokio::spawn(async move {
        let copy = job.clone();
        api.shelf.call(move |store| store.insert(copy, kept)).await?;
        tracing::info!(job = %job.id, images = job.pictures.len(), "job taken on");
        api.engine.run(Arc::new(job), ticket);
        Ok::<_, ApiError>(())
    });
    take_on.await.map_err(|_| ApiError::internal("the job could not be kept"))??;
    Ok(Json(answer))
}

/// A picture's id, and its bytes where they came along.
type Pictures = Vec<(String, Option<Bytes>)>;

/// Reads and checks a request, and takes the pictures out of it. Also says how much of the body was not pictures.
fn unpack(api: &Api, body: &[u8]) -> Result<(DetectRequest, Pictures, usize), ApiError> {
    let mut request = read::detect_request(body)?;
    request.validate(&api.limits)?;
    let mut weight = body.len();
    let pictures = request.images.iter_mut().enumerate().map(|(index, image)| {
        let blob = image.blob.take();
        weight = weight.saturating_sub(blob.as_ref().map_or(0, String::len));
        let bytes = blob.map(|blob| decode_blob(&format!("images[{index}].blob"), &blob)).transpose()?;
        Ok((Uuid::new_v4().to_string(), bytes.map(Bytes::from)))
    });
    let pictures = pictures.collect::<Result<_, ApiError>>()?;
    // What a short class or picture takes in memory is many times what it takes to write.
    weight += request.classes.len() * 192 + request.images.len() * 256;
    Ok((request, pictures, weight))
}

pub(crate) async fn get(
    State(api): State<Arc<Api>>,
    caller: Caller,
    origin: Origin,
    Path(id): Path<String>,
) -> Result<Json<DetectJob>, ApiError> {
    caller.needs("detect:read")?;
    let (owner, count, gate) = (caller.owner(), api.gate.counts(), api.gate);
    let job = api.shelf.call(move |store| store.job(&owner, &id, count)).await?;
    let job = job.ok_or_else(|| ApiError::not_found("no such detect job; was it made with other credentials?"))?;
    Ok(Json(job.answer(&origin.0, gate.is_done(&job))))
}

pub(crate) async fn search(
    State(api): State<Arc<Api>>,
    caller: Caller,
    origin: Origin,
    RawQuery(query): RawQuery,
) -> Result<Json<Vec<DetectJob>>, ApiError> {
    caller.needs("detect:read")?;
    let search = read_search(query.as_deref().unwrap_or_default())?;
    let (owner, count, gate) = (caller.owner(), api.gate.counts(), api.gate);
    let jobs = api.shelf.call(move |store| store.search(&owner, &search, count)).await?;
    let answer = move || jobs.iter().map(|job| job.answer(&origin.0, gate.is_done(job))).collect();
    let answer = tokio::task::spawn_blocking(answer).await;
    answer.map(Json).map_err(|_| ApiError::internal("the jobs could not be written out"))
}

/// Reads `?customId=&feedId=&before=&after=`. Both bounds are included; an empty value is none.
fn read_search(query: &str) -> Result<JobSearch, ApiError> {
    let mut search = JobSearch::new();
    for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
        if value.is_empty() {
            continue;
        }
        let twice = match name.as_ref() {
            "customId" => search.custom_id.replace(value.into_owned()).is_some(),
            "feedId" => search.feed_id.replace(value.into_owned()).is_some(),
            "before" => search.before.replace(moment("before", &value)?).is_some(),
            "after" => search.after.replace(moment("after", &value)?).is_some(),
            _ => false,
        };
        if twice {
            return Err(ApiError::bad_request(format!("{name}: given twice; give it once")));
        }
    }
    Ok(search)
}

fn moment(field: &str, value: &str) -> Result<Timestamp, ApiError> {
    value.parse().map(Timestamp::from_wire).map_err(|_| {
        let given: String = value.chars().filter(|character| !character.is_control()).take(40).collect();
        ApiError::bad_request(format!("{field}: \"{given}\" is not a UNIX time in milliseconds, such as 1487648348000"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_is_read_strictly() {
        let read = read_search("customId=T%C3%BCr+1&feedId=&before=1487648348&after=1487648347999&more=x").unwrap();
        assert_eq!(read.custom_id.as_deref(), Some("Tür 1"));
        assert_eq!(read.feed_id, None);
        assert_eq!(read.before, Some(Timestamp::from_millis(1_487_648_348_000)));
        assert_eq!(read.after, Some(Timestamp::from_millis(1_487_648_347_999)));
        for bad in ["before=yesterday", "after=1e12", "before=1&before=2", "customId=a&customId=b"] {
            assert!(read_search(bad).is_err(), "{bad}");
        }
    }
}
