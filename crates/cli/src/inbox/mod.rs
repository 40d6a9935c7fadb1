//! `ii inbox`: looks into the inbox of a receiver, perhaps beside it.

mod shown;

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use image_intelligence::{Error, ErrorKind};
use image_intelligence_webhooks::{Counts, Entry, EventState, Filter, Inbox};

use crate::args::{InboxCommand, InboxListArgs, InboxReplayArgs, InboxShowArgs, PageArgs, PlaceArgs};
use crate::failure::Failure;
use crate::mailbox;
use crate::output::{Format, List, deliver_bytes, moment, or_nothing, remark, show_record};

/// The variable that names an inbox.
const VARIABLE: &str = "II_INBOX";

pub(crate) async fn run(command: InboxCommand) -> Result<ExitCode, Failure> {
    let place = match &command {
        InboxCommand::List(args) => &args.place,
        InboxCommand::Show(args) => &args.place,
        InboxCommand::Replay(args) => &args.place,
        InboxCommand::Dead(args) => &args.place,
        InboxCommand::Prune(args) => &args.place,
    };
    let inbox = open(place).await?;
    let done = match command {
        InboxCommand::List(args) => list(&inbox, &args).await,
        InboxCommand::Show(args) => show(&inbox, &args).await,
        InboxCommand::Replay(args) => replay(&inbox, args).await,
        InboxCommand::Dead(args) => dead(&inbox, &args.page, args.shape.format()).await,
        InboxCommand::Prune(args) => prune(&inbox, args.shape.format()).await,
    };
    inbox.shutdown().await;
    done.map(|()| ExitCode::SUCCESS)
}

/// One that exists, and only to look into it.
async fn open(place: &PlaceArgs) -> Result<Inbox, Failure> {
    let variable = || std::env::var_os(VARIABLE).filter(|value| !value.is_empty()).map(PathBuf::from);
    let place = place.inbox.clone().or_else(variable).ok_or_else(|| {
        Failure::config("--inbox: not given; which inbox?")
            .hint(format!("--inbox inbox.db, the file of a receiver, or postgres://..; or {VARIABLE}"))
    })?;
    existing(&place).await
}

/// The inbox at that place, where there is one.
pub(crate) async fn existing(place: &Path) -> Result<Inbox, Failure> {
    Ok(Inbox::builder(mailbox::target(place)).existing(true).open().await?)
}

async fn list(inbox: &Inbox, args: &InboxListArgs) -> Result<(), Failure> {
    const HEADINGS: [&str; 7] = ["SEQ", "RECEIVED", "KIND", "JOB", "STATE", "ATTEMPTS", "ERROR"];
    let format = args.shape.format();
    heading(inbox, format).await?;
    let entries = entries(inbox, args.state, &args.page).await?;
    let mut list = List::new(&HEADINGS, 6);
    for entry in &entries {
        let cells = vec![
            entry.seq.to_string(),
            moment(Some(entry.received_at)),
            entry.kind.as_str().to_owned(),
            or_nothing(entry.job_id.as_deref()),
            entry.state.to_string(),
            entry.attempts.to_string(),
            or_nothing(entry.error.as_deref()),
        ];
        list.add(entry, cells);
    }
    list.show("no such events", format)?;
    say_more(&entries, &args.page, format);
    Ok(())
}

async fn dead(inbox: &Inbox, page: &PageArgs, format: Format) -> Result<(), Failure> {
    const HEADINGS: [&str; 6] = ["SEQ", "RECEIVED", "KIND", "JOB", "ATTEMPTS", "LAST ERROR"];
    heading(inbox, format).await?;
    let entries = entries(inbox, Some(EventState::Dead), page).await?;
    let mut list = List::new(&HEADINGS, 5);
    for entry in &entries {
        let cells = vec![
            entry.seq.to_string(),
            moment(Some(entry.received_at)),
            entry.kind.as_str().to_owned(),
            or_nothing(entry.job_id.as_deref()),
            entry.attempts.to_string(),
            or_nothing(entry.error.as_deref()),
        ];
        list.add(entry, cells);
    }
    list.show("no dead letters", format)?;
    say_more(&entries, page, format);
    Ok(())
}

async fn entries(inbox: &Inbox, state: Option<EventState>, page: &PageArgs) -> Result<Vec<Entry>, Failure> {
    let mut filter = Filter::new().limit(page.limit.into());
    filter.state = state;
    filter.kind = page.kind;
    filter.job.clone_from(&page.job);
    filter.before = page.before;
    Ok(inbox.list(filter).await?)
}

/// How many there are of each, for a person: on stderr, as stdout has the rows.
async fn heading(inbox: &Inbox, format: Format) -> Result<(), Failure> {
    if format == Format::Text {
        remark(&format!("{}\n", counted(&inbox.counts().await?)));
    }
    Ok(())
}

/// A full page may not be the last.
fn say_more(entries: &[Entry], page: &PageArgs, format: Format) {
    if let (Format::Text, Some(last), true) = (format, entries.last(), entries.len() == usize::from(page.limit)) {
        remark(&format!("perhaps there are more: --before {}\n", last.seq));
    }
}

/// `2 ready, 1 dead, 40 done; the longest has waited 12 s`
pub(crate) fn counted(counts: &Counts) -> String {
    let events = counts.events;
    let counted = [
        (events.received, "to be confirmed"),
        (events.ready, "ready"),
        (events.leased, "in a handler's hands"),
        (events.dead, "dead"),
        (events.done, "done"),
    ];
    let counted: Vec<_> =
        counted.into_iter().filter(|(count, _)| *count > 0).map(|(count, state)| format!("{count} {state}")).collect();
    let mut text = if counted.is_empty() { "no events".to_owned() } else { counted.join(", ") };
    if let Some(waited) = counts.oldest_ready {
        let _ = write!(text, "; one has waited {} s for a handler", waited.as_secs());
    }
    let awaited = counts.jobs.intended + counts.jobs.expected + counts.jobs.unknown;
    if awaited > 0 {
        let _ = write!(text, "; {awaited} jobs without a result yet");
    }
    text
}

async fn show(inbox: &Inbox, args: &InboxShowArgs) -> Result<(), Failure> {
    let entry = inbox.entry(args.seq).await?.ok_or_else(|| {
        Failure::from(Error::new(ErrorKind::NotFound, format!("there is no event {}", args.seq)))
            .hint("ii inbox list has their numbers")
    })?;
    if args.raw {
        let Some(body) = &entry.body else {
            return Err(Error::new(ErrorKind::NotFound, format!("the body of event {} was pruned", args.seq)).into());
        };
        return match deliver_bytes(body) {
            Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
                Err(Failure::config(format!("the body cannot be written to stdout: {error}")))
            }
            _ => Ok(()),
        };
    }
    shown::show(&entry, args.shape.format())
}

async fn replay(inbox: &Inbox, args: InboxReplayArgs) -> Result<(), Failure> {
    let format = args.shape.format();
    let wanted = args.seqs.len() as u64;
    let replayed = if args.dead { inbox.replay_dead().await? } else { inbox.replay(args.seqs).await? };
    show_record(&serde_json::json!({ "replayed": replayed }), &[("replayed", Some(replayed.to_string()))], format)?;
    if format == Format::Text && !args.dead && replayed < wanted {
        remark("the others are not there, wait for a handler anyway, or have lost their body to time\n");
    }
    Ok(())
}

async fn prune(inbox: &Inbox, format: Format) -> Result<(), Failure> {
    let pruned = inbox.prune().await?;
    let fields = [
        ("bodies", Some(pruned.bodies.to_string())),
        ("events", Some(pruned.events.to_string())),
        ("jobs", Some(pruned.jobs.to_string())),
    ];
    show_record(&pruned, &fields, format)
}
