//! Detect jobs: what is sent, what comes back.

mod job;
mod request;

pub use job::{DetectImageResult, DetectJob, DetectJobImage, DetectJobResult, DetectedObject, Hit};
pub use request::{Class, DetectRequest, Verify};
