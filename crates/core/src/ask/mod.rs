//! Ask jobs: a question about pictures, answered by the one of which the answer is yes.

mod job;
mod request;

pub use job::{AskExamples, AskJob, AskJobResult};
pub use request::{AskRequest, Examples};
