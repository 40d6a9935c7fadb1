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

mod auth;
mod builder;
mod call;
mod client;
mod detect;
mod http;
mod image;
mod job;
mod jobs;
mod kind;
mod random;
mod submit;
mod tls;
mod updates;

pub use auth::{TokenFuture, TokenProvider};
pub use builder::ClientBuilder;
pub use client::Client;
pub use detect::{Detect, DetectBuilder};
pub use image::Image;
pub use image_intelligence_core::{
    AddressClass, BaseUrl, BoundingBox, CallbackKeys, CallbackToken, Checked, Class, DetectImageResult, DetectJob,
    DetectJobImage, DetectJobResult, DetectRequest, DetectedObject, Dialect, Error, ErrorKind, EventKind,
    ExclusionZones, Hit, ImageRequest, ImageStatus, ImageView, Input, JobOptions, JobSearch, JobStatus, Judged, Kind,
    Limits, PollPolicy, PublicBase, Raw, Result, ResumeToken, RetryPolicy, Rid, Secret, SignatureOptions, Timestamp,
    Verify, WebhookEvent, canonicalise, check, judge, judge_job, parse_webhook, schema, sign, verify_signature,
};
pub use job::Job;
pub use jobs::{Jobs, RawJob};
pub use kind::JobKind;
pub use updates::{Update, Updates};
