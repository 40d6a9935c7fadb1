//! Recognize jobs: faces in pictures.

mod job;
mod request;

pub use job::{Face, FaceHit, RecognizeJob, RecognizedImage};
pub use request::RecognizeRequest;
