//! The API itself: the credentials, the clock by which it lets them end, and a read that costs nothing.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use image_intelligence::{BaseUrl, Client, Detect, Error, ErrorKind, RetryPolicy, Timestamp, TokenAnswer};
use reqwest::header::DATE;
use tokio::time::timeout;
use url::Url;
use uuid::Uuid;

use crate::delivery::{self, seconds};
use crate::doctor::report::Check;
use crate::failure::Failure;
use crate::moments::utc;
use crate::session;

/// So far clocks may be apart: tokens and callback URLs end by them.
const APART: i64 = 30_000;

/// A client that asks once, and waits no longer than a check may take.
pub(crate) fn client(base_url: Option<&str>, limit: Duration) -> Result<Client, Failure> {
    let builder = session::builder(base_url)?.retry(RetryPolicy::never());
    Ok(builder.request_timeout(limit).connect_timeout(limit).build()?)
}

/// Buys a token.
pub(crate) async fn credentials(client: &Client, limit: Duration) -> (Check, Option<TokenAnswer>) {
    const NAME: &str = "credentials";
    let token = match timed(client.access_token(), limit).await {
        Ok(token) => token,
        Err(error) => {
            let failed = Check::failed(NAME, error.kind(), error.message());
            let next = match error.kind() {
                ErrorKind::Authentication => "are client id and secret of this API, whole, and not swapped?",
                ErrorKind::NotFound => "is the base URL right? the public one ends in /v2",
                ErrorKind::InvalidResponse => "is the base URL right, or does a proxy answer in its place?",
                _ => "try again; does the API have a page that says how it is?",
            };
            return (failed.next(next), None);
        }
    };
    let whose = [&token.org_name, &token.app_name].into_iter().flatten().map(String::as_str).collect::<Vec<_>>();
    let whose = if whose.is_empty() { "taken".to_owned() } else { format!("taken, of {}", whose.join(", ")) };
    let end = token.expires_at.map(|end| format!("; the token ends {}", utc(end))).unwrap_or_default();
    let scopes = token.scopes.join(" ");
    let creates = token.scopes.is_empty() || token.scopes.iter().any(|scope| scope.ends_with(":create"));
    let check = if creates {
        let scopes =
            if scopes.is_empty() { "which scopes is not said".to_owned() } else { format!("scopes: {scopes}") };
        Check::ok(NAME, format!("{whose}{end}; {scopes}"))
    } else {
        let next = "ask whoever made the credentials for detect:create or the like";
        Check::warning(NAME, format!("{whose}{end}; but they allow no job: {scopes}"), next)
    };
    let check =
        check.with("scopes", token.scopes.clone()).with("expiresAt", token.expires_at.map(Timestamp::as_millis));
    (check, Some(token))
}

/// Compares this machine's clock with the API's.
pub(crate) async fn clock(base: &BaseUrl, token: Option<&TokenAnswer>, limit: Duration) -> Check {
    const NAME: &str = "clock";
    let seen = match timeout(limit, by_date(base)).await {
        Ok(Some(seen)) => seen,
        _ => match token.and_then(|token| token.issued_at) {
            // Less exact, as the token may have been on its way for a while.
            Some(made) => (made.as_millis() - now(), 0),
            None => return Check::skipped(NAME, "the API does not say what time it is"),
        },
    };
    let (ahead, margin) = seen;
    let exact = ahead.abs().div_euclid(1000);
    let way = if ahead > 0 { "behind" } else { "ahead of" };
    let check = if ahead.abs() > APART + margin {
        let next = "set it by NTP (timedatectl set-ntp true, or the like): tokens and callback URLs end by the clock";
        Check::warning(NAME, format!("this machine's clock is {exact} s {way} the API's"), next)
    } else if exact < 2 {
        Check::ok(NAME, "this machine's clock is that of the API")
    } else {
        Check::ok(NAME, format!("this machine's clock is {exact} s {way} the API's, which does no harm"))
    };
    // What others have to add to this machine's time.
    check.with("apiAheadSeconds", ahead.div_euclid(1000))
}

/// How far the API's clock is ahead by the head of its answer, and how exactly that is known: milliseconds.
async fn by_date(base: &BaseUrl) -> Option<(i64, i64)> {
    let url = Url::parse(&base.to_string()).ok()?;
    let client = delivery::client(&url).ok()?;
    let before = now();
    let response = client.get(url).send().await.ok()?;
    let after = now();
    let date = httpdate::parse_http_date(response.headers().get(DATE)?.to_str().ok()?).ok()?;
    // It counts whole seconds.
    let theirs = millis(date) + 500;
    Some((theirs - i64::midpoint(before, after), (after - before) / 2 + 500))
}

fn now() -> i64 {
    millis(SystemTime::now())
}

fn millis(moment: SystemTime) -> i64 {
    let since = moment.duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

/// Asks for a job that nobody has: "there is none" shows that reading is allowed, and is never billed.
pub(crate) async fn read(client: &Client, limit: Duration) -> Check {
    const NAME: &str = "read";
    let nobodys = Uuid::new_v4().to_string();
    let jobs = client.jobs::<Detect>();
    match timed(jobs.get(&nobodys), limit).await {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            Check::ok(NAME, "detect jobs can be read: the API knows none of a made-up id, and says so")
        }
        Ok(_) => {
            Check::warning(NAME, "the API has a job of an id that was just made up", "is it the API that you mean?")
        }
        Err(error) => {
            let next = match error.kind() {
                ErrorKind::PermissionDenied => {
                    "ask whoever made the credentials for detect:read; without it only webhooks bring results"
                }
                ErrorKind::Authentication => "the token was given a moment ago; is the API behind another one's proxy?",
                ErrorKind::RateLimited => "too many requests just now; try again later",
                _ => "try again; does the API have a page that says how it is?",
            };
            Check::failed(NAME, error.kind(), error.message()).next(next)
        }
    }
}

async fn timed<T>(call: impl Future<Output = Result<T, Error>>, limit: Duration) -> Result<T, Error> {
    let late = |_| Error::new(ErrorKind::RequestTimeout, format!("no answer within {}", seconds(limit)));
    timeout(limit, call).await.map_err(late)?
}
