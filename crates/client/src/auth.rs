//! The access token: fetched once for all callers, refreshed ahead of its end, and once more where the API refuses it.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use image_intelligence_core::{
    BaseUrl, Error, ErrorKind, Repeat, Result, RetryPolicy, Secret, TokenAnswer, TokenRequest,
};
use tokio::time::Instant;

use crate::call::{Gate, Tries, read_answer};
use crate::http::{Failed, Http, Request};

/// A token that comes later.
pub type TokenFuture<'a> = Pin<Box<dyn Future<Output = Result<Secret>> + Send + 'a>>;

/// Where access tokens come from, for callers who do not hold a client id and secret.
///
/// ```
/// use image_intelligence::{Client, Secret, TokenFuture, TokenProvider};
///
/// struct Vault;
///
/// impl TokenProvider for Vault {
///     fn token<'a>(&'a self, _refused: Option<&'a Secret>) -> TokenFuture<'a> {
///         Box::pin(async { Ok(Secret::from("from the vault")) })
///     }
/// }
///
/// let client = Client::builder().token_provider(Vault).build()?;
/// # Ok::<(), image_intelligence::Error>(())
/// ```
pub trait TokenProvider: Send + Sync {
    /// The token to send. `refused` is one that the API has just answered with 401: do not give it again.
    ///
    /// Called before every request, so keep the token until it ends.
    fn token<'a>(&'a self, refused: Option<&'a Secret>) -> TokenFuture<'a>;
}

/// Renew this long before the end, or at half of a short life.
const AHEAD: Duration = Duration::from_secs(60);
/// How long to keep a token whose answer does not say when it ends.
const UNSAID_LIFE: Duration = Duration::from_secs(5 * 60);

/// Buys tokens with a client id and secret.
pub(crate) struct CredentialTokens {
    http: Arc<Http>,
    base: BaseUrl,
    credentials: TokenRequest,
    retry: RetryPolicy,
    gate: Arc<Gate>,
    cache: Mutex<Cache>,
    /// Held by the one caller that fetches; the others wait for it.
    flight: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct Cache {
    held: Option<Held>,
    /// How many fetches have ended, and how the last one failed, if it did.
    flights: u64,
    failed: Option<Error>,
}

#[derive(Clone)]
struct Held {
    answer: TokenAnswer,
    renew_at: Instant,
    ends_at: Instant,
}

impl CredentialTokens {
    pub(crate) fn new(
        http: Arc<Http>,
        base: BaseUrl,
        credentials: TokenRequest,
        retry: RetryPolicy,
        gate: Arc<Gate>,
    ) -> Self {
        Self { http, base, credentials, retry, gate, cache: Mutex::default(), flight: tokio::sync::Mutex::default() }
    }

    fn cache(&self) -> std::sync::MutexGuard<'_, Cache> {
        self.cache.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn usable(&self, refused: Option<&Secret>, fresh: bool) -> Option<TokenAnswer> {
        let cache = self.cache();
        let held = cache.held.as_ref().filter(|held| Some(&held.answer.access_token) != refused)?;
        let until = if fresh { held.renew_at } else { held.ends_at };
        (Instant::now() < until).then(|| held.answer.clone())
    }

    /// The token in hand, or else a new one, with what the API says of it.
    pub(crate) async fn get(&self, refused: Option<&Secret>) -> Result<TokenAnswer> {
        if let Some(token) = self.usable(refused, true) {
            return Ok(token);
        }
        let before = self.cache().flights;
        let _flight = self.flight.lock().await;
        if let Some(token) = self.usable(refused, true) {
            return Ok(token);
        }
        {
            // Somebody fetched while we waited, and failed: that is our answer too, not a reason for one more try.
            let cache = self.cache();
            if cache.flights > before
                && let Some(error) = &cache.failed
            {
                return Err(error.clone());
            }
        }
        let fetched = self.fetch().await;
        let mut cache = self.cache();
        cache.flights += 1;
        match fetched {
            Ok(held) => {
                cache.failed = None;
                cache.held = Some(held.clone());
                Ok(held.answer)
            }
            Err(error) => {
                cache.failed = Some(error.clone());
                drop(cache);
                // Renewing ahead of time is a courtesy: while the old token lives, its failure hurts nobody.
                match self.usable(refused, false) {
                    Some(token) => {
                        tracing::warn!(error.type = error.kind().as_str(), "the access token could not be renewed yet");
                        Ok(token)
                    }
                    None => Err(error),
                }
            }
        }
    }

    async fn fetch(&self) -> Result<Held> {
        let request = Request::post(
            "POST /oauth/token".to_owned(),
            "/oauth/token",
            self.base.join(&["oauth", "token"]),
            Bytes::from(self.credentials.to_json()),
        );
        let answer = self.buy(&request).await.map_err(|failed| match failed.error.kind() {
            ErrorKind::Authentication | ErrorKind::BadRequest => Error::new(
                ErrorKind::Authentication,
                format!(
                    "the API does not know these credentials ({}); check II_CLIENT_ID and II_CLIENT_SECRET, and that they are for {}",
                    failed.error.status().unwrap_or_default(),
                    self.base
                ),
            )
            .with_status(failed.error.status().unwrap_or_default())
            .with_request_id(failed.error.request_id().map(str::to_owned)),
            _ => failed.error,
        })?;
        // Both moments are the server's, so that this machine's clock may be wrong.
        let life = match (answer.expires_at, answer.issued_at) {
            (Some(end), Some(start)) if end > start => end.since(start),
            (Some(end), _) => end.since(self.http.outside.now()),
            (None, _) => UNSAID_LIFE,
        };
        let now = Instant::now();
        let ahead = AHEAD.min(life / 2);
        // A life of centuries would overflow the clock; nobody waits for its end.
        let life = life.min(Duration::from_secs(365 * 24 * 3600));
        Ok(Held { answer, renew_at: now + (life.saturating_sub(ahead)), ends_at: now + life })
    }

    async fn buy(&self, request: &Request) -> Result<TokenAnswer, Failed> {
        let mut tries = Tries::new(&self.retry, Repeat::Harmless);
        loop {
            tries.pass(&self.gate, request).await?;
            let answer = match self.http.send(request, None).await {
                Ok(answer) => read_answer(&answer.body, request, Repeat::Harmless, TokenAnswer::from_json),
                Err(failed) => {
                    let error = failed.error.without_secret(&self.credentials.client_secret);
                    Err(Failed { error, failure: failed.failure })
                }
            };
            match answer {
                Ok(answer) => return Ok(answer),
                Err(failed) => tries.pause(failed, &self.gate, &*self.http.outside).await?,
            }
        }
    }
}

impl TokenProvider for CredentialTokens {
    fn token<'a>(&'a self, refused: Option<&'a Secret>) -> TokenFuture<'a> {
        Box::pin(async move { Ok(self.get(refused).await?.access_token) })
    }
}
