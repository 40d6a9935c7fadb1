//! What our crates say besides answers and errors, for the logging of a host.
//!
//! They say it by `tracing`. Here it is written down, and put into a queue without waiting; a binding takes it out in its own
//! time, on a thread of its own. So whatever a host's logging does, it holds up nothing.

use std::fmt::Debug;
use std::iter::successors;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicUsize, Ordering};
use std::sync::{Once, OnceLock};

use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio::sync::{Mutex, Notify};
use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::{Interest, set_global_default};
use tracing::{Event, Level, Metadata, Subscriber};

/// How many records wait at most.
const MOST_WAITING: usize = 1024;

/// What the targets of all our crates begin with.
const OURS: &str = "image_intelligence";

/// How much a record matters.
#[doc(hidden)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogLevel {
    Error = 1,
    Warn,
    Info,
    Debug,
    Trace,
}

impl LogLevel {
    /// Its name in lower case.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warn => "warn",
            Self::Info => "info",
            Self::Debug => "debug",
            Self::Trace => "trace",
        }
    }

    fn of(level: Level) -> Self {
        match level {
            Level::ERROR => Self::Error,
            Level::WARN => Self::Warn,
            Level::INFO => Self::Info,
            Level::DEBUG => Self::Debug,
            Level::TRACE => Self::Trace,
        }
    }
}

/// Something that was said.
#[doc(hidden)]
#[derive(Debug)]
#[non_exhaustive]
pub struct LogRecord {
    pub level: LogLevel,
    /// Who said it: the crate without our prefix and its module, with dots.
    pub target: String,
    pub message: String,
    /// What belongs to it, by name.
    pub fields: Vec<(&'static str, String)>,
    /// How many records it stands for that were dropped; 0 where it was said itself.
    pub missed: usize,
}

/// Up to which level records are taken; 0 until a log is opened.
static LEVEL: AtomicU8 = AtomicU8::new(0);

/// The log of the process that opened one first; those of forked children hang on it.
static FIRST: OnceLock<Box<Log>> = OnceLock::new();

/// The records of one process. Never dropped: a forked child leaves its parent's alone, whose locks may be held for ever.
#[doc(hidden)]
#[derive(Debug)]
pub struct Log {
    process: u32,
    records: Sender<LogRecord>,
    waiting: Mutex<Receiver<LogRecord>>,
    /// How many did not fit since that was told last.
    missed: AtomicUsize,
    claimed: AtomicBool,
    closed: Notify,
    of_a_child: OnceLock<Box<Self>>,
}

impl Log {
    /// Takes, from now on, what is said up to this level, and gives the log of this process. Where somebody else listens to
    /// `tracing` already, it stays empty.
    pub fn open(level: LogLevel) -> &'static Self {
        static INSTALLED: Once = Once::new();
        let log = Self::made();
        let before = LEVEL.swap(level as u8, Ordering::Relaxed);
        INSTALLED.call_once(|| {
            let _ = set_global_default(Listener);
        });
        if before != level as u8 {
            tracing::callsite::rebuild_interest_cache();
        }
        log
    }

    /// The log of this process, where one was opened.
    pub fn here() -> Option<&'static Self> {
        let process = std::process::id();
        let logs = successors(FIRST.get(), |log| log.of_a_child.get());
        logs.map(Box::as_ref).find(|log| log.process == process)
    }

    /// Up to which level records are taken.
    pub fn level() -> Option<LogLevel> {
        taken().into_level().map(LogLevel::of)
    }

    fn made() -> &'static Self {
        let mut slot = &FIRST;
        loop {
            let log = slot.get_or_init(Self::boxed);
            if log.process == std::process::id() {
                return log;
            }
            slot = &log.of_a_child;
        }
    }

    fn boxed() -> Box<Self> {
        let (records, waiting) = channel(MOST_WAITING);
        Box::new(Self {
            process: std::process::id(),
            records,
            waiting: Mutex::new(waiting),
            missed: AtomicUsize::new(0),
            claimed: AtomicBool::new(false),
            closed: Notify::new(),
            of_a_child: OnceLock::new(),
        })
    }

    /// Whether nobody takes from it yet: then it is for the caller to do so.
    pub fn claim(&self) -> bool {
        !self.claimed.swap(true, Ordering::Relaxed)
    }

    /// The next record, as soon as there is one; `None` once it was closed and there is none left.
    pub async fn next(&self) -> Option<LogRecord> {
        let missed = self.missed.swap(0, Ordering::Relaxed);
        if missed > 0 {
            return Some(LogRecord {
                level: LogLevel::Warn,
                target: named(module_path!()),
                message: format!("{missed} records were dropped"),
                fields: Vec::new(),
                missed,
            });
        }
        let mut waiting = self.waiting.lock().await;
        tokio::select! {
            biased;
            record = waiting.recv() => record,
            () = self.closed.notified() => None,
        }
    }

    /// Notes that so many did not get through.
    pub fn missed(&self, records: usize) {
        self.missed.fetch_add(records, Ordering::Relaxed);
    }

    /// Has whoever takes from it stop, after what is there.
    pub fn close(&self) {
        self.closed.notify_one();
    }
}

fn taken() -> LevelFilter {
    match LEVEL.load(Ordering::Relaxed) {
        0 => LevelFilter::OFF,
        1 => LevelFilter::ERROR,
        2 => LevelFilter::WARN,
        3 => LevelFilter::INFO,
        4 => LevelFilter::DEBUG,
        _ => LevelFilter::TRACE,
    }
}

/// What a host calls a target of `tracing`: `client.call`, `webhooks.receiver.refusal`.
fn named(target: &str) -> String {
    let rest = target.strip_prefix(OURS).unwrap_or(target);
    let path = match rest.strip_prefix('_') {
        Some(other) => other.to_owned(),
        None => format!("client{rest}"),
    };
    path.replace("::", ".")
}

/// Puts events into the log. Spans are let pass, and not kept.
struct Listener;

impl Subscriber for Listener {
    fn register_callsite(&self, metadata: &'static Metadata<'static>) -> Interest {
        if self.enabled(metadata) { Interest::always() } else { Interest::never() }
    }

    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        *metadata.level() <= taken() && metadata.is_event() && metadata.target().starts_with(OURS)
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(taken())
    }

    fn event(&self, event: &Event<'_>) {
        let Some(log) = Log::here() else { return };
        match log.records.try_reserve() {
            Ok(place) => place.send(written(event)),
            Err(_full) => log.missed(1),
        }
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

fn written(event: &Event<'_>) -> LogRecord {
    let metadata = event.metadata();
    let mut words = Words::default();
    event.record(&mut words);
    LogRecord {
        level: LogLevel::of(*metadata.level()),
        target: named(metadata.target()),
        message: words.message,
        fields: words.fields,
        missed: 0,
    }
}

/// Reads what belongs to an event.
#[derive(Default)]
struct Words {
    message: String,
    fields: Vec<(&'static str, String)>,
}

impl Visit for Words {
    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "message" {
            value.clone_into(&mut self.message);
        } else {
            self.fields.push((field.name(), value.to_owned()));
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.record_str(field, &format!("{value:?}"));
    }
}
