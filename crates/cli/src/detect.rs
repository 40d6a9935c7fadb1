//! `ii detect`: pictures in, a job, its result.

use std::process::ExitCode;

use console::user_attended;
use image_intelligence::{Detect, DetectJob, Error, ErrorKind, Job};

use crate::annotate::Annotator;
use crate::args::DetectArgs;
use crate::failure::{Failure, find_command};
use crate::interrupt::{Interrupt, cancelled};
use crate::output::{self, Format, Shown, Submitted};
use crate::waiting::{self, Bar, Deadline};
use crate::{pictures, reasons, session, zones};

pub(crate) async fn run(args: DetectArgs, base_url: Option<&str>) -> Result<ExitCode, Failure> {
    let deadline = Deadline::start(args.timeout);
    let client = session::client(base_url)?;
    let classes = zones::apply(args.classes, &args.zones)?;
    let pictures = pictures::from_arguments(&args.images)?;
    // Before the job is sent: a directory that cannot be written to must not cost a job.
    let annotator = args.annotate.as_deref().map(|directory| Annotator::new(directory, &pictures)).transpose()?;

    let mut job = client
        .detect(pictures.iter().map(pictures::Picture::to_image))
        .classes(classes)
        .bounding_boxes(args.boxes || annotator.is_some());
    if let Some(id) = args.custom_id {
        job = job.custom_id(id);
    }
    if let Some(id) = args.feed_id {
        job = job.feed_id(id);
    }
    let mut interrupt = Interrupt::new()?;
    let bar = Bar::start(format!("sending {}", pictures::count(pictures.len())));
    let name = job.job_custom_id();
    let send = async { job.send().await.map_err(|error| session::advise(error.into(), &client)) };
    let stopped = || {
        let error = cancelled(format!("stopped while the job was being sent; if it was made, its customId is {name}"));
        let failure = Failure::from(error.with_candidates(&name, Vec::new()));
        failure.hint(format!("to look for it: {}", find_command(&name)))
    };
    let job = interrupt.or(send, stopped).await?;
    tracing::info!(id = job.id(), "submitted");

    let format = args.shape.format();
    if args.no_wait {
        drop(bar);
        output::deliver(&submitted(&job, format)).map_err(|error| undelivered(&job, &error))?;
        return Ok(ExitCode::SUCCESS);
    }
    let result = waiting::wait(&job, deadline, &bar, &mut interrupt).await?;

    let mut shown = Shown::new(result).pictures(&pictures);
    let reasons = async { Ok(reasons::find(&shown.job, &pictures).await) };
    let stopped = || {
        let way_on = format!("the result: ii jobs wait {}", job.resume_token());
        Failure::from(cancelled("stopped while refused pictures were read")).hint(way_on)
    };
    shown.reasons = interrupt.or(reasons, stopped).await?;
    shown.boxes = args.boxes && shown.boxes;
    shown.resume_token = Some(job.resume_token());
    let mut unwritten = None;
    if let Some(annotator) = annotator {
        bar.say("drawing boxes");
        let token = job.resume_token();
        let stopped = || {
            Failure::from(cancelled("stopped while boxes were drawn")).hint(format!("the result: ii jobs wait {token}"))
        };
        let drawing = async { Ok(annotator.run(&shown.job, &pictures, client.base_url()).await) };
        let drawn = interrupt.or(drawing, stopped).await?;
        shown.copies = drawn.copies;
        unwritten = drawn.failure;
    }
    drop(bar);
    output::show(&shown, format)
        .map_err(|failure| failure.hint(format!("the result: ii jobs wait {}", job.resume_token())))?;
    match unwritten {
        Some(failure) => Err(failure),
        None if !shown.missing().is_empty() => Ok(ExitCode::from(3)),
        None => Ok(exit_code(&shown.job)),
    }
}

/// 0, or 3 for a job that ended with errors: a result, but one that a script should notice.
pub(crate) fn exit_code(job: &DetectJob) -> ExitCode {
    use image_intelligence::JobStatus::{CompletedAllError, CompletedPartialError};
    ExitCode::from(if matches!(job.status, CompletedPartialError | CompletedAllError) { 3 } else { 0 })
}

/// Nobody has read how the job can be taken up, and nothing else says it.
fn undelivered(job: &Job<Detect>, error: &std::io::Error) -> Failure {
    let token = job.resume_token();
    let message = format!("job {} was submitted, but that cannot be written to stdout: {error}", job.id());
    let error = Error::new(ErrorKind::Config, message).with_job(None, &token);
    Failure::from(error).hint(format!("to wait for it: ii jobs wait {token}"))
}

fn submitted(job: &Job<Detect>, format: Format) -> String {
    if format != Format::Text {
        return Submitted::new(job).to_json();
    }
    let token = job.resume_token();
    if user_attended() {
        return format!("Job {} was submitted.\nTo wait for it: ii jobs wait {token}\n", output::printable(job.id()));
    }
    format!("{}\t{token}\n", output::printable(job.id()))
}
