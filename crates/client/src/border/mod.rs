//! The client for languages that build their own objects: jobs of any kind, and each call by its name, with arguments and
//! answers as JSON. A binding has nothing left to do but convert.

mod all;
mod call;
mod job;
mod log;
mod rows;

use std::borrow::Cow;

use image_intelligence_core::{
    AnyJob, AskJob, CallbackToken, DetectJob, FaceGroup, FaceImage, Feedback, Identity, Judged, MatchJob, Raw,
    RecognizeJob, RegisteredWebhook,
};

pub use all::{AllOptions, AllStep, AnyAll, AnyItem, FedAll};
pub use call::RawAnswer;
pub use job::{AnyCompleted, AnyHandle, AnyJobBuilder};
pub use log::{Log, LogLevel, LogRecord};
pub use rows::AnyRows;

/// Something that the API answered, as JSON for a host to decode.
#[doc(hidden)]
#[derive(Debug)]
#[non_exhaustive]
pub struct RawJson {
    /// The very bytes that came.
    pub raw: Vec<u8>,
    /// What to decode where these are not canonical.
    pub json: Option<Vec<u8>>,
    /// Whether what is to be decoded is ASCII.
    pub ascii: bool,
}

impl RawJson {
    /// A model that is written anew, and the text that it was read from.
    pub(crate) fn written(json: Vec<u8>, raw: Option<&Raw>) -> Self {
        let raw = raw.and_then(Raw::as_str).unwrap_or_default().as_bytes().to_vec();
        let json = without_tokens(&json).unwrap_or(json);
        Self { ascii: json.is_ascii(), json: Some(json), raw }
    }

    /// A job as it came, and judged.
    pub(crate) fn judged(body: &[u8], judged: Judged<'_>) -> Self {
        let (ascii, hidden) = (judged.ascii, without_tokens(&judged.json));
        let json = hidden.or_else(|| (!judged.canonical).then(|| judged.json.into_owned()));
        Self { raw: body.to_vec(), json, ascii }
    }
}

/// JSON whose callback URLs show no token, where there is one in it: a host's objects print all that they have.
fn without_tokens(json: &[u8]) -> Option<Vec<u8>> {
    match CallbackToken::hidden_in(std::str::from_utf8(json).ok()?) {
        Cow::Owned(hidden) => Some(hidden.into_bytes()),
        Cow::Borrowed(_) => None,
    }
}

impl From<&AnyJob> for RawJson {
    fn from(job: &AnyJob) -> Self {
        Self::written(job.to_json(), Some(job.raw()))
    }
}

macro_rules! written {
    ($($model:ident $(, $raw:ident)?;)+) => {$(
        impl From<&$model> for RawJson {
            fn from(model: &$model) -> Self {
                let raw = None $(.or(Some(&model.$raw)))?;
                Self::written(model.to_json(), raw)
            }
        }
    )+};
}
written! {
    DetectJob, raw;
    MatchJob, raw;
    AskJob, raw;
    RecognizeJob, raw;
    Identity, raw;
    FaceImage, raw;
    FaceGroup, raw;
    Feedback, raw;
    RegisteredWebhook;
}
