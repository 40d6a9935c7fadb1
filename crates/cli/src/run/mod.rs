//! Any number of pictures: as many jobs as it takes, a few at a time, and each picture's result as soon as it is there.

mod feed;
mod gauge;
mod going;
mod tally;
mod teller;

use std::io::ErrorKind as IoErrorKind;
use std::process::ExitCode;
use std::sync::Arc;

use image_intelligence::{AllBuilder, Client};

use self::feed::Open;
use self::gauge::Gauge;
use self::going::{Going, Over};
use self::tally::Tally;
use self::teller::Teller;
use crate::annotate::Annotator;
use crate::args::SubmitArgs;
use crate::failure::{Failure, quoted};
use crate::interrupt::{Interrupt, cancelled};
use crate::kinds::{Told, Where};
use crate::output::{self, Format, print, remark};
use crate::pictures::{MOST, Walk};
use crate::session;

pub(crate) use self::feed::Feed;

/// A command that is longer is not said again.
const LONGEST_COMMAND: usize = 300;

/// Pictures that are about to be sent.
pub(crate) struct Run {
    pub(crate) client: Client,
    pub(crate) annotator: Option<Annotator>,
    pub(crate) boxes: bool,
    args: SubmitArgs,
    total: Option<usize>,
    open: Arc<Open>,
}

impl Run {
    /// Begins to look for pictures. Fails for what only one job can have.
    pub(crate) fn start(client: Client, walk: Walk, args: SubmitArgs) -> Result<(Self, Feed), Failure> {
        let of_one = |option: &str| {
            Failure::invalid(format!(
                "{option}: for one job, of at most {MOST} pictures; these are for as many jobs as it takes"
            ))
        };
        if args.no_wait {
            return Err(of_one("--no-wait")
                .hint("leave it out; with --manifest FILE a run may be stopped, and gone on with later"));
        }
        if args.custom_id.is_some() {
            return Err(of_one("--custom-id").hint("--feed-id names what all of the jobs have in common"));
        }
        let total = walk.total();
        let (feed, open) = Feed::start(walk);
        Ok((Self { client, annotator: None, boxes: false, args, total, open }, feed))
    }

    /// Sends them, and shows each result as it comes.
    pub(crate) async fn finish<K: Told>(
        self,
        all: AllBuilder<K>,
        namespace: Option<&str>,
    ) -> Result<ExitCode, Failure> {
        let Self { client, annotator, boxes, args, total, open } = self;
        let place = Where::of(K::KIND, namespace);
        let format = args.shape.format();
        let has_manifest = args.many.manifest.is_some();
        let mut teller = Teller::new(client.clone(), Arc::clone(&open), format);
        (teller.annotator, teller.boxes) = (annotator, boxes);
        teller.alone = args.many.batch_size == Some(1);
        let mut going = Going {
            all: args.onto_all(all).start()?,
            teller,
            gauge: Gauge::start(total, format),
            tally: Tally::default(),
            interrupt: Interrupt::new()?,
            open: Arc::clone(&open),
            stopped: None,
        };
        // Boxed: it should not be carried by every command.
        let over = Box::pin(going.on()).await;
        let (progress, is_settled) = (going.progress(), going.is_settled());
        let Going { mut teller, gauge, tally, stopped, .. } = going;
        drop(gauge);
        if let Over::Unheard(error, tokens) = over {
            return unheard(&error, tokens, has_manifest, format);
        }
        print(&teller.document(&tally, progress.jobs))?;
        if let Over::Quit(signal, tokens) = over {
            let jobs = if tokens.len() == 1 { "1 job goes".to_owned() } else { format!("{} jobs go", tokens.len()) };
            let mut hint = way_on(has_manifest);
            if !is_settled && !has_manifest {
                let list = format!("ii jobs list{} --after 5m", place.options());
                hint = format!("{hint}; what was just being sent may have arrived: {list}");
            }
            let failure = Failure::from(cancelled(format!("{}; {jobs} on", tally.stopped(total)))).by(signal);
            return Err(failure.hint(hint).with_tokens(tokens));
        }
        if format == Format::Text {
            remark(&tally.summary(&progress));
        }
        if let Some(failure) = teller.unwritten.take().or_else(|| open.failure()) {
            return Err(failure);
        }
        if let Some(signal) = stopped {
            let failure = Failure::from(cancelled(tally.stopped(total))).by(signal);
            return Err(failure.hint(way_on(has_manifest)));
        }
        tally.end(&place).map_err(|failure| session::advise(failure, &client))
    }
}

/// How to go on with what is left.
fn way_on(has_manifest: bool) -> String {
    if !has_manifest {
        return "begun with --manifest FILE, the same command goes on where it stopped".to_owned();
    }
    let words: Vec<_> = std::env::args_os().skip(1).map(|word| word.to_string_lossy().into_owned()).collect();
    let command = words.iter().map(|word| quoted(word)).collect::<Vec<_>>().join(" ");
    if command.len() > LONGEST_COMMAND {
        return "the same command goes on where it stopped".to_owned();
    }
    format!("to go on where it stopped: ii {command}")
}

/// The end of a run whose results cannot be written. A reader that has seen enough is no error.
fn unheard(
    error: &std::io::Error,
    tokens: Vec<String>,
    has_manifest: bool,
    format: Format,
) -> Result<ExitCode, Failure> {
    if error.kind() != IoErrorKind::BrokenPipe {
        let failure = Failure::config(format!("results cannot be written to stdout: {error}"));
        return Err(failure.hint(way_on(has_manifest)).with_tokens(tokens));
    }
    output::unread(&tokens, format);
    Ok(ExitCode::SUCCESS)
}
