//! Calls that take time. JavaScript gets a number at once, and later, through one queue a client, the outcome.
//!
//! Node's own way, a threadsafe function for each promise, costs more than the request that it waits for; here one of them
//! wakes JavaScript for as many outcomes as are there. A call that is cancelled is dropped, and so its connection closes.

use std::collections::HashMap;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};

use futures_util::FutureExt as _;
use image_intelligence::Error;
use napi::bindgen_prelude::{Function, Object, ToNapiValue};
use napi::threadsafe_function::{ThreadsafeFunction, ThreadsafeFunctionCallMode, ThreadsafeFunctionHandle};
use napi::{Env, Result, Status, sys};
use tokio::runtime::Runtime;
use tokio::task::AbortHandle;

use crate::client::DetectHandle;
use crate::failure;

/// More threads than this have nothing to do: they encode pictures and read answers.
const MOST_THREADS: usize = 4;

/// The one runtime of the process, of all its worker threads together.
fn runtime() -> Result<&'static Runtime> {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    if let Some(runtime) = RUNTIME.get() {
        return Ok(runtime);
    }
    let threads = std::thread::available_parallelism().map_or(1, usize::from).min(MOST_THREADS);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(threads)
        .thread_name("image-intelligence")
        .enable_all()
        .build()
        .map_err(|error| napi::Error::from_reason(format!("image-intelligence: no threads to run on: {error}")))?;
    Ok(RUNTIME.get_or_init(|| runtime))
}

/// How a call ended.
pub(crate) enum Outcome {
    Failed(Error),
    /// JSON for `JSON.parse`, and the text that came where that is another one.
    Json {
        json: Vec<u8>,
        ascii: bool,
        raw: Option<String>,
    },
    Handle(DetectHandle),
    /// A bug in here: told to whoever called, and to nobody else.
    Broken,
}

/// Wakes JavaScript; what it then gets is what the queue holds at that time.
type Waker = ThreadsafeFunction<(), (), Delivery, Status, false, true>;

/// The calls of one client that are under way. Dropping it drops them.
pub(crate) struct Calls {
    queue: Arc<Queue>,
    waker: Arc<Waker>,
    last: u32,
}

#[derive(Default)]
struct Queue {
    done: Mutex<Vec<(u32, Outcome)>>,
    under_way: Mutex<HashMap<u32, AbortHandle>>,
    /// The waker's. Weak, as the waker holds the queue.
    waker: OnceLock<Weak<ThreadsafeFunctionHandle>>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Queue {
    /// What is done, for JavaScript.
    fn take(&self, env: Env) -> Delivery {
        let done = std::mem::take(&mut *lock(&self.done));
        let mut under_way = lock(&self.under_way);
        for (number, _) in &done {
            under_way.remove(number);
        }
        if under_way.is_empty() {
            self.hold(env, false);
        }
        Delivery(done)
    }

    /// Whether the process stays alive for this client: while something is under way.
    fn hold(&self, env: Env, hold: bool) {
        let Some(waker) = self.waker.get().and_then(Weak::upgrade) else { return };
        waker.with_read_aborted(|aborted| {
            if aborted {
                return;
            }
            // SAFETY: this is JavaScript's own thread, as `env` shows; and the function is there, as we hold it, and its
            // lock keeps the environment from ending meanwhile. Both calls may be repeated.
            let _ = unsafe {
                if hold {
                    sys::napi_ref_threadsafe_function(env.raw(), waker.get_raw())
                } else {
                    sys::napi_unref_threadsafe_function(env.raw(), waker.get_raw())
                }
            };
        });
    }
}

impl Calls {
    /// `deliver` gets the outcomes.
    pub(crate) fn new(deliver: &Function<'_, Delivery, ()>) -> Result<Self> {
        let queue = Arc::new(Queue::default());
        let taken = Arc::clone(&queue);
        let waker = deliver
            .build_threadsafe_function::<()>()
            .weak::<true>()
            .build_callback(move |woken| Ok(taken.take(woken.env)))?;
        let _ = queue.waker.set(Arc::downgrade(&waker.handle));
        Ok(Self { queue, waker: Arc::new(waker), last: 0 })
    }

    /// Starts a call, and gives its number.
    pub(crate) fn start(&mut self, env: Env, call: impl Future<Output = Outcome> + Send + 'static) -> Result<u32> {
        self.last = self.last.wrapping_add(1);
        let number = self.last;
        let (queue, waker) = (Arc::clone(&self.queue), Arc::clone(&self.waker));
        // Held over the start, so that a call that is done at once is in the table before it is taken out.
        let mut under_way = lock(&self.queue.under_way);
        let task = runtime()?.spawn(async move {
            let outcome = AssertUnwindSafe(call).catch_unwind().await.unwrap_or(Outcome::Broken);
            let mut done = lock(&queue.done);
            done.push((number, outcome));
            // Where there was something already, JavaScript has been woken and has yet to come.
            if done.len() == 1 {
                drop(done);
                waker.call((), ThreadsafeFunctionCallMode::NonBlocking);
            }
        });
        if under_way.is_empty() {
            self.queue.hold(env, true);
        }
        under_way.insert(number, task.abort_handle());
        Ok(number)
    }

    /// Drops a call; its outcome, if there is one already, is nobody's.
    pub(crate) fn cancel(&self, env: Env, number: u32) {
        let mut under_way = lock(&self.queue.under_way);
        if let Some(task) = under_way.remove(&number) {
            task.abort();
        }
        if under_way.is_empty() {
            self.queue.hold(env, false);
        }
    }

    /// Drops them all.
    pub(crate) fn close(&self, env: Env) {
        self.cancel_all();
        self.queue.hold(env, false);
    }

    fn cancel_all(&self) {
        for (_, task) in lock(&self.queue.under_way).drain() {
            task.abort();
        }
    }
}

impl Drop for Calls {
    fn drop(&mut self) {
        self.cancel_all();
    }
}

/// What JavaScript gets: `[number, outcome, value, raw]` for each call, one after the other in one array.
pub struct Delivery(Vec<(u32, Outcome)>);

impl ToNapiValue for Delivery {
    unsafe fn to_napi_value(raw_env: sys::napi_env, delivery: Self) -> Result<sys::napi_value> {
        let env = Env::from_raw(raw_env);
        let mut array = env.create_array(u32::try_from(delivery.0.len() * 4).unwrap_or(0))?;
        let mut at = 0;
        for (number, outcome) in delivery.0 {
            array.set(at, number)?;
            match outcome {
                Outcome::Failed(error) => {
                    array.set(at + 1, 0)?;
                    array.set(at + 2, failure::object(&env, &error)?)?;
                }
                Outcome::Json { json, ascii, raw } => {
                    array.set(at + 1, 1)?;
                    // ASCII is Latin-1 too, which needs no decoding.
                    let text = if ascii { env.create_string_latin1(&json)? } else { string(&env, json)? };
                    array.set(at + 2, text)?;
                    if let Some(raw) = raw {
                        array.set(at + 3, raw)?;
                    }
                }
                Outcome::Handle(handle) => {
                    array.set(at + 1, 2)?;
                    array.set(at + 2, handle)?;
                }
                Outcome::Broken => {
                    array.set(at + 1, 0)?;
                    let mut told = Object::new(&env)?;
                    told.set("message", "image-intelligence broke: this is a bug in it, please report it")?;
                    array.set(at + 2, told)?;
                }
            }
            at += 4;
        }
        // SAFETY: the array is of this environment.
        unsafe { ToNapiValue::to_napi_value(raw_env, array) }
    }
}

fn string(env: &Env, json: Vec<u8>) -> Result<napi::JsString<'_>> {
    env.create_string_from_std(String::from_utf8(json).map_err(|error| napi::Error::from_reason(error.to_string()))?)
}
