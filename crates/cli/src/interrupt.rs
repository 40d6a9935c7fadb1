//! Ctrl-C, and on Unix SIGTERM and SIGHUP: they end a wait, never a job.

use std::future::Future;

use image_intelligence::{Error, ErrorKind};

use crate::failure::Failure;

/// What ended a command; its number is the exit code, as a shell has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Signal {
    Hangup = 129,
    Interrupt = 130,
    Terminate = 143,
}

/// Listens from when it is made until it is dropped, so that no signal is lost between two steps of a command.
pub(crate) struct Interrupt {
    #[cfg(unix)]
    ctrl_c: tokio::signal::unix::Signal,
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
    /// Only where somebody wants it to end us: `nohup` must stay one.
    #[cfg(unix)]
    hangup: Option<tokio::signal::unix::Signal>,
}

impl Interrupt {
    #[cfg(unix)]
    pub(crate) fn new() -> Result<Self, Failure> {
        use tokio::signal::unix::{SignalKind, signal};
        let listen =
            |kind| signal(kind).map_err(|error| Failure::config(format!("signals cannot be listened for: {error}")));
        let hangup = if hangup_is_ignored() { None } else { Some(listen(SignalKind::hangup())?) };
        Ok(Self { ctrl_c: listen(SignalKind::interrupt())?, terminate: listen(SignalKind::terminate())?, hangup })
    }

    #[cfg(not(unix))]
    #[allow(clippy::unnecessary_wraps)]
    pub(crate) fn new() -> Result<Self, Failure> {
        Ok(Self {})
    }

    /// Comes back when one has come.
    #[cfg(unix)]
    pub(crate) async fn asked(&mut self) -> Signal {
        let hangup = async {
            match &mut self.hangup {
                Some(hangup) => hangup.recv().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            _ = self.ctrl_c.recv() => Signal::Interrupt,
            _ = self.terminate.recv() => Signal::Terminate,
            _ = hangup => Signal::Hangup,
        }
    }

    #[cfg(not(unix))]
    pub(crate) async fn asked(&mut self) -> Signal {
        if tokio::signal::ctrl_c().await.is_err() {
            // It cannot be listened for, so it ends the process as if nobody did.
            std::future::pending::<()>().await;
        }
        Signal::Interrupt
    }

    /// Does the work unless a signal comes first, which fails with what `cancelled` says.
    pub(crate) async fn or<T>(
        &mut self,
        work: impl Future<Output = Result<T, Failure>>,
        cancelled: impl FnOnce() -> Failure,
    ) -> Result<T, Failure> {
        tokio::select! {
            biased;
            signal = self.asked() => Err(cancelled().by(signal)),
            done = work => done,
        }
    }
}

/// Whether whoever started us wants a closed terminal to be no reason to end. Listening would undo that.
#[cfg(target_os = "linux")]
fn hangup_is_ignored() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    mask.is_some_and(|mask| mask & 1 == 1)
}

/// It cannot be known without unsafe code, so a hangup does what it always does.
#[cfg(all(unix, not(target_os = "linux")))]
fn hangup_is_ignored() -> bool {
    true
}

/// The failure of a command that a signal ended.
pub(crate) fn cancelled(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::Cancelled, message)
}
