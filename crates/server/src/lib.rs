//! Server: the API's other side, in one process. To develop against, to test with, and to detect for real on one's own
//! machine.
//!
//! This room owns the routes, the tokens, the engine that works jobs off, the stores that keep them, and the faults that
//! happen on purpose. The shapes of the wire and the checking of requests are core's; pixels are vision's.
//!
//! ```
//! use image_intelligence_server::{Answers, Found, Server};
//!
//! # tokio::runtime::Runtime::new().unwrap().block_on(async {
//! let answers = Answers::new().found("door", [Found::new("person", 0.97)]);
//! let server = Server::builder().scripted(answers).start().await?;
//! assert!(server.base_url().starts_with("http://127.0.0.1:"));
//! assert!(server.base_url().ends_with("/v2"));
//! server.shutdown().await;
//! # Ok::<(), image_intelligence_core::Error>(())
//! # }).unwrap();
//! ```
//!
//! What nobody answered is never made up: without a detector, a script or a rule every picture ends with
//! `MODEL_SERVICE_ERROR`. `/openapi.json` tells every call, and is made of what serves them.
//!
//! # Answers over HTTP
//!
//! A server that only this machine can reach takes rules at `/_ii/answers`, for tests in any language: `POST` adds one or an
//! array, `GET` lists them, `DELETE` forgets all. They come before the script and the detector; for each picture the newest
//! rule of its own counts, else the newest for `*`.
//!
//! ```json
//! {"kind": "detect", "image": "door", "objects": [{"class": "person", "confidence": 0.97}]}
//! {"kind": "match", "image": "https://example.com/street.jpg", "matches": true, "confidence": 0.9, "hitl": true}
//! {"kind": "ask", "image": "*", "answer": "no", "question": "Is the door open?"}
//! {"kind": "recognize", "image": "door", "faces": [{"confidence": 0.9, "identityCustomId": "ann"}]}
//! {"kind": "detect", "image": "attic", "status": "SPIDERWEBS_ERROR"}
//! ```
//!
//! `image` is a picture's customId or URL. `class`, `target` (its customId), `question` and `namespace` narrow a rule to jobs
//! that ask for just that.
//!
//! # Webhooks
//!
//! Once a job is shown as complete, it is posted to its `webhookUrl` in the bytes that a `GET` answers; what makes or changes
//! an identity is posted to the application's registered webhook, signed where that has a secret. Exactly 200 within 10
//! seconds is success; everything else is tried again, 1 + 5 times in all, then given up. Every attempt is kept:
//! `GET /_ii/deliveries` and [`Server::deliveries`] show them, `POST /_ii/deliveries/{id}/redeliver` begins anew.
//!
//! ```
//! use image_intelligence_server::{Answers, FaultRule, Faults, Server};
//!
//! # tokio::runtime::Runtime::new().unwrap().block_on(async {
//! // Each webhook comes twice, and the first of all is lost.
//! let faults = Faults::new().rule(FaultRule::webhook_duplicate(2)).rule(FaultRule::webhook_drop().times(1));
//! let server = Server::builder().scripted(Answers::new()).faults(faults).start().await?;
//! // .. submit jobs with a webhookUrl, and compare what came with what was sent:
//! let sent = server.deliveries().await?;
//! let came = sent.iter().filter(|delivery| delivery.was_answered_200()).count();
//! # assert_eq!((sent.len(), came), (0, 0));
//! # server.shutdown().await;
//! # Ok::<(), image_intelligence_core::Error>(())
//! # }).unwrap();
//! ```
//!
//! # What is kept
//!
//! Faces that recognize jobs found, identities, groups, feedback, registered webhooks and deliveries are kept beside the jobs, each
//! client's apart. A face belongs to one identity at most: given to another, it moves. The pictures themselves make room as
//! those of any job do.
//!
//! # Features
//!
//! `vision` (off by default) lets any `vision::Detector` do the looking: `Server::builder().detector(..)`.

mod builder;
mod clock;
mod credentials;
mod delivery;
#[cfg(feature = "vision")]
mod detector;
mod engine;
mod faults;
mod fetch;
mod format;
mod http;
mod job;
mod progression;
mod script;
mod server;
mod store;
mod tokens;

pub use builder::{Bind, ServerBuilder};
pub use credentials::{ALL_SCOPES, Account, Credentials};
pub use delivery::{Delivery, DeliveryAttempt, DeliveryState};
pub use faults::{FaultRule, Faults};
pub use job::VERDICT_FROM;
pub use progression::Progression;
pub use script::{Answer, Answers, AskedPicture, Found, FoundFace, PictureKey, Script};
pub use server::Server;
