//! Requests, refused before they are sent: `validation`.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{expand, odd};
use crate::{
    AskRequest, DetectRequest, FeedbackRequest, IdentityChange, IdentityRequest, JobRequest, Limits, MatchRequest,
    RecognitionSearch, RecognizeRequest, Result, WebhookRequest, check_namespace, decode_blob,
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ValidationCase {
    /// Which request it is; a detect job's where nothing is said.
    of: Option<String>,
    request: Value,
    limits: Option<LimitsOf>,
    #[serde(rename = "error")]
    _error: Option<Value>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LimitsOf {
    url: usize,
}

pub(super) fn validation(case: &ValidationCase, answer: &mut Map<String, Value>) -> Result<()> {
    let request = expand(&case.request)?;
    let json = request.to_string();
    let json = json.as_bytes();
    let mut limits = Limits::default();
    if let Some(own) = &case.limits {
        limits.url = own.url;
    }
    let checked = match case.of.as_deref().unwrap_or("detect") {
        "detect" => job::<DetectRequest>(json, &limits),
        "match" => job::<MatchRequest>(json, &limits),
        "ask" => job::<AskRequest>(json, &limits),
        "recognize" => job::<RecognizeRequest>(json, &limits),
        "identity" => IdentityRequest::from_json(json).and_then(|request| request.validate(&limits)),
        "identity_change" => IdentityChange::from_json(json).and_then(|request| request.validate(&limits)),
        "recognition_search" => RecognitionSearch::from_json(json).and_then(|request| request.validate(&limits)),
        "feedback" => FeedbackRequest::from_json(json).and_then(|request| request.validate(&limits)),
        "webhook" => WebhookRequest::from_json(json).and_then(|request| request.validate(&limits)),
        "namespace" => check_namespace(request["namespace"].as_str().unwrap_or_default(), &limits),
        other => return Err(odd(format_args!("no request {other:?}"))),
    };
    answer.remove("error");
    if let Err(error) = checked {
        let field = error.message().split(": ").next();
        answer.insert(
            "error".to_owned(),
            json!({"kind": error.kind().as_str(), "field": field, "message": error.message()}),
        );
    }
    Ok(())
}

fn job<R: JobRequest>(json: &[u8], limits: &Limits) -> Result<()> {
    let mut request = R::read(json)?;
    request.check(limits)?;
    let mut blobs = request.images_mut().iter().filter_map(|image| image.blob.as_deref());
    blobs.try_for_each(|blob| decode_blob("blob", blob).map(drop))
}
