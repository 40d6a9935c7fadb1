//! A call to the API: with the token, sent again where that is harmless, and never faster than the server asked.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use image_intelligence_core::{Error, ErrorKind, Failure, Repeat, Result, RetryPolicy, Secret};
use tokio::time::Instant;

use crate::auth::TokenProvider;
use crate::http::{Answer, Body, Failed, Http, Request, Sink};
use crate::outside::Outside;
use crate::told::Leash;

/// Makes calls to one API.
pub(crate) struct Caller {
    pub(crate) http: Arc<Http>,
    pub(crate) tokens: Arc<dyn TokenProvider>,
    pub(crate) gate: Arc<Gate>,
    /// The proof for which tokens are given, where it is ours to keep: a server that knows it may repeat it anywhere.
    pub(crate) secret: Option<Secret>,
}

impl Caller {
    /// Sends a request, and reads its answer with `read`; what `read` refuses counts as an unreadable answer.
    pub(crate) async fn call<T>(
        &self,
        request: &Request,
        repeat: Repeat,
        retry: &RetryPolicy,
        read: impl Fn(&[u8]) -> Result<T>,
    ) -> Result<T, Failed> {
        self.call_for(request, repeat, retry, |answer| read_answer(&answer.body, request, repeat, &read)).await
    }

    /// As [`call`](Self::call), with the whole answer.
    pub(crate) async fn call_for<T>(
        &self,
        request: &Request,
        repeat: Repeat,
        retry: &RetryPolicy,
        read: impl Fn(&Answer) -> Result<T, Failed>,
    ) -> Result<T, Failed> {
        let mut tries = Tries { told: request.told.as_ref(), ..Tries::new(retry, repeat) };
        loop {
            let (answer, token) = self.answer(request, &mut tries).await?;
            match read(&answer) {
                Ok(value) => return Ok(value),
                Err(failed) => {
                    tries.pause(self.without_secrets(failed, &token), &self.gate, &*self.http.outside).await?;
                }
            }
        }
    }

    /// Sends a request until there is an answer to read, and says with which token: apart from the reading, so that it stands
    /// once in a library and not once for each model.
    async fn answer(&self, request: &Request, tries: &mut Tries<'_>) -> Result<(Answer, Secret), Failed> {
        let mut body = Body::new(request.wanted);
        let (location, token) = self.answer_into(request, tries, &mut body).await?;
        Ok((Answer { body: body.whole(), location }, token))
    }

    /// Sends a read, and passes its answer on piece by piece.
    pub(crate) async fn stream(
        &self,
        request: &Request,
        retry: &RetryPolicy,
        sink: &mut dyn Sink,
    ) -> Result<(), Failed> {
        let mut tries = Tries::new(retry, Repeat::Harmless);
        self.answer_into(request, &mut tries, sink).await.map(|_| ())
    }

    async fn answer_into(
        &self,
        request: &Request,
        tries: &mut Tries<'_>,
        sink: &mut dyn Sink,
    ) -> Result<(Option<String>, Secret), Failed> {
        loop {
            tries.pass(&self.gate, request).await?;
            // Whoever gives the tokens has tried his best.
            let token = self.tokens.token(tries.refused.as_ref()).await;
            let token = token.map_err(|error| Failed { error, failure: Failure::Withheld })?;
            if self.gate.closed_for().is_some() {
                // Somebody was asked for peace while the token was on its way.
                continue;
            }
            let failed = match self.http.send_into(request, Some(&token), sink).await {
                Ok(location) => return Ok((location, token)),
                Err(failed) => self.without_secrets(failed, &token),
            };
            if failed.failure == Failure::Status(401) && tries.refused.is_none() {
                tries.refused = Some(token);
                tries.came_back().await;
            } else {
                tries.pause(failed, &self.gate, &*self.http.outside).await?;
            }
        }
    }

    /// A server that knows a secret may repeat it anywhere.
    fn without_secrets(&self, failed: Failed, token: &Secret) -> Failed {
        let failed = failed.without(token);
        match &self.secret {
            Some(secret) => failed.without(secret),
            None => failed,
        }
    }
}

/// Reads the body of a success.
pub(crate) fn read_answer<T>(
    body: &[u8],
    request: &Request,
    repeat: Repeat,
    read: impl Fn(&[u8]) -> Result<T>,
) -> Result<T, Failed> {
    read(body).map_err(|error| Failed {
        error: error.with_context(&request.what).with_retryable(repeat == Repeat::Harmless),
        failure: Failure::Unreadable,
    })
}

/// The tries of one call.
pub(crate) struct Tries<'a> {
    retry: &'a RetryPolicy,
    repeat: Repeat,
    failed: u32,
    began: Instant,
    /// A token that the API did not take.
    refused: Option<Secret>,
    /// Who is told that a request made nothing and will be sent again.
    told: Option<&'a Leash>,
}

impl<'a> Tries<'a> {
    pub(crate) fn new(retry: &'a RetryPolicy, repeat: Repeat) -> Self {
        Self { retry, repeat, failed: 0, began: Instant::now(), refused: None, told: None }
    }

    async fn came_back(&self) {
        if let Some(told) = self.told {
            told.came_back().await;
        }
    }

    /// Waits while the server wants to be left alone, or gives up where that is longer than the budget.
    pub(crate) async fn pass(&mut self, gate: &Gate, request: &Request) -> Result<(), Failed> {
        while let Some(closed) = gate.closed_for() {
            if self.began.elapsed() + closed > self.retry.budget {
                let message =
                    format!("{}: the API asked to be left alone for {} s more", request.what, closed.as_secs().max(1));
                let error = Error::new(ErrorKind::RateLimited, message).with_retry_after(Some(closed));
                return Err(Failed { error, failure: Failure::Status(429) });
            }
            tokio::time::sleep(closed).await;
        }
        Ok(())
    }

    /// Pauses before the next try, or gives the failure back where there is none.
    pub(crate) async fn pause(&mut self, failed: Failed, gate: &Gate, outside: &dyn Outside) -> Result<(), Failed> {
        self.failed += 1;
        let retry_after = failed.error.retry_after();
        if failed.failure == Failure::Status(429)
            && let Some(wait) = retry_after
        {
            gate.close_for(wait);
        }
        if !failed.failure.may_repeat(self.repeat) {
            return Err(failed);
        }
        let Some(pause) = self.retry.pause(self.failed, self.began.elapsed(), retry_after, outside.jitter()) else {
            return Err(failed);
        };
        tracing::debug!(
            error.type = failed.error.kind().as_str(),
            http.request.resend_count = self.failed,
            pause_ms = pause.as_millis(),
            "trying again"
        );
        self.came_back().await;
        tokio::time::sleep(pause).await;
        Ok(())
    }
}

/// Until when the server asked to be left alone: one answer of 429 slows every caller.
#[derive(Default)]
pub(crate) struct Gate(Mutex<Option<Instant>>);

impl Gate {
    pub(crate) fn closed_for(&self) -> Option<Duration> {
        let until = (*self.0.lock().unwrap_or_else(PoisonError::into_inner))?;
        until.checked_duration_since(Instant::now()).filter(|left| !left.is_zero())
    }

    fn close_for(&self, wait: Duration) {
        let mut until = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let asked = Instant::now() + wait;
        *until = Some(until.map_or(asked, |already| already.max(asked)));
    }
}

impl Failed {
    /// Takes a secret out of the server's words, should it have repeated it there.
    pub(crate) fn without(self, secret: &Secret) -> Self {
        Self { error: self.error.without_secret(secret), failure: self.failure }
    }
}
