//! `ii detect`: classes of objects, and copies of the pictures with boxes.

use std::process::ExitCode;

use image_intelligence::Detect;

use crate::annotate::Annotator;
use crate::args::DetectArgs;
use crate::failure::Failure;
use crate::pictures::Picture;
use crate::submit::{Start, Submission};
use crate::zones;

pub(crate) async fn run(args: DetectArgs, base_url: Option<&str>) -> Result<ExitCode, Failure> {
    let start = Submission::start(args.submit, base_url)?;
    let classes = zones::apply(args.classes, &args.zones)?;
    // Before a job is sent: a directory that cannot be written to must not cost a job.
    let annotator = |pictures: &[Picture]| {
        let directory = args.annotate.as_deref();
        directory.map(|directory| Annotator::new(directory, &classes, pictures)).transpose()
    };
    let submission = match start {
        Start::One(submission) => submission,
        Start::Many(mut run, images) => {
            (run.annotator, run.boxes) = (annotator(&[])?, args.boxes);
            let boxes = args.boxes || run.annotator.is_some();
            let all = run.client.detect_all_from(images).classes(classes).bounding_boxes(boxes);
            return run.finish(all, None).await;
        }
    };
    let annotator = annotator(&submission.pictures)?;
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
