//! `ii match`: the picture that shows a target.

use std::process::ExitCode;

use image_intelligence::Target;

use crate::args::MatchArgs;
use crate::failure::Failure;
use crate::submit::{self, Start, Submission};

pub(crate) async fn run(args: MatchArgs, base_url: Option<&str>) -> Result<ExitCode, Failure> {
    let mut target = Target::new(args.target, args.shows);
    target.custom_id = args.target_id;
    match Submission::start(args.submit, base_url)? {
        Start::One(submission) => {
            let job = submission.client.match_target(submission.images(), target);
            submit::finish(submission.run(job, None).await?)
        }
        Start::Many(run, images) => {
            let all = run.client.match_all_from(images, target);
            run.finish(all, None).await
        }
    }
}
