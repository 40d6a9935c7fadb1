//! One webhook on its way, as the service sends it: a POST to a URL, what came back, and what the service makes of that.

use std::error::Error as _;
use std::time::{Duration, Instant};

use image_intelligence::{Error, ErrorKind, Secret, stays_here};
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderValue, LOCATION, USER_AGENT};
use url::Url;

use crate::failure::Failure;
use crate::tls;

/// For so long the service waits for an answer.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);
/// What becomes of a delivery that was not taken.
pub(crate) const AGAIN: &str = "the service would send it again, up to 5 times, and then give up";
/// Before the token of a callback URL.
const CALLBACK: &str = "/cb/";
/// Of what a receiver says, in bytes.
const MOST_SAID: usize = 4096;

/// Where webhooks are posted.
pub(crate) struct Target {
    url: Url,
    client: reqwest::Client,
    /// What it was signed with, which a receiver might say back.
    secret: Option<Secret>,
}

/// How one delivery went.
pub(crate) struct Delivery {
    pub(crate) took: Duration,
    /// The answer, where there is one.
    pub(crate) answer: Option<Answer>,
    /// What the service makes of it: only exactly 200, in time, is a success.
    pub(crate) taken: Result<(), Error>,
}

impl Delivery {
    /// Why it was not taken, for whom it is not the service that sends it.
    pub(crate) fn problem(&self) -> Option<String> {
        let message = self.taken.as_ref().err()?.message();
        Some(message.strip_suffix(AGAIN).and_then(|rest| rest.strip_suffix("; ")).unwrap_or(message).to_owned())
    }
}

/// What a receiver answered.
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// The beginning of its body, without the token and in one line.
    pub(crate) said: String,
}

impl Target {
    /// Reads a URL; `option` is where it was given.
    pub(crate) fn parse(option: &str, text: &str) -> Result<Self, Failure> {
        let refuse = |problem: &str| Failure::config(format!("{option}: {problem}"));
        let url = Url::parse(text.trim())
            .map_err(|error| refuse(&format!("not a URL ({error}); one looks like https://hooks.example.com/ii")))?;
        if !matches!(url.scheme(), "http" | "https") || url.host().is_none() {
            return Err(refuse("it must start with https://, as https://hooks.example.com/ii does"));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(refuse("it holds a user name or password; the service cannot send them"));
        }
        let client = client(&url)?;
        Ok(Self { url, client, secret: None })
    }

    /// Shows this secret nowhere.
    pub(crate) fn hiding(self, secret: Option<Secret>) -> Self {
        Self { secret, ..self }
    }

    pub(crate) fn url(&self) -> &Url {
        &self.url
    }

    /// The URL without what is secret in it.
    pub(crate) fn shown(&self) -> String {
        shown(&self.url)
    }

    /// Posts the bytes, once, and waits at most so long for the whole answer. Headers of the caller's replace ours.
    pub(crate) async fn post(&self, body: Vec<u8>, headers: &HeaderMap, limit: Duration) -> Delivery {
        let mut all = HeaderMap::new();
        all.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        all.insert(USER_AGENT, HeaderValue::from_static(concat!("ii/", env!("CARGO_PKG_VERSION"))));
        for name in headers.keys() {
            all.remove(name);
        }
        all.extend(headers.clone());
        let began = Instant::now();
        let outcome = tokio::time::timeout(limit, self.exchange(body, all)).await;
        let took = began.elapsed();
        match outcome {
            Err(_) => {
                let message = format!("no answer within {}; {AGAIN}", seconds(limit));
                Delivery { took, answer: None, taken: Err(Error::new(ErrorKind::RequestTimeout, message)) }
            }
            Ok(Err(error)) => Delivery { took, answer: None, taken: Err(error) },
            Ok(Ok((answer, location))) => {
                let taken = judge(answer.status, location.as_deref(), took);
                Delivery { took, answer: Some(answer), taken }
            }
        }
    }

    async fn exchange(&self, body: Vec<u8>, headers: HeaderMap) -> Result<(Answer, Option<String>), Error> {
        let mut response = self
            .client
            .post(self.url.clone())
            .headers(headers)
            .body(body)
            .send()
            .await
            .map_err(|error| lost(&error))?;
        let status = response.status().as_u16();
        let location = response.headers().get(LOCATION).and_then(|place| place.to_str().ok());
        let location =
            location.map(|place| self.url.join(place).map_or_else(|_| "elsewhere".to_owned(), |url| shown(&url)));
        let mut said = Vec::new();
        while said.len() < MOST_SAID {
            match response.chunk().await.map_err(|error| lost(&error))? {
                Some(piece) => said.extend_from_slice(&piece),
                None => break,
            }
        }
        said.truncate(MOST_SAID);
        Ok((Answer { status, said: self.without_secrets(&String::from_utf8_lossy(&said)) }, location))
    }

    /// The beginning of what was said, in one line: a receiver may say our own URL back to us, and more.
    fn without_secrets(&self, text: &str) -> String {
        let mut text = text.to_owned();
        if let Some((_, token)) = self.url.path().rsplit_once(CALLBACK)
            && !token.is_empty()
        {
            text = text.replace(token, "[token]");
        }
        if let Some(secret) = self.secret.as_ref().map(Secret::expose).filter(|secret| !secret.is_empty()) {
            text = text.replace(secret, "[secret]");
        }
        let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
        line.chars().take(200).collect()
    }
}

/// A client as the service's: it follows no redirect, and keeps no connection.
pub(crate) fn client(url: &Url) -> Result<reqwest::Client, Failure> {
    let client = reqwest::Client::builder()
        .tls_backend_preconfigured(tls::config()?)
        .redirect(reqwest::redirect::Policy::none())
        .http1_only()
        .pool_max_idle_per_host(0);
    // A proxy on another machine would look for the receiver there.
    let client = if stays_here(url) { client.no_proxy() } else { client };
    client.build().map_err(|error| Failure::config(format!("the HTTP client could not be made: {error}")))
}

/// A URL for people: the token of a callback URL and what follows a `?` can be secrets.
pub(crate) fn shown(url: &Url) -> String {
    let mut url = url.clone();
    let has_query = url.query().is_some();
    url.set_query(None);
    url.set_fragment(None);
    let _ = url.set_username("");
    let _ = url.set_password(None);
    let mut text = url.to_string();
    if let Some(place) = text.rfind(CALLBACK) {
        text.truncate(place + CALLBACK.len());
        text.push_str("[token]");
    }
    if has_query { text + "?.." } else { text }
}

/// A time as people say it.
pub(crate) fn seconds(time: Duration) -> String {
    match time.as_secs_f64() {
        few if few < 1.0 => format!("{:.0} ms", few * 1000.0),
        some if some < 10.0 && some.fract() > 0.0 => format!("{some:.1} s"),
        many => format!("{many:.0} s"),
    }
}

fn judge(status: u16, location: Option<&str>, took: Duration) -> Result<(), Error> {
    let kind = ErrorKind::from_status(status);
    let message = match status {
        200 if took <= PATIENCE => return Ok(()),
        200 => {
            let message = format!("200 came after {}, and the service waits 10 s; {AGAIN}", seconds(took));
            return Err(Error::new(ErrorKind::RequestTimeout, message).with_status(status));
        }
        201..=299 => format!("{status} is no success: only exactly 200 is; {AGAIN}"),
        300..=399 => {
            let place = location.map(|place| format!(" to {place}")).unwrap_or_default();
            format!("{status}, a redirect{place}: it is not followed; {AGAIN}")
        }
        _ => format!("{status} came; {AGAIN}"),
    };
    Err(Error::new(kind, message).with_status(status))
}

fn lost(error: &reqwest::Error) -> Error {
    let mut cause: &dyn std::error::Error = error;
    while let Some(next) = cause.source() {
        cause = next;
    }
    // Where there is nothing below, it would say the URL.
    let cause = if error.source().is_none() { "no reason is known".to_owned() } else { cause.to_string() };
    let message = if error.is_builder() {
        return Error::new(ErrorKind::Config, format!("the request could not be made ({cause})"));
    } else if error.is_connect() {
        format!("no connection ({cause}); {AGAIN}")
    } else {
        format!("the connection broke ({cause}); {AGAIN}")
    };
    Error::new(ErrorKind::Connection, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_exactly_200_in_time_is_a_success() {
        let at = |status, took| {
            judge(status, Some("https://x.test/"), Duration::from_secs(took)).map_err(|error| error.kind())
        };
        assert_eq!(at(200, 10), Ok(()));
        assert_eq!(at(200, 11), Err(ErrorKind::RequestTimeout));
        assert_eq!(at(204, 0), Err(ErrorKind::InvalidResponse));
        assert_eq!(at(301, 0), Err(ErrorKind::InvalidResponse));
        assert_eq!(at(401, 0), Err(ErrorKind::Authentication));
        assert_eq!(at(503, 0), Err(ErrorKind::ServerError));
    }

    #[test]
    fn what_is_secret_in_a_url_is_not_shown() {
        let of = |text: &str| shown(&Url::parse(text).unwrap());
        assert_eq!(of("https://h.test/ii/cb/AQEBa0nS"), "https://h.test/ii/cb/[token]");
        assert_eq!(of("https://h.test/cb/AQEBa0nS/more?k=s#x"), "https://h.test/cb/[token]?..");
        assert_eq!(of("https://me:pw@h.test/hook"), "https://h.test/hook");
        let target = Target::parse("--to", "https://h.test/cb/AQEBa0nS").unwrap();
        let target = target.hiding(Some("correct horse".into()));
        let said = target.without_secrets("no\n such path: /cb/AQEBa0nS, nor correct horse");
        assert_eq!(said, "no such path: /cb/[token], nor [secret]");
    }

    #[test]
    fn what_is_no_place_for_a_webhook_is_refused() {
        for (url, part) in [
            ("hooks", "not a URL"),
            ("ftp://h.test/", "must start with https://"),
            ("https://me:pw@h.test/", "user name or password"),
        ] {
            let error = Target::parse("--to", url).err().unwrap();
            assert!(error.error().message().contains(part), "{error:?}");
            assert!(!error.error().message().contains("pw"), "{error:?}");
        }
    }
}
