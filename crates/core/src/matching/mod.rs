//! Match jobs: which of the pictures shows a target.

mod job;
mod request;

pub use job::{MatchJob, MatchJobResult, MatchTarget};
pub use request::{MatchRequest, Target};
