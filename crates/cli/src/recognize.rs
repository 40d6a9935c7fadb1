//! `ii recognize`: faces, and whose they are.

use std::process::ExitCode;

use crate::args::RecognizeArgs;
use crate::failure::Failure;
use crate::submit::{self, Start, Submission};

pub(crate) async fn run(args: RecognizeArgs, base_url: Option<&str>) -> Result<ExitCode, Failure> {
    match Submission::start(args.submit, base_url)? {
        Start::One(submission) => {
            let job = submission.client.recognize(&args.namespace, submission.images());
            submit::finish(submission.run(job, Some(&args.namespace)).await?)
        }
        Start::Many(run, images) => {
            let all = run.client.recognize_all_from(&args.namespace, images);
            run.finish(all, Some(&args.namespace)).await
        }
    }
}
