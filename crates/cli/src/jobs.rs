//! `ii jobs get` and `ii jobs wait`: jobs that were submitted before.

use std::process::ExitCode;

use image_intelligence::{Client, Detect, DetectJob, Job, Kind, ResumeToken, Rid, Timestamp};

use crate::args::{JobsGetArgs, JobsWaitArgs};
use crate::detect::exit_code;
use crate::failure::Failure;
use crate::interrupt::{Interrupt, cancelled};
use crate::output::{self, Shown};
use crate::session;
use crate::waiting::{self, Bar};

pub(crate) async fn get(args: &JobsGetArgs, base_url: Option<&str>) -> Result<ExitCode, Failure> {
    let client = session::client(base_url)?;
    let mut interrupt = Interrupt::new();
    let bar = Bar::start("asking");
    let (job, handle) = interrupt.or(find(&client, &args.job), || cancelled("stopped").into()).await?;
    drop(bar);
    let mut shown = Shown::new(job);
    shown.resume_token = Some(handle.resume_token());
    output::show(&shown, args.shape.format())?;
    Ok(exit_code(&shown.job))
}

pub(crate) async fn wait(args: &JobsWaitArgs, base_url: Option<&str>) -> Result<ExitCode, Failure> {
    let client = session::client(base_url)?;
    let mut interrupt = Interrupt::new();
    let bar = Bar::start("asking");
    let job = if is_token(&args.job) {
        client.resume::<Detect>(&args.job)?
    } else {
        interrupt.or(find(&client, &args.job), || cancelled("stopped").into()).await?.1
    };
    let limit = args.timeout.unwrap_or(waiting::DEFAULT_TIMEOUT);
    let result = waiting::wait(&job, limit, &bar, &mut interrupt).await?;
    drop(bar);
    let mut shown = Shown::new(result);
    shown.resume_token = Some(job.resume_token());
    output::show(&shown, args.shape.format())?;
    Ok(exit_code(&shown.job))
}

/// Resume tokens of every version start so; no id does.
fn is_token(text: &str) -> bool {
    let version = text.strip_prefix("ii").and_then(|rest| rest.split_once('_'));
    version.is_some_and(|(version, _)| !version.is_empty() && version.bytes().all(|digit| digit.is_ascii_digit()))
}

/// The job as it is now, and a handle to wait with.
async fn find(client: &Client, id: &str) -> Result<(DetectJob, Job<Detect>), Failure> {
    if is_token(id) {
        let handle = client.resume::<Detect>(id)?;
        let job = handle.get().await.map_err(|error| session::advise(error.into(), client))?;
        return Ok((job, handle));
    }
    let job = client.jobs::<Detect>().get(id).await.map_err(|error| session::advise(error.into(), client))?;
    // A handle is taken up by a token, and all that one says stands in the job. A job of somebody else's making has no rid
    // of ours; then no picture is ours to number either.
    let rid = job.custom_id.as_deref().and_then(Rid::from_hex).unwrap_or(Rid::from_bytes([0; 16]));
    let created = job.created_at.unwrap_or(Timestamp::from_millis(0));
    let token = ResumeToken::new(Kind::Detect, &job.id, rid, created, client.base_url()).to_string();
    let handle = client.resume::<Detect>(&token)?;
    Ok((job, handle))
}
