//! Calls that take time. JavaScript gets a number at once, and later, through one queue a client, the outcome.
//!
//! Node's own way, a threadsafe function for each promise, costs more than the request that it waits for; here one of them
//! wakes JavaScript for as many outcomes as are there. A call that is cancelled is dropped, and so its connection closes.

use std::collections::HashMap;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};

use bytes::Bytes;
use futures_util::FutureExt as _;
use image_intelligence::{AnyHandle, AnyItem, Error, RawAnswer, RawJson, Result as Answered, Secret};
use image_intelligence_webhooks::{Answer, Delivery, Entry};
use napi::bindgen_prelude::{BufferSlice, Function, Object, ToNapiValue};
use napi::threadsafe_function::{ThreadsafeFunction, ThreadsafeFunctionCallMode, ThreadsafeFunctionHandle};
use napi::{Env, Result, Status, sys};
use tokio::runtime::Runtime;
use tokio::task::AbortHandle;

use crate::client::JobHandle;
use crate::delivery::{self, Came};
use crate::json::{Json, List, string};
use crate::receiver::{Receiver, ToldAnswer};
use crate::{failure, many};

/// More threads than this have nothing to do: they encode pictures and read answers.
const MOST_THREADS: usize = 4;

/// The one runtime of the process, of all its worker threads together.
pub(crate) fn runtime() -> Result<&'static Runtime> {
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
    /// One object: JSON for `JSON.parse`, and the text that came where that is another one.
    One(Json, Option<String>),
    /// A list of them, and the texts of its items, in one JSON.
    Many(Json, Vec<String>),
    /// What only its caller may see stands beside the JSON.
    Registered(Json, Option<Secret>),
    Bytes(Vec<u8>),
    Handle(JobHandle),
    /// What became of a picture.
    Item(Box<AnyItem>),
    /// So many: pictures that are wanted, events that are handed out again.
    Want(usize),
    /// How the job at this place among many ended.
    End(usize, Box<Self>),
    /// An event of an inbox.
    Delivery(Box<Came>),
    /// An event as it stands in an inbox, and its body.
    Entry(Json, Option<Bytes>),
    Receiver(Receiver),
    /// What a request is answered with.
    Answer(Answer),
    /// There is nothing to say.
    Done,
    /// A bug in here: told to whoever called, and to nobody else.
    Broken,
}

impl Outcome {
    pub(crate) fn of<T>(answered: Answered<T>, outcome: impl FnOnce(T) -> Self) -> Self {
        answered.map_or_else(Self::Failed, outcome)
    }

    pub(crate) fn done(answered: Answered<()>) -> Self {
        Self::of(answered, |()| Self::Done)
    }

    /// To be called on a thread that is not JavaScript's, as it reads the body.
    pub(crate) fn delivery(delivery: Delivery) -> Self {
        Self::Delivery(Box::new(Came::new(delivery)))
    }

    pub(crate) fn json(text: Vec<u8>) -> Self {
        Self::One(Json::new(text), None)
    }

    pub(crate) fn entry(entry: Entry) -> Self {
        let (json, body) = entry.into_json();
        Self::Entry(Json::new(json), body)
    }

    /// Without their bodies.
    pub(crate) fn entries(entries: Vec<Entry>) -> Self {
        let mut list = List::default();
        for entry in entries {
            list.push(&Json::new(entry.into_json().0));
        }
        Self::One(list.end(), None)
    }

    pub(crate) fn handle(job: AnyHandle) -> Self {
        Self::Handle(JobHandle(job))
    }

    pub(crate) fn item(item: AnyItem) -> Self {
        Self::Item(Box::new(item))
    }

    pub(crate) fn end(place: usize, result: Answered<RawJson>) -> Self {
        Self::End(place, Box::new(Self::of(result, Self::one)))
    }

    pub(crate) fn answer(answer: RawAnswer) -> Self {
        match answer {
            RawAnswer::One(one) => Self::one(one),
            RawAnswer::Many(many) => Self::many(many),
            RawAnswer::Registered(webhook, secret) => Self::Registered(parts(webhook).0, secret),
            RawAnswer::Bytes(bytes) => Self::Bytes(bytes.into()),
            _ => Self::Done,
        }
    }

    pub(crate) fn one(one: RawJson) -> Self {
        let (json, raw) = parts(one);
        Self::One(json, raw)
    }

    pub(crate) fn many(many: Vec<RawJson>) -> Self {
        let mut list = List::default();
        let mut raws = Vec::with_capacity(many.len());
        for (json, raw) in many.into_iter().map(parts) {
            list.push(&json);
            raws.push(raw.unwrap_or_default());
        }
        Self::Many(list.end(), raws)
    }
}

/// What JavaScript may parse, and the text that came where that is another one.
pub(crate) fn parts(answer: RawJson) -> (Json, Option<String>) {
    let RawJson { raw, json, ascii, .. } = answer;
    match json {
        None => (Json::of(raw, ascii), None),
        Some(text) => (Json::of(text, ascii), Some(String::from_utf8_lossy(&raw).into_owned())),
    }
}

/// Wakes JavaScript; what it then gets is what the queue holds at that time.
type Waker = ThreadsafeFunction<(), (), Deliveries, Status, false, true>;

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
    fn take(&self, env: Env) -> Deliveries {
        let mut done = std::mem::take(&mut *lock(&self.done));
        let mut under_way = lock(&self.under_way);
        // What was cancelled when it was done already is nobody's: an event among it is handed out again.
        done.retain(|(number, _)| under_way.remove(number).is_some());
        if under_way.is_empty() {
            self.hold(env, false);
        }
        Deliveries(done)
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
    pub(crate) fn new(deliver: &Function<'_, Deliveries, ()>) -> Result<Self> {
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
        self.begin(env, Box::pin(call))
    }

    /// The same for every call, so that the runtime's tasks are compiled once and not for each.
    fn begin(&mut self, env: Env, call: Pin<Box<dyn Future<Output = Outcome> + Send>>) -> Result<u32> {
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

/// What JavaScript gets: `[number, outcome, value, beside]` for each call, one after the other in one array.
pub struct Deliveries(Vec<(u32, Outcome)>);

// The numbers of outcomes; the facade's are these.
const FAILED: u32 = 0;
const ONE: u32 = 1;
const MANY: u32 = 2;
const REGISTERED: u32 = 3;
const VALUE: u32 = 4;
const ENTRY: u32 = 5;

impl ToNapiValue for Deliveries {
    unsafe fn to_napi_value(raw_env: sys::napi_env, deliveries: Self) -> Result<sys::napi_value> {
        let env = Env::from_raw(raw_env);
        let mut array = env.create_array(u32::try_from(deliveries.0.len() * 4).unwrap_or(0))?;
        for (at, (number, outcome)) in (0..).step_by(4).zip(deliveries.0) {
            array.set(at, number)?;
            let (what, value, beside) = (at + 1, at + 2, at + 3);
            match outcome {
                Outcome::Failed(error) => {
                    array.set(what, FAILED)?;
                    array.set(value, failure::object(&env, &error)?)?;
                }
                Outcome::One(json, raw) => {
                    array.set(what, ONE)?;
                    array.set(value, string(&env, json)?)?;
                    if let Some(raw) = raw {
                        array.set(beside, raw)?;
                    }
                }
                Outcome::Many(json, raws) => {
                    array.set(what, MANY)?;
                    array.set(value, string(&env, json)?)?;
                    array.set(beside, raws)?;
                }
                Outcome::Registered(json, secret) => {
                    array.set(what, REGISTERED)?;
                    array.set(value, string(&env, json)?)?;
                    if let Some(secret) = secret {
                        array.set(beside, secret.expose())?;
                    }
                }
                Outcome::Bytes(bytes) => {
                    array.set(what, VALUE)?;
                    array.set(value, BufferSlice::copy_from(&env, bytes)?)?;
                }
                Outcome::Handle(handle) => {
                    array.set(what, VALUE)?;
                    array.set(value, handle)?;
                }
                Outcome::Item(item) => {
                    array.set(what, VALUE)?;
                    array.set(value, many::item(&env, *item)?)?;
                }
                Outcome::Want(pictures) => {
                    array.set(what, VALUE)?;
                    array.set(value, pictures as f64)?;
                }
                Outcome::End(place, outcome) => {
                    array.set(what, VALUE)?;
                    array.set(value, many::end(&env, place, *outcome)?)?;
                }
                Outcome::Delivery(judged) => {
                    array.set(what, VALUE)?;
                    array.set(value, delivery::object(&env, *judged)?)?;
                }
                Outcome::Entry(json, body) => {
                    array.set(what, ENTRY)?;
                    array.set(value, string(&env, json)?)?;
                    if let Some(body) = body {
                        array.set(beside, BufferSlice::copy_from(&env, &body)?)?;
                    }
                }
                Outcome::Receiver(receiver) => {
                    array.set(what, VALUE)?;
                    array.set(value, receiver)?;
                }
                Outcome::Answer(answer) => {
                    array.set(what, VALUE)?;
                    array.set(value, ToldAnswer::from(answer))?;
                }
                Outcome::Done => array.set(what, VALUE)?,
                Outcome::Broken => {
                    array.set(what, FAILED)?;
                    let mut told = Object::new(&env)?;
                    told.set("message", "image-intelligence broke: this is a bug in it, please report it")?;
                    array.set(value, told)?;
                }
            }
        }
        // SAFETY: the array is of this environment.
        unsafe { ToNapiValue::to_napi_value(raw_env, array) }
    }
}
