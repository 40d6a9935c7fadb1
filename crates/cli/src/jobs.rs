//! `ii jobs get`, `wait`, `find` and `list`: jobs of every kind that were submitted before.

use std::process::ExitCode;
use std::time::Duration;

use image_intelligence::{Client, Error, ErrorKind, Job, JobSearch, JobStatus, Kind, ResumeToken, Rid, Timestamp};
use serde::Serialize;

use crate::args::{JobsFindArgs, JobsGetArgs, JobsListArgs, JobsWaitArgs, WhichArgs, check_window};
use crate::calls;
use crate::failure::{Failure, quoted};
use crate::interrupt::{Interrupt, cancelled};
use crate::kinds::{Head, Told, Where, by_kind};
use crate::output::{self, Format, List, Shown, moment, or_nothing, remark};
use crate::session;
use crate::tracking;
use crate::waiting::{self, Bar, Deadline};

/// How long the look that finds a job may take where the limit is even shorter.
const FIRST_LOOK: Duration = Duration::from_secs(5);

pub(crate) async fn get(args: &JobsGetArgs, base_url: Option<&str>) -> Result<ExitCode, Failure> {
    let client = session::client(base_url)?;
    let place = place_of(&client, &args.job, &args.which)?;
    by_kind!(place.kind, get_one(&client, &args.job, &place, args.shape.format()))
}

async fn get_one<K: Told>(client: &Client, id: &str, place: &Where, format: Format) -> Result<ExitCode, Failure> {
    let mut interrupt = Interrupt::new()?;
    let bar = Bar::start("asking");
    let (job, handle) = interrupt.or(find::<K>(client, id, place), || cancelled("stopped").into()).await?;
    drop(bar);
    tell::<K>(job, &handle, format)
}

pub(crate) async fn wait(args: &JobsWaitArgs, base_url: Option<&str>) -> Result<ExitCode, Failure> {
    let deadline = Deadline::start(args.timeout);
    let client = session::client(base_url)?;
    let [job] = &args.jobs[..] else { return tracking::wait(&client, args, deadline).await };
    if job == "-" {
        return tracking::wait(&client, args, deadline).await;
    }
    let place = place_of(&client, job, &args.which)?;
    by_kind!(place.kind, wait_for(&client, job, &place, deadline, args.shape.format()))
}

/// The resume token of a job that is given by its id or by that token.
pub(crate) async fn token_of(client: &Client, id: &str, options: &WhichArgs) -> Result<String, Failure> {
    async fn look<K: Told>(client: &Client, id: &str, place: &Where) -> Result<String, Failure> {
        Ok(find::<K>(client, id, place).await?.1.resume_token())
    }
    let place = place_of(client, id, options)?;
    if is_token(id) {
        return Ok(id.to_owned());
    }
    by_kind!(place.kind, look(client, id, &place))
}

async fn wait_for<K: Told>(
    client: &Client,
    id: &str,
    place: &Where,
    deadline: Deadline,
    format: Format,
) -> Result<ExitCode, Failure> {
    let mut interrupt = Interrupt::new()?;
    let bar = Bar::start("asking");
    let (seen, job) = if is_token(id) {
        (None, client.resume::<K>(id)?)
    } else {
        let way_on = || format!("to wait on: ii jobs wait {}{}", quoted(id), place.options());
        let stopped = || Failure::from(cancelled("stopped; the job goes on")).hint(way_on());
        let find = async {
            // One look is worth a little more time than the shortest of limits.
            let most = deadline.limit().max(FIRST_LOOK);
            tokio::time::timeout(most, find::<K>(client, id, place)).await.unwrap_or_else(|_| {
                let waited = deadline.waited();
                let message = format!("no answer in {waited} s about {} job {id}; it may still finish", K::KIND);
                Err(Failure::from(Error::new(ErrorKind::WaitTimeout, message)).hint(way_on()))
            })
        };
        let (seen, job) = interrupt.or(find, stopped).await?;
        (Some(seen), job)
    };
    let status = seen.as_ref().map(|seen| K::head(seen).status);
    let result = match (seen, status) {
        (Some(seen), Some(status)) if status.is_done() => seen,
        (_, Some(status)) if deadline.left().is_zero() => {
            return Err(waiting::timed_out(&job, deadline, Some(&status)));
        }
        _ => waiting::wait(&job, deadline, &bar, &mut interrupt).await?,
    };
    drop(bar);
    tell::<K>(result, &job, format)
}

fn tell<K: Told>(job: K::Job, handle: &Job<K>, format: Format) -> Result<ExitCode, Failure> {
    let mut shown = Shown::new::<K>(job);
    shown.resume_token = Some(handle.resume_token());
    output::show(&shown, format)?;
    Ok(shown.exit_code())
}

/// Jobs by the name that the caller, or this library, gave them.
pub(crate) async fn look_for(args: &JobsFindArgs, base_url: Option<&str>) -> Result<ExitCode, Failure> {
    let client = session::client(base_url)?;
    let place = Where::from_options(&args.which)?;
    let search = JobSearch::new().custom_id(&args.custom_id);
    let mut jobs = by_kind!(place.kind, heads(&client, &place, search, usize::MAX))?;
    jobs.sort_by_key(|job| job.created_at.map(Timestamp::as_millis));
    let mut list = List::new(&["JOB", "STATUS", "CREATED"], 1);
    for job in &jobs {
        list.add(&FoundJob::from(job), vec![job.id.clone(), job.status.to_string(), moment(job.created_at)]);
    }
    let kind = if place.guessed { String::new() } else { format!("{} ", place.kind) };
    list.show(&format!("no {kind}job with the customId {}", args.custom_id), args.shape.format())?;
    Ok(ExitCode::SUCCESS)
}

/// The newest jobs that meet every condition.
pub(crate) async fn list(args: &JobsListArgs, base_url: Option<&str>) -> Result<ExitCode, Failure> {
    check_window(args.after, args.before)?;
    let client = session::client(base_url)?;
    let place = Where::from_options(&args.which)?;
    let mut search = JobSearch::new();
    (search.custom_id, search.feed_id) = (args.custom_id.clone(), args.feed_id.clone());
    (search.after, search.before) = (args.after, args.before);
    let most = args.limit as usize;
    let mut jobs = by_kind!(place.kind, heads(&client, &place, search, most.saturating_add(1)))?;
    jobs.sort_by_key(|job| std::cmp::Reverse(job.created_at.map(Timestamp::as_millis)));
    let more = jobs.len() > most;
    jobs.truncate(most);
    let mut list = List::new(&["JOB", "STATUS", "CREATED", "CUSTOM ID", "FEED"], 3);
    for job in &jobs {
        let names = [&job.custom_id, &job.feed_id].map(|name| or_nothing(name.as_deref()));
        let start = [job.id.clone(), job.status.to_string(), moment(job.created_at)];
        list.add(&FoundJob::from(job), start.into_iter().chain(names).collect());
    }
    list.show(&format!("no {} job meets these conditions", place.kind), args.shape.format())?;
    if more {
        remark(&format!("there are more than these {most}; --limit for more, or narrow by --after and --before\n"));
    }
    Ok(ExitCode::SUCCESS)
}

async fn heads<K: Told>(client: &Client, place: &Where, search: JobSearch, most: usize) -> Result<Vec<Head>, Failure> {
    let jobs = K::list(client, place.namespace.as_deref(), search, most);
    Ok(calls::read(client, "looking", jobs).await?.iter().map(K::head).collect())
}

/// A job without its results.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct FoundJob<'a> {
    id: &'a str,
    status: &'a JobStatus,
    #[serde(skip_serializing_if = "Option::is_none")]
    created_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    custom_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    feed_id: Option<&'a str>,
}

impl<'a> From<&'a Head> for FoundJob<'a> {
    fn from(job: &'a Head) -> Self {
        Self {
            id: &job.id,
            status: &job.status,
            created_at: job.created_at,
            custom_id: job.custom_id.as_deref(),
            feed_id: job.feed_id.as_deref(),
        }
    }
}

/// Resume tokens of every version start so; no id does.
fn is_token(text: &str) -> bool {
    let version = text.strip_prefix("ii").and_then(|rest| rest.split_once('_'));
    version.is_some_and(|(version, _)| !version.is_empty() && version.bytes().all(|digit| digit.is_ascii_digit()))
}

/// Where a job is: a resume token knows, for an id the options say it.
fn place_of(client: &Client, id: &str, options: &WhichArgs) -> Result<Where, Failure> {
    if !is_token(id) {
        return Where::from_options(options);
    }
    let token = ResumeToken::parse(id, client.base_url())?;
    let differs = |option: &str| {
        let problem = format!("{option}: given, but the resume token is of another job, of kind {}", token.kind);
        Failure::config(problem).hint(format!("leave {option} out; the token knows it"))
    };
    if options.kind.is_some_and(|kind| kind != token.kind) {
        return Err(differs("--kind"));
    }
    if options.namespace.is_some() && options.namespace != token.namespace {
        return Err(differs("--namespace"));
    }
    Ok(Where::of(token.kind, token.namespace.as_deref()))
}

/// The id of a detect job that is given by its id or its resume token.
pub(crate) fn detect_id(client: &Client, job: &str) -> Result<String, Failure> {
    if !is_token(job) {
        return Ok(job.to_owned());
    }
    let token = ResumeToken::parse(job, client.base_url())?;
    if token.kind != Kind::Detect {
        let problem = format!("the resume token is of a job of kind {}; feedback is about detect jobs", token.kind);
        return Err(Failure::invalid(format!("jobId: {problem}")));
    }
    Ok(token.id)
}

/// The job as it is now, and a handle to wait with.
async fn find<K: Told>(client: &Client, id: &str, place: &Where) -> Result<(K::Job, Job<K>), Failure> {
    if is_token(id) {
        let handle = client.resume::<K>(id)?;
        let job = handle.get().await.map_err(|error| session::advise(error.into(), client))?;
        return Ok((job, handle));
    }
    let job = K::jobs(client, place.namespace.as_deref()).get(id).await.map_err(|error| {
        if place.guessed && error.kind() == ErrorKind::NotFound {
            return Failure::from(error).hint(
                "detect jobs were asked for; for others --kind match, --kind ask or --namespace NAMESPACE (a recognize job)",
            );
        }
        session::advise(error.into(), client)
    })?;
    // A handle is taken up by a token, and all that one says stands in the job. A job of somebody else's making has no rid
    // of ours; then no picture is ours to number either.
    let head = K::head(&job);
    let rid = head.custom_id.as_deref().and_then(Rid::from_hex).unwrap_or(Rid::from_bytes([0; 16]));
    let created = head.created_at.unwrap_or(Timestamp::from_millis(0));
    let mut token = ResumeToken::new(K::KIND, &head.id, rid, created, client.base_url());
    token.namespace.clone_from(&place.namespace);
    let handle = client.resume::<K>(&token.to_string())?;
    Ok((job, handle))
}
