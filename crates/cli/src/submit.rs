//! What `ii detect`, `ii match`, `ii ask` and `ii recognize` have in common: pictures in, one job or many, results.

use std::process::ExitCode;

use console::user_attended;
use image_intelligence::{Client, Error, ErrorKind, Image, Job, JobBuilder};

use crate::args::SubmitArgs;
use crate::failure::{Failure, find_command};
use crate::interrupt::{Interrupt, cancelled};
use crate::kinds::{Told, Where};
use crate::output::{self, Format, Shown, Submitted};
use crate::pictures::{self, MOST, Picture, Walk};
use crate::run::{Feed, Run};
use crate::waiting::{self, Bar, Deadline};
use crate::{reasons, session};

/// A job that is about to be made.
pub(crate) struct Submission {
    pub(crate) client: Client,
    pub(crate) pictures: Vec<Picture>,
    args: SubmitArgs,
    deadline: Deadline,
}

/// What pictures call for.
pub(crate) enum Start {
    /// One job.
    One(Submission),
    /// As many as it takes.
    Many(Run, Feed),
}

/// A job that is done, and what it takes to show it.
pub(crate) struct Ended<K: Told> {
    pub(crate) result: K::Job,
    pub(crate) shown: Shown,
    pub(crate) pictures: Vec<Picture>,
    pub(crate) interrupt: Interrupt,
    pub(crate) bar: Bar,
    token: String,
    format: Format,
}

impl Submission {
    /// Pictures that fit into one job become one, unless it is asked for what only many have; a list on stdin may have no end.
    pub(crate) fn start(args: SubmitArgs, base_url: Option<&str>) -> Result<Start, Failure> {
        let deadline = Deadline::start(args.timeout);
        let client = session::client(base_url)?;
        let mut walk = Walk::new(&args.images)?;
        if !args.many.are_given() && !walk.has_list() {
            let pictures = walk.by_ref().take(MOST + 1).collect::<Result<Vec<_>, _>>()?;
            if pictures.len() <= MOST {
                return Ok(Start::One(Self { client, pictures, args, deadline }));
            }
            walk.put_back(pictures);
        }
        let (run, feed) = Run::start(client, walk, args)?;
        Ok(Start::Many(run, feed))
    }

    pub(crate) fn images(&self) -> impl Iterator<Item = Image> {
        self.pictures.iter().map(Picture::to_image)
    }

    /// Sends the job and waits for its end; `None` where nobody wants to wait.
    pub(crate) async fn run<K: Told>(
        self,
        job: JobBuilder<K>,
        namespace: Option<&str>,
    ) -> Result<Option<Ended<K>>, Failure> {
        let Self { client, pictures, args, deadline } = self;
        let format = args.shape.format();
        let job = args.onto(job);
        let place = Where::of(K::KIND, namespace);
        let mut interrupt = Interrupt::new()?;
        let bar = Bar::start(format!("sending {}", pictures::count(pictures.len())));
        let name = job.job_custom_id();
        let lost = |error| session::advise(Failure::of_submit(error, &place), &client);
        let send = async { job.send().await.map_err(lost) };
        let stopped = || {
            let message = format!("stopped while the job was being sent; if it was made, its customId is {name}");
            let failure = Failure::from(cancelled(message).with_candidates(&name, Vec::new()));
            failure.hint(format!("to look for it: {}", find_command(&name, &place)))
        };
        let job = interrupt.or(send, stopped).await?;
        tracing::info!(id = job.id(), "submitted");

        if args.no_wait {
            drop(bar);
            output::deliver(&submitted(&job, format)).map_err(|error| undelivered(&job, &error))?;
            return Ok(None);
        }
        let result = waiting::wait(&job, deadline, &bar, &mut interrupt).await?;
        let mut shown = Shown::new::<K>(result.clone()).pictures(&pictures);
        let token = job.resume_token();
        let reasons = async { Ok(reasons::find(&shown, |index| pictures.get(index).cloned()).await) };
        let stopped = || {
            Failure::from(cancelled("stopped while refused pictures were read"))
                .hint(format!("the result: ii jobs wait {token}"))
        };
        shown.reasons = interrupt.or(reasons, stopped).await?;
        shown.resume_token = Some(token.clone());
        Ok(Some(Ended { result, shown, pictures, interrupt, bar, token, format }))
    }
}

impl<K: Told> Ended<K> {
    /// Shows the result and says how the command ends.
    pub(crate) fn show(self) -> Result<ExitCode, Failure> {
        let Self { shown, bar, token, format, .. } = self;
        drop(bar);
        output::show(&shown, format).map_err(|failure| failure.hint(format!("the result: ii jobs wait {token}")))?;
        Ok(if shown.missing().is_empty() { shown.exit_code() } else { ExitCode::from(3) })
    }

    /// What to say where somebody does not want to see it through.
    pub(crate) fn stopped(&self, doing: &str) -> impl FnOnce() -> Failure + use<K> {
        let (message, hint) = (format!("stopped while {doing}"), format!("the result: ii jobs wait {}", self.token));
        move || Failure::from(cancelled(message)).hint(hint)
    }
}

/// The end of a command that submits and has nothing of its own to do with the result.
pub(crate) fn finish<K: Told>(ended: Option<Ended<K>>) -> Result<ExitCode, Failure> {
    ended.map_or(Ok(ExitCode::SUCCESS), Ended::show)
}

/// Nobody has read how the job can be taken up, and nothing else says it.
fn undelivered<K: Told>(job: &Job<K>, error: &std::io::Error) -> Failure {
    let token = job.resume_token();
    let message = format!("job {} was submitted, but that cannot be written to stdout: {error}", job.id());
    let error = Error::new(ErrorKind::Config, message).with_job(None, &token);
    Failure::from(error).hint(format!("to wait for it: ii jobs wait {token}"))
}

fn submitted<K: Told>(job: &Job<K>, format: Format) -> String {
    if format != Format::Text {
        return Submitted::new(job).to_json();
    }
    let token = job.resume_token();
    if user_attended() {
        return format!("Job {} was submitted.\nTo wait for it: ii jobs wait {token}\n", output::printable(job.id()));
    }
    format!("{}\t{token}\n", output::printable(job.id()))
}
