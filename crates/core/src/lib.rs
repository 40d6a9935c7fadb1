//! What every layer and every language of Image Intelligence shares: the API's models, the validation of requests, the
//! reading of webhooks, and the decisions of waiting and retrying.
//!
//! Nothing here does I/O, reads a clock or draws a random number: the time and the jitter come in as arguments, so every
//! decision can be tested to the letter.
//!
//! Reading is tolerant: real servers differ from their documents, and one odd value must not cost a batch. Writing is strict.

#[cfg(feature = "uniffi")]
uniffi::setup_scaffolding!();

mod answer;
mod any_job;
mod api_error;
mod ask;
mod base_url;
mod body;
mod callback;
mod check;
mod decide;
mod describe;
mod detect;
mod dialect;
mod error;
mod feedback;
#[cfg(feature = "uniffi")]
mod foreign;
mod gave_up;
mod geometry;
mod inputs;
mod job;
mod json;
mod kind;
mod matching;
mod model;
mod net;
mod open_enum;
mod picture;
mod poll;
mod public_base;
mod raw;
mod read;
mod recognition;
mod recognize;
mod registered;
mod request;
mod resume;
mod retry;
mod rid;
mod schedule;
mod schema;
mod search;
mod secret;
mod shown;
mod signature;
mod source;
mod status;
mod time;
mod token;
mod validate;
mod webhook;

pub use any_job::AnyJob;
pub use ask::{AskExamples, AskJob, AskJobResult, AskRequest, Examples};
pub use base_url::BaseUrl;
pub use callback::{CallbackKeys, CallbackToken};
pub use check::{Checked, Judged, canonicalise, check, judge, judge_job, read_model};
#[doc(hidden)]
pub use decide::decide;
pub use detect::{
    Class, DetectImageResult, DetectJob, DetectJobImage, DetectJobResult, DetectRequest, DetectedObject, Hit, Verify,
};
pub use dialect::Dialect;
pub use error::{Error, ErrorKind, Result};
pub use feedback::{Feedback, FeedbackClass, FeedbackCode, FeedbackRequest};
pub use gave_up::{GaveUp, GaveUpReason};
pub use geometry::{BoundingBox, ExclusionZones};
pub use inputs::{Input, Inputs};
pub use kind::Kind;
pub use matching::{MatchJob, MatchJobResult, MatchRequest, MatchTarget, Target};
pub use net::{AddressClass, stays_here};
pub use picture::{ImageResult, ImageView, JobImage};
pub use poll::{PollPolicy, Seen, Step, Wait};
pub use public_base::PublicBase;
pub use raw::Raw;
pub use recognition::{
    FaceGroup, FaceImage, Identity, IdentityChange, IdentityRequest, LinkModifier, NameFilter, RecognitionSearch,
    SortOrder,
};
pub use recognize::{Face, FaceHit, RecognizeJob, RecognizeRequest, RecognizedImage};
pub use registered::{EventName, RegisteredEvent, RegisteredWebhook, WebhookRequest};
pub use request::{ImageRequest, JobOptions, JobRequest};
pub use resume::ResumeToken;
pub use retry::{Failure, Repeat, RetryPolicy, parse_retry_after};
pub use rid::Rid;
pub use schedule::{Brought, JobBrief, Next, RowSplitter, Schedule, SchedulePolicy, Ticket, Window};
pub use schema::schema;
pub use search::JobSearch;
pub use secret::Secret;
pub use signature::{SignatureOptions, sign, verify_signature};
pub use source::{Callbacks, Intent, JobRef, JobSource, Later};
pub use status::{ImageStatus, JobStatus};
pub use time::Timestamp;
pub use token::{TokenAnswer, TokenRequest};
pub use validate::{Limits, check_length, check_namespace, decode_blob};
pub use webhook::{EventKind, WebhookEvent, parse_webhook};
