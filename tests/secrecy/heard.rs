//! All that is said in this process.

use std::error::Error;
use std::fmt::Debug;
use std::io::Write;
use std::sync::{Arc, Mutex};

use log::{LevelFilter, Log, Metadata, Record};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::fmt::format::FmtSpan;

/// What was said, from the finest level on: by `tracing`, by `log`, and by errors and values that show themselves.
#[derive(Clone, Default)]
pub(crate) struct Heard(Arc<Mutex<Vec<u8>>>);

impl Heard {
    pub(crate) fn listen() -> Self {
        let heard = Self::default();
        let subscriber = tracing_subscriber::fmt()
            .with_max_level(tracing::Level::TRACE)
            .with_span_events(FmtSpan::FULL)
            .with_ansi(false)
            .with_writer(heard.clone())
            .finish();
        tracing::subscriber::set_global_default(subscriber).unwrap();
        log::set_boxed_logger(Box::new(heard.clone())).unwrap();
        log::set_max_level(LevelFilter::Trace);
        let panics = heard.clone();
        let hook = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            panics.say(format_args!("{panic}"));
            hook(panic);
        }));
        heard
    }

    fn say(&self, what: std::fmt::Arguments<'_>) {
        writeln!(self.clone(), "{what}").unwrap();
    }

    /// What somebody sees who prints it.
    pub(crate) fn show(&self, what: &impl Debug) {
        self.say(format_args!("{what:?} {what:#?}"));
    }

    /// As [`show`](Self::show), with all that an error says and stands on.
    pub(crate) fn error(&self, error: &(dyn Error + 'static)) {
        let mut next = Some(error);
        while let Some(error) = next {
            self.say(format_args!("{error} {error:#} {error:?} {error:#?}"));
            next = error.source();
        }
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().unwrap()).into_owned()
    }
}

impl Write for Heard {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'w> MakeWriter<'w> for Heard {
    type Writer = Self;

    fn make_writer(&'w self) -> Self {
        self.clone()
    }
}

impl Log for Heard {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &Record<'_>) {
        self.say(format_args!("{} {}", record.target(), record.args()));
    }

    fn flush(&self) {}
}
