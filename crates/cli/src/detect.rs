//! `ii detect`: classes of objects, and copies of the pictures with boxes.

use std::process::ExitCode;

use image_intelligence::Detect;

use crate::annotate::Annotator;
use crate::args::DetectArgs;
use crate::failure::Failure;
use crate::submit::Submission;
use crate::zones;

pub(crate) async fn run(args: DetectArgs, base_url: Option<&str>) -> Result<ExitCode, Failure> {
    let submission = Submission::start(args.submit, base_url)?;
    let classes = zones::apply(args.classes, &args.zones)?;
    // Before the job is sent: a directory that cannot be written to must not cost a job.
    let annotator = args.annotate.as_deref().map(|directory| Annotator::new(directory, &submission.pictures));
    let annotator = annotator.transpose()?;

    let client = submission.client.clone();
    let job = client.detect(submission.images()).classes(classes).bounding_boxes(args.boxes || annotator.is_some());
    let Some(mut ended) = submission.run::<Detect>(job, None).await? else { return Ok(ExitCode::SUCCESS) };

    ended.shown.boxes = args.boxes && ended.shown.boxes;
    let mut unwritten = None;
    if let Some(annotator) = annotator {
        ended.bar.say("drawing boxes");
        let stopped = ended.stopped("boxes were drawn");
        let drawing = async { Ok(annotator.run(&ended.result, &ended.pictures, &client).await) };
        let drawn = ended.interrupt.or(drawing, stopped).await?;
        ended.shown.copies = drawn.copies;
        unwritten = drawn.failure;
    }
    let code = ended.show()?;
    unwritten.map_or(Ok(code), Err)
}
