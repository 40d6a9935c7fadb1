//! What every layer and every language of Image Intelligence shares: the API's models, the validation of requests, the
//! reading of webhooks, and the decisions of waiting and retrying.
//!
//! Nothing here does I/O, reads a clock or draws a random number: the time and the jitter come in as arguments, so every
//! decision can be tested to the letter.
//!
//! Reading is tolerant: real servers differ from their documents, and one odd value must not cost a batch. Writing is strict.

#[cfg(feature = "uniffi")]
uniffi::setup_scaffolding!();

mod api_error;
mod base_url;
mod body;
mod callback;
mod check;
mod decide;
mod describe;
mod detect;
mod dialect;
mod error;
#[cfg(feature = "uniffi")]
mod foreign;
mod geometry;
mod inputs;
mod json;
mod kind;
mod model;
mod net;
mod open_enum;
mod poll;
mod public_base;
mod raw;
mod read;
mod request;
mod resume;
mod retry;
mod rid;
mod schema;
mod search;
mod secret;
mod signature;
mod status;
mod time;
mod token;
mod validate;
mod webhook;

pub use base_url::BaseUrl;
pub use callback::{CallbackKeys, CallbackToken};
pub use check::{Checked, Judged, canonicalise, check, judge, judge_job};
#[doc(hidden)]
pub use decide::decide;
pub use detect::{
    Class, DetectImageResult, DetectJob, DetectJobImage, DetectJobResult, DetectRequest, DetectedObject, Hit,
    ImageView, Verify,
};
pub use dialect::Dialect;
pub use error::{Error, ErrorKind, Result};
pub use geometry::{BoundingBox, ExclusionZones};
pub use inputs::{Input, Inputs};
pub use kind::Kind;
pub use net::AddressClass;
pub use poll::{PollPolicy, Seen, Step, Wait};
pub use public_base::PublicBase;
pub use raw::Raw;
pub use request::{ImageRequest, JobOptions};
pub use resume::ResumeToken;
pub use retry::{Failure, Repeat, RetryPolicy, parse_retry_after};
pub use rid::Rid;
pub use schema::schema;
pub use search::JobSearch;
pub use secret::Secret;
pub use signature::{SignatureOptions, sign, verify_signature};
pub use status::{ImageStatus, JobStatus};
pub use time::Timestamp;
pub use token::{TokenAnswer, TokenRequest};
pub use validate::{Limits, decode_blob};
pub use webhook::{EventKind, WebhookEvent, parse_webhook};
