//! Image Intelligence: hand over a batch of pictures, get a job at once, and its result when it is there.
//!
//! ```
//! use image_intelligence::{Class, Client, Image, Verify};
//!
//! # use image_intelligence_server::{Answers, Found, Server};
//! # tokio::runtime::Runtime::new().unwrap().block_on(async {
//! # let server = Server::builder().scripted(Answers::new().otherwise([Found::new("person", 0.73)])).start().await?;
//! # let base_url = server.base_url();
//! # let mut printed = Vec::new();
//! let client = Client::builder().base_url(base_url).credentials("local", "local").build()?; // or Client::from_env()?
//! let job = client
//!     .detect([Image::file("../../examples/photos/astronaut.jpg")])
//!     .class("person")
//!     .class(Class::new("car").verify(Verify::Never))
//!     .send()
//!     .await? // Job<Detect>: an id, a resume token
//!     .wait()
//!     .await?; // DetectJob: the result
//! for hit in job.found("person") {
//!     println!("{} {:.2}", hit.image.custom_id_or_url(), hit.confidence);
//! #   printed.push(format!("{} {:.2}", hit.image.custom_id_or_url(), hit.confidence));
//! }
//! # assert_eq!(printed, ["../../examples/photos/astronaut.jpg 0.73"]);
//! # Ok::<(), image_intelligence::Error>(())
//! # }).unwrap();
//! ```
//!
//! `ii serve` runs the whole API on your own machine, with a real detector in it; it says which base URL to use.
//!
//! What it promises:
//! - **A submit is never sent twice by stealth.** Where its answer was lost, the job is looked for, and else the error is
//!   [`ErrorKind::OutcomeUnknown`].
//! - **A wait never hangs and never spins.** It has a deadline, and its error carries a token to [resume](Client::resume) with.
//! - **A job that ended with errors is a result**, not an error. Only transport, authentication, refusals, deadlines and
//!   answers that cannot be read are errors.
//! - **Nothing secret is ever printed**, and the token goes to the base URL's origin only.

mod all;
mod as_completed;
mod ask;
mod auth;
mod border;
mod builder;
mod call;
mod client;
mod create;
mod detect;
mod durable_log;
mod feedback;
mod http;
mod image;
mod job;
mod job_builder;
mod jobs;
mod journal;
mod kind;
mod outside;
mod pictures;
mod recognition;
mod recover;
mod registration;
mod rows;
mod scheduler;
mod source;
mod submit;
mod tls;
mod told;
mod updates;
mod window;

pub use all::{All, AllBuilder, Item, Progress};
pub use as_completed::{AsCompleted, Tracked};
pub use auth::{TokenFuture, TokenProvider};
#[doc(hidden)]
pub use border::{
    AllOptions, AllStep, AnyAll, AnyCompleted, AnyHandle, AnyItem, AnyJobBuilder, AnyRows, FedAll, Log, LogLevel,
    LogRecord, RawAnswer, RawJson,
};
pub use builder::ClientBuilder;
pub use client::Client;
pub use feedback::Feedbacks;
pub use image::Image;
pub use image_intelligence_core::{
    AddressClass, AnyJob, AskExamples, AskJob, AskJobResult, AskRequest, BaseUrl, BoundingBox, CallbackKeys,
    CallbackToken, Callbacks, Checked, Class, DetectImageResult, DetectJob, DetectJobImage, DetectJobResult,
    DetectRequest, DetectedObject, Dialect, Error, ErrorKind, EventKind, EventName, Examples, ExclusionZones, Face,
    FaceGroup, FaceHit, FaceImage, Feedback, FeedbackClass, FeedbackCode, FeedbackRequest, GaveUp, GaveUpReason, Hit,
    Identity, IdentityChange, IdentityRequest, ImageRequest, ImageResult, ImageStatus, ImageView, Input, Intent,
    JobImage, JobOptions, JobRef, JobRequest, JobSearch, JobSource, JobStatus, Judged, Kind, Later, Limits,
    LinkModifier, MatchJob, MatchJobResult, MatchRequest, MatchTarget, NameFilter, PollPolicy, PublicBase, Raw,
    RecognitionSearch, RecognizeJob, RecognizeRequest, RecognizedImage, RegisteredEvent, RegisteredWebhook, Result,
    ResumeToken, RetryPolicy, Rid, SchedulePolicy, Secret, SignatureOptions, SortOrder, Target, Timestamp, TokenAnswer,
    Verify, WebhookEvent, WebhookRequest, canonicalise, check, check_length, check_namespace, judge, judge_job,
    parse_webhook, schema, sign, stays_here, verify_signature,
};
pub use job::Job;
pub use job_builder::JobBuilder;
pub use jobs::Jobs;
pub use journal::{Recovered, SubmitOutcome};
pub use kind::{Ask, Detect, JobKind, Match, Recognize};
#[doc(hidden)]
pub use outside::{BeforeLast, Chunks, Head, Lost, Outbody, Outgoing, Outside};
pub use recognition::{FaceGroups, FaceImages, Identities, Recognition};
pub use registration::Registration;
pub use rows::{Row, Rows};
pub use updates::{Update, Updates};
