//! What our crates say besides answers and errors: for each environment that opened something, which publishes it.

use std::cell::Cell;
use std::ptr::null_mut;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use image_intelligence::{Log, LogLevel, LogRecord};
use napi::bindgen_prelude::{Function, Object, ToNapiValue};
use napi::threadsafe_function::{ThreadsafeFunction, ThreadsafeFunctionCallMode};
use napi::{Env, Result, Status, sys};
use napi_derive::napi;

use crate::calls::runtime;

/// How many records wait for one environment at most.
const MOST_WAITING: usize = 1024;

/// For how long an environment is let be that takes none, as its JavaScript is busy.
const PAUSE: Duration = Duration::from_millis(100);

/// Calls `publish`; keeps no process alive.
type Teller = ThreadsafeFunction<Arc<LogRecord>, (), Told, Status, false, true, MOST_WAITING>;

/// One for each environment: the main thread's, and those of worker threads.
static TELLERS: Mutex<Vec<Teller>> = Mutex::new(Vec::new());

thread_local! {
    /// The environment of this thread that has one.
    static HERE: Cell<sys::napi_env> = const { Cell::new(null_mut()) };
}

/// Has `publish` get what is said from now on: warnings and errors, and all else too where it is wanted `fine`, or was before
/// by any environment of the process. Of one environment, only the first `publish` counts.
#[napi(catch_unwind)]
pub fn listen(env: Env, publish: Function<'_, Told, ()>, fine: bool) -> Result<()> {
    let level = if fine { LogLevel::Trace } else { Log::level().unwrap_or(LogLevel::Warn) };
    let log = Log::open(level);
    if HERE.get() != env.raw() {
        let teller = publish
            .build_threadsafe_function::<Arc<LogRecord>>()
            .weak::<true>()
            .max_queue_size::<MOST_WAITING>()
            .build_callback(|said| Ok(Told(said.value)))?;
        TELLERS.lock().unwrap_or_else(PoisonError::into_inner).push(teller);
        HERE.set(env.raw());
    }
    let runtime = runtime()?;
    if log.claim() {
        runtime.spawn(async move {
            while let Some(record) = log.next().await {
                if !tell(&Arc::new(record), log) {
                    tokio::time::sleep(PAUSE).await;
                }
            }
        });
    }
    Ok(())
}

/// Tells every environment, and forgets those that have ended. Gives whether each had room for it.
fn tell(record: &Arc<LogRecord>, log: &Log) -> bool {
    let mut all = true;
    TELLERS.lock().unwrap_or_else(PoisonError::into_inner).retain(|teller| {
        match teller.call(Arc::clone(record), ThreadsafeFunctionCallMode::NonBlocking) {
            Status::Ok => true,
            Status::QueueFull => {
                all = false;
                true
            }
            _ => false,
        }
    });
    if !all {
        log.missed(record.missed.max(1));
    }
    all
}

/// What `publish` gets: `{ level, target, message, fields }`.
pub struct Told(Arc<LogRecord>);

impl ToNapiValue for Told {
    unsafe fn to_napi_value(raw_env: sys::napi_env, Self(record): Self) -> Result<sys::napi_value> {
        let env = Env::from_raw(raw_env);
        let mut fields = Object::new(&env)?;
        for (name, text) in &record.fields {
            fields.set(*name, text.as_str())?;
        }
        let mut told = Object::new(&env)?;
        told.set("level", record.level.as_str())?;
        told.set("target", record.target.as_str())?;
        told.set("message", record.message.as_str())?;
        told.set("fields", fields)?;
        // SAFETY: the object is of this environment.
        unsafe { ToNapiValue::to_napi_value(raw_env, told) }
    }
}
