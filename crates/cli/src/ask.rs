//! `ii ask`: a question about pictures.

use std::path::Path;
use std::process::ExitCode;

use image_intelligence::Examples;

use crate::args::AskArgs;
use crate::failure::Failure;
use crate::submit::{self, Start, Submission};

pub(crate) async fn run(args: AskArgs, base_url: Option<&str>) -> Result<ExitCode, Failure> {
    // A question that was forgotten leaves a picture in its place, and would be billed.
    let is_url = ["http://", "https://"].iter().any(|scheme| args.question.starts_with(scheme));
    if is_url || Path::new(&args.question).is_file() {
        return Err(Failure::invalid(format!("question: \"{}\" is a picture", args.question))
            .hint("the question comes first, as in: ii ask \"Is the door open?\" door.jpg"));
    }
    let mut examples = Examples::new();
    if !args.yes.is_empty() {
        examples = examples.yes(args.yes);
    }
    if !args.no.is_empty() {
        examples = examples.no(args.no);
    }
    let has_examples = examples != Examples::new();
    match Submission::start(args.submit, base_url)? {
        Start::One(submission) => {
            let job = submission.client.ask(submission.images(), args.question);
            let job = if has_examples { job.examples(examples) } else { job };
            submit::finish(submission.run(job, None).await?)
        }
        Start::Many(run, images) => {
            let all = run.client.ask_all_from(images, args.question);
            let all = if has_examples { all.examples(examples) } else { all };
            run.finish(all, None).await
        }
    }
}
