//! Makes the faults happen that a request asked for or that a rule has for it. Around every route, and knowing none.

use std::convert::Infallible;
use std::io;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{FromRequestParts, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{Html, IntoResponse as _, Response};
use futures_util::{StreamExt as _, stream};
use image_intelligence_core::Timestamp;
use serde::Deserialize;
use serde_json::value::RawValue;
use tokio::time::sleep;

use super::cut::Cut;
use super::{Api, ApiError};
use crate::faults::{Answer, Asked, Form, Plan, Random, Rows, WebhookFault, When, asked_for, is_exempt};

/// What a proxy or a hotel's login page would put in the way.
const PAGE: &str = "<!DOCTYPE html>\n<html><head><title>Welcome</title></head><body><h1>It works!</h1></body></html>\n";

pub(crate) async fn emulate(State(api): State<Arc<Api>>, mut request: Request, next: Next) -> Response {
    if is_exempt(request.uri().path()) {
        return next.run(request).await;
    }
    let asked = match asked_for(request.headers()) {
        Ok(asked) => asked,
        Err(problem) => return ApiError::bad_request(problem).into_response(),
    };
    // Where others reach this server, they must not make it wait or break off as they please.
    if !asked.is_empty() && !api.admin.may_emulate(request.headers()) {
        let advice = "II-Emulate: on this address faults are for the admin; send its token as II-Admin-Token too";
        return ApiError::new(StatusCode::FORBIDDEN, advice).into_response();
    }
    let plan = api.faults.decide(request.method(), request.uri().path(), &asked);
    request.extensions_mut().insert(Asking(asked.into()));
    if plan.is_empty() {
        return next.run(request).await;
    }
    tracing::info!(faults = plan.names.join(","), "a fault on purpose");
    suffer(plan, request, next).await
}

/// What a request asked for.
#[derive(Clone)]
struct Asking(Arc<[Asked]>);

/// Which request it is for whose webhook faults may be meant.
pub(crate) struct Emulation {
    method: Method,
    path: String,
    asked: Option<Asking>,
}

impl FromRequestParts<Arc<Api>> for Emulation {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &Arc<Api>) -> Result<Self, Infallible> {
        let asked = parts.extensions.get::<Asking>().cloned();
        Ok(Self { method: parts.method.clone(), path: parts.uri.path().to_owned(), asked })
    }
}

impl Emulation {
    /// What the webhook that the request brings about has to suffer: to be asked once for each.
    pub(crate) fn of_webhook(&self, api: &Api) -> Vec<WebhookFault> {
        let asked = self.asked.as_ref().map(|asking| &*asking.0).unwrap_or_default();
        let faults = api.faults.of_webhook(&self.method, &self.path, asked);
        if !faults.is_empty() {
            let names: Vec<_> = faults.iter().map(|fault| fault.as_str()).collect();
            tracing::info!(faults = names.join(","), "a fault on purpose");
        }
        faults
    }
}

async fn suffer(plan: Plan, request: Request, next: Next) -> Response {
    let cut = request.extensions().get::<Cut>().cloned();
    sleep(plan.delay_before).await;
    let mut answer = match &plan.instead {
        None => Some(next.run(request).await),
        Some((_, When::Before)) => None,
        Some((_, When::After)) => {
            drop(next.run(request).await);
            None
        }
    };
    sleep(plan.delay_after).await;
    if let Some((instead, _)) = plan.instead {
        answer = Some(match (instead, cut) {
            (Answer::Status { code, retry_after }, _) => status(code, retry_after),
            (Answer::Html, _) => Html(PAGE).into_response(),
            (Answer::Reset, Some(cut)) => cut.reset().await,
            (Answer::Reset, None) => ApiError::internal("this connection cannot be reset").into_response(),
        });
    }
    let Some(mut answer) = answer else { return ApiError::internal("no answer").into_response() };
    for (rows, seed) in plan.rows {
        answer = search(answer, &rows, Random::new(seed)).await;
    }
    if plan.truncate { truncated(answer).await } else { answer }
}

fn status(code: StatusCode, retry_after: Option<(Duration, Form)>) -> Response {
    let message = format!("a fault that was asked for, status {}", code.as_u16());
    let error = match code {
        StatusCode::UNAUTHORIZED => ApiError::unauthorized(message),
        _ => ApiError::new(code, message),
    };
    let mut answer = error.into_response();
    let wait = retry_after.map(|(wait, form)| match form {
        Form::Seconds => wait.as_secs().to_string(),
        // A date has whole seconds; rounded up, so that nobody comes back too early.
        Form::Date => httpdate::fmt_http_date(SystemTime::now() + wait + Duration::from_millis(999)),
    });
    if let Some(wait) = wait.and_then(|wait| HeaderValue::from_str(&wait).ok()) {
        answer.headers_mut().insert(header::RETRY_AFTER, wait);
    }
    answer
}

/// Leaves rows out of an answer that is a JSON array; any other stays as it is. What stays of it stays byte for byte.
async fn search(answer: Response, rows: &Rows, random: Random) -> Response {
    if answer.status() != StatusCode::OK {
        return answer;
    }
    let (mut parts, body) = answer.into_parts();
    let Ok(bytes) = to_bytes(body, usize::MAX).await else { return unread() };
    let Ok(all) = serde_json::from_slice::<Vec<&RawValue>>(&bytes) else {
        return Response::from_parts(parts, bytes.into());
    };
    let stay: Vec<&str> =
        all.iter().zip(staying(&all, rows, random)).filter(|(_, stays)| *stays).map(|(row, _)| row.get()).collect();
    let body = format!("[{}]", stay.join(","));
    parts.headers.remove(header::CONTENT_LENGTH);
    Response::from_parts(parts, body.into())
}

/// Which of the rows stay.
fn staying(all: &[&RawValue], rows: &Rows, mut random: Random) -> Vec<bool> {
    match *rows {
        Rows::Newest(most) => {
            let mut newest: Vec<usize> = (0..all.len()).collect();
            // Of those made in the same millisecond the later row counts as newer, as in our own answers.
            newest.sort_by_key(|&at| std::cmp::Reverse((created_at(all[at]), at)));
            let mut stays = vec![false; all.len()];
            newest.iter().take(most).for_each(|&at| stays[at] = true);
            stays
        }
        Rows::Without(count) => {
            let mut out = count.min(all.len());
            let left = (1..=all.len()).rev();
            left.map(|left| {
                let goes = random.happens(out as f64 / left as f64);
                out -= usize::from(goes);
                !goes
            })
            .collect()
        }
        Rows::EachWithout(probability) => all.iter().map(|_| !random.happens(probability)).collect(),
    }
}

fn created_at(row: &RawValue) -> Option<Timestamp> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Row {
        created_at: i64,
    }
    serde_json::from_str::<Row>(row.get()).ok().map(|row| Timestamp::from_wire(row.created_at))
}

/// Sends half of the answer and breaks off, though `Content-Length` tells of all of it.
async fn truncated(answer: Response) -> Response {
    let (mut parts, body) = answer.into_parts();
    let Ok(bytes) = to_bytes(body, usize::MAX).await else { return unread() };
    // An answer without a body has nothing to break off: it promises some.
    let length = bytes.len().max(2);
    let half = bytes.slice(..bytes.len() / 2);
    let body = stream::iter((!half.is_empty()).then_some(Ok::<Bytes, io::Error>(half))).chain(stream::once(async {
        // Lets the connection send what it has: an error takes with it what is unsent.
        tokio::task::yield_now().await;
        Err(io::Error::new(io::ErrorKind::UnexpectedEof, "broken off on purpose"))
    }));
    parts.headers.insert(header::CONTENT_LENGTH, length.into());
    Response::from_parts(parts, Body::from_stream(body))
}

fn unread() -> Response {
    ApiError::internal("the answer could not be read to be spoilt").into_response()
}
