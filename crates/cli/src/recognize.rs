//! `ii recognize`: faces, and whose they are.

use std::process::ExitCode;

use crate::args::RecognizeArgs;
use crate::failure::Failure;
use crate::submit::{self, Submission};

pub(crate) async fn run(args: RecognizeArgs, base_url: Option<&str>) -> Result<ExitCode, Failure> {
    let submission = Submission::start(args.submit, base_url)?;
    let job = submission.client.recognize(&args.namespace, submission.images());
    submit::finish(submission.run(job, Some(&args.namespace)).await?)
}
