//! `ii jobs wait` of many jobs at once, of whatever kinds: each result as soon as it is there.

use std::process::ExitCode;
use std::time::Duration;

use image_intelligence::{AnyJob, Ask, Client, Detect, Error, ErrorKind, Match, Recognize, ResumeToken};

use crate::args::JobsWaitArgs;
use crate::failure::Failure;
use crate::interrupt::{Interrupt, cancelled};
use crate::jobs::token_of;
use crate::output::{self, Format, Shown, deliver, remark};
use crate::pictures;
use crate::waiting::{self, Bar, Deadline};

pub(crate) async fn wait(client: &Client, args: &JobsWaitArgs, deadline: Deadline) -> Result<ExitCode, Failure> {
    let mut interrupt = Interrupt::new()?;
    let bar = Bar::start("asking");
    let jobs = given(&args.jobs)?;
    let tokens = async {
        let mut tokens = Vec::new();
        for job in &jobs {
            tokens.push(token_of(client, job, &args.which).await?);
        }
        Ok(tokens)
    };
    let tokens = interrupt.or(tokens, || cancelled("stopped; the jobs go on").into()).await?;
    let all = tokens.len();
    let mut waits = client.track(&tokens)?.wait_for(deadline.left().max(Duration::from_millis(1)));
    let mut open = tokens;
    let mut told = Told { client, deadline, format: args.shape.format(), documents: Vec::new(), worst: 0 };
    loop {
        bar.say(format!("waiting for {} of {all} jobs", waits.left()));
        let ended = tokio::select! {
            biased;
            signal = interrupt.asked() => {
                told.end()?;
                let message = format!("stopped waiting; {} of {all} jobs go on", open.len());
                return Err(Failure::from(cancelled(message)).by(signal).with_tokens(open));
            }
            ended = waits.next() => ended,
        };
        let Some((token, ended)) = ended else { break };
        match bar.aside(|| told.tell(&token, ended)) {
            Ok(()) => open.retain(|other| *other != token),
            Err(error) => return unheard(&error, open, args.shape.format()),
        }
    }
    drop(bar);
    told.end()?;
    Ok(ExitCode::from(told.worst))
}

/// The jobs of the command line; in place of - those of the lines on stdin.
fn given(arguments: &[String]) -> Result<Vec<String>, Failure> {
    if arguments.iter().filter(|argument| *argument == "-").count() > 1 {
        return Err(Failure::invalid("- is given twice; stdin can be read once"));
    }
    let mut jobs = Vec::new();
    for argument in arguments {
        if argument != "-" {
            jobs.push(argument.clone());
            continue;
        }
        for line in pictures::lines() {
            // `--no-wait` prints the id, and then the token.
            jobs.extend(line?.split_whitespace().last().map(str::to_owned));
        }
    }
    if jobs.is_empty() {
        return Err(
            Failure::invalid("no job is given").hint("a list on stdin has an id or a resume token on each line")
        );
    }
    Ok(jobs)
}

/// What has been told of jobs that ended.
struct Told<'a> {
    client: &'a Client,
    deadline: Deadline,
    format: Format,
    documents: Vec<String>,
    /// The exit code of the worst end.
    worst: u8,
}

impl Told<'_> {
    fn tell(&mut self, token: &str, ended: Result<AnyJob, Error>) -> std::io::Result<()> {
        let shown = match ended {
            Ok(AnyJob::Detect(job)) => Ok(Shown::new::<Detect>(job)),
            Ok(AnyJob::Match(job)) => Ok(Shown::new::<Match>(job)),
            Ok(AnyJob::Ask(job)) => Ok(Shown::new::<Ask>(job)),
            Ok(AnyJob::Recognize(job)) => Ok(Shown::new::<Recognize>(job)),
            Ok(_) => Err(Failure::config("a job of a kind that is unknown here")),
            Err(error) => Err(self.failure(token, error)),
        };
        let mut shown = match shown {
            Ok(shown) => shown,
            Err(failure) => {
                self.worst = worse(self.worst, failure.kind().exit_code());
                failure.report(self.format);
                return Ok(());
            }
        };
        shown.resume_token = Some(token.to_owned());
        if shown.has_errors() {
            self.worst = worse(self.worst, 3);
        }
        match self.format {
            Format::Json => {
                self.documents.push(output::json_document(&shown));
                Ok(())
            }
            Format::Ndjson => deliver(&output::json_lines(&shown)),
            Format::Text => {
                deliver(&output::text(&shown))?;
                remark(&output::errors(&shown));
                Ok(())
            }
        }
    }

    fn failure(&self, token: &str, error: Error) -> Failure {
        match ResumeToken::parse(token, self.client.base_url()) {
            Ok(job) if error.kind() == ErrorKind::WaitTimeout => {
                waiting::late(job.kind, &job.id, token, self.deadline, error.last_status())
            }
            _ => error.into(),
        }
    }

    fn end(&self) -> Result<(), Failure> {
        if self.format != Format::Json {
            return Ok(());
        }
        let documents: Vec<_> = self.documents.iter().map(|document| document.trim_end()).collect();
        output::print(&format!("[{}]\n", documents.join(",")))
    }
}

/// The exit code that says more: an error more than pictures with errors, and a job that goes on less than one that is lost.
fn worse(one: u8, other: u8) -> u8 {
    let weight = |code: u8| match code {
        0 => 0,
        3 => 1,
        4 => 2,
        _ => 3,
    };
    if weight(other) > weight(one) { other } else { one }
}

/// A reader that has seen enough is no error.
fn unheard(error: &std::io::Error, tokens: Vec<String>, format: Format) -> Result<ExitCode, Failure> {
    if error.kind() == std::io::ErrorKind::BrokenPipe {
        output::unread(&tokens, format);
        return Ok(ExitCode::SUCCESS);
    }
    Err(Failure::config(format!("results cannot be written to stdout: {error}")).with_tokens(tokens))
}
