//! `ii jobs get`, `ii jobs wait` and `ii jobs find`: jobs that were submitted before.

use std::process::ExitCode;
use std::time::Duration;

use image_intelligence::{
    Client, Detect, DetectJob, Error, ErrorKind, Job, JobSearch, Kind, ResumeToken, Rid, Timestamp,
};

use crate::args::{JobsFindArgs, JobsGetArgs, JobsWaitArgs};
use crate::detect::exit_code;
use crate::failure::Failure;
use crate::interrupt::{Interrupt, cancelled};
use crate::output::{self, Shown};
use crate::session;
use crate::waiting::{self, Bar, Deadline};

/// How long the look that finds a job may take where the limit is even shorter.
const FIRST_LOOK: Duration = Duration::from_secs(5);

pub(crate) async fn get(args: &JobsGetArgs, base_url: Option<&str>) -> Result<ExitCode, Failure> {
    let client = session::client(base_url)?;
    let mut interrupt = Interrupt::new()?;
    let bar = Bar::start("asking");
    let (job, handle) = interrupt.or(find(&client, &args.job), || cancelled("stopped").into()).await?;
    drop(bar);
    let mut shown = Shown::new(job);
    shown.resume_token = Some(handle.resume_token());
    output::show(&shown, args.shape.format())?;
    Ok(exit_code(&shown.job))
}

pub(crate) async fn wait(args: &JobsWaitArgs, base_url: Option<&str>) -> Result<ExitCode, Failure> {
    let deadline = Deadline::start(args.timeout);
    let client = session::client(base_url)?;
    let mut interrupt = Interrupt::new()?;
    let bar = Bar::start("asking");
    let (seen, job) = if is_token(&args.job) {
        (None, client.resume::<Detect>(&args.job)?)
    } else {
        let way_on = || format!("to wait on: ii jobs wait {}", args.job);
        let stopped = || Failure::from(cancelled("stopped; the job goes on")).hint(way_on());
        let find = async {
            // One look is worth a little more time than the shortest of limits.
            let most = deadline.limit().max(FIRST_LOOK);
            tokio::time::timeout(most, find(&client, &args.job)).await.unwrap_or_else(|_| {
                let waited = deadline.waited();
                let message = format!("no answer in {waited} s about detect job {}; it may still finish", args.job);
                Err(Failure::from(Error::new(ErrorKind::WaitTimeout, message)).hint(way_on()))
            })
        };
        let (seen, job) = interrupt.or(find, stopped).await?;
        (Some(seen), job)
    };
    let result = match seen {
        Some(seen) if seen.status.is_done() => seen,
        Some(seen) if deadline.left().is_zero() => return Err(waiting::timed_out(&job, deadline, Some(&seen.status))),
        _ => waiting::wait(&job, deadline, &bar, &mut interrupt).await?,
    };
    drop(bar);
    let mut shown = Shown::new(result);
    shown.resume_token = Some(job.resume_token());
    output::show(&shown, args.shape.format())?;
    Ok(exit_code(&shown.job))
}

/// Jobs by the name that the caller, or this library, gave them.
pub(crate) async fn look_for(args: &JobsFindArgs, base_url: Option<&str>) -> Result<ExitCode, Failure> {
    let client = session::client(base_url)?;
    let mut interrupt = Interrupt::new()?;
    let bar = Bar::start("looking");
    let search = JobSearch::new().custom_id(&args.custom_id);
    let search = async {
        let found = client.jobs::<Detect>().search(&search).await;
        found.map_err(|error| session::advise(error.into(), &client))
    };
    let mut jobs = interrupt.or(search, || cancelled("stopped").into()).await?;
    drop(bar);
    jobs.sort_by_key(|job| job.created_at.map(Timestamp::as_millis));
    output::show_list(&jobs, &args.custom_id, args.shape.format())?;
    Ok(ExitCode::SUCCESS)
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
