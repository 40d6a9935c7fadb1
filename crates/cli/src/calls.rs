//! Single calls to the API: with a bar, until a signal comes, and with the way out where they fail.

use std::future::Future;
use std::pin::Pin;

use image_intelligence::{Client, Result};

use crate::failure::Failure;
use crate::interrupt::{Interrupt, cancelled};
use crate::session;
use crate::waiting::Bar;

/// Boxed: the commands that make calls should not each carry all of one.
type Call<'a, T> = Pin<Box<dyn Future<Output = std::result::Result<T, Failure>> + 'a>>;

/// A call that changes nothing.
pub(crate) fn read<'a, T: 'a>(
    client: &'a Client,
    doing: &'a str,
    call: impl Future<Output = Result<T>> + 'a,
) -> Call<'a, T> {
    Box::pin(async move {
        let mut interrupt = Interrupt::new()?;
        let _bar = Bar::start(doing);
        let call = async { call.await.map_err(|error| session::advise(error.into(), client)) };
        interrupt.or(call, || cancelled("stopped").into()).await
    })
}

/// A call that is sent once. Where it is stopped or its answer is lost, `look` is the command that tells what became of it.
pub(crate) fn change<'a, T: 'a>(
    client: &'a Client,
    doing: &'a str,
    look: &'a str,
    call: impl Future<Output = Result<T>> + 'a,
) -> Call<'a, T> {
    Box::pin(async move {
        let mut interrupt = Interrupt::new()?;
        let _bar = Bar::start(doing);
        let call = async { call.await.map_err(|error| session::advise(Failure::of_create(error, look), client)) };
        let stopped = || {
            let failure = Failure::from(cancelled("stopped while it was being sent; it may have arrived"));
            failure.hint(format!("to see what became of it: {look}"))
        };
        interrupt.or(call, stopped).await
    })
}
