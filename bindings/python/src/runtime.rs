//! The one runtime of a process, and the courier that brings answers to event loops.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::thread::ThreadId;
use std::time::{Duration, Instant};

use pyo3::prelude::*;

use crate::asynchronous::{Answer, deliver};
use crate::error::guarded;

/// More threads than this have nothing to do: they encode pictures and read answers.
const MOST_THREADS: usize = 4;

/// How long the end of the program waits for a courier that is under way.
const FAREWELL: Duration = Duration::from_secs(1);

/// What this process runs on. Never dropped: a forked child leaks its parent's and makes its own.
pub(crate) struct Process {
    id: u32,
    runtime: tokio::runtime::Runtime,
    courier: Sender<Answer>,
    /// The thread that ends the interpreter, once it is about to end: from then on no other may ask for it.
    leaving: OnceLock<ThreadId>,
    /// How many of our threads are in the interpreter, or about to be.
    inside: AtomicUsize,
}

/// Locked only by threads that hold the interpreter, and `os.fork` holds it too: so in a child it is never locked for ever.
static PROCESS: Mutex<Option<&'static Process>> = Mutex::new(None);

impl Process {
    /// The one of this process, made at first use.
    pub(crate) fn current(_attached: Python<'_>) -> PyResult<&'static Self> {
        let mut slot = PROCESS.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(process) = *slot
            && process.id == std::process::id()
        {
            return Ok(process);
        }
        let process = Self::start()?;
        *slot = Some(process);
        Ok(process)
    }

    fn start() -> std::io::Result<&'static Self> {
        let threads = std::thread::available_parallelism().map_or(1, usize::from).min(MOST_THREADS);
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(threads)
            .thread_name("image-intelligence")
            .enable_all()
            .build()?;
        let (courier, answers) = channel();
        let id = std::process::id();
        let (leaving, inside) = (OnceLock::new(), AtomicUsize::new(0));
        let process: &'static Self = Box::leak(Box::new(Self { id, runtime, courier, leaving, inside }));
        std::thread::Builder::new().name("ii-courier".to_owned()).spawn(move || process.carry(&answers))?;
        Ok(process)
    }

    pub(crate) fn runtime(&self) -> &tokio::runtime::Runtime {
        &self.runtime
    }

    /// Has the answer brought to its event loop. What is Python's in it is dropped there, and nowhere else.
    pub(crate) fn send(&self, answer: Answer) {
        // The courier ends with the process, so there is always one; were there none, a leak would be the safest.
        if let Err(unsent) = self.courier.send(answer) {
            std::mem::forget(unsent);
        }
    }

    fn carry(&self, answers: &Receiver<Answer>) {
        while let Ok(first) = answers.recv() {
            self.enter();
            Python::attach(|py| {
                // While this thread waited for the interpreter, more have come.
                let all: Vec<_> = std::iter::once(first).chain(answers.try_iter()).collect();
                let _ = guarded(|| {
                    deliver(py, all);
                    Ok(())
                });
            });
            self.exit();
        }
    }

    /// Says that this thread is about to ask for the interpreter. Stays here for ever once the program ends: before Python
    /// 3.14 a thread that comes too late is unwound by force, which Rust answers with an abort.
    pub(crate) fn enter(&self) {
        self.inside.fetch_add(1, Ordering::SeqCst);
        if self.leaving.get().is_some_and(|last| *last != std::thread::current().id()) {
            self.exit();
            loop {
                std::thread::park();
            }
        }
    }

    pub(crate) fn exit(&self) {
        self.inside.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Called when the interpreter is about to end: from here on no thread of ours asks for it.
#[pyfunction]
pub(crate) fn leave(py: Python<'_>) -> PyResult<()> {
    guarded(|| {
        let here = *PROCESS.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(process) = here.filter(|process| process.id == std::process::id()) {
            // Called twice, it is the first call that counts.
            let _ = process.leaving.set(std::thread::current().id());
            py.detach(|| {
                let began = Instant::now();
                while process.inside.load(Ordering::SeqCst) > 0 && began.elapsed() < FAREWELL {
                    std::thread::sleep(Duration::from_micros(200));
                }
            });
        }
        Ok(())
    })
}
