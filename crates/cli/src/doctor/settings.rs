//! What is set, and where each setting came from. Values that are secret are looked at, and never shown.

use std::env::VarError;

use http::Uri;
use hyper_util::client::proxy::matcher::Matcher;
use image_intelligence::{BaseUrl, CallbackKeys, ErrorKind};

use crate::doctor::report::Check;
use crate::secrets;

const CLIENT_ID: &str = "II_CLIENT_ID";
const CLIENT_SECRET: &str = "II_CLIENT_SECRET";
const CALLBACK_KEYS: &str = "II_CALLBACK_KEYS";

/// The base URL, and whether it will do.
pub(crate) fn base_url(given: Option<&str>) -> (Check, Option<BaseUrl>) {
    const NAME: &str = "base_url";
    let from = match given {
        None => "what is built in",
        Some(url) if std::env::var("II_BASE_URL").as_deref() == Ok(url) => "II_BASE_URL",
        Some(_) => "--base-url",
    };
    let base = match BaseUrl::parse(given.unwrap_or(BaseUrl::PUBLIC)) {
        Ok(base) => base,
        Err(error) => {
            return (Check::failed(NAME, error.kind(), error.message()).next(format!("it came from {from}")), None);
        }
    };
    let message = format!("{base} (from {from})");
    if !base.is_https() && !base.is_loopback() {
        let failed = Check::failed(
            NAME,
            ErrorKind::Config,
            format!("{message}: not encrypted, and everybody on the way could read the token"),
        );
        return (failed.next("use https://"), None);
    }
    let root = base.to_string().split_once("://").is_some_and(|(_, rest)| !rest.contains('/'));
    let check = if root {
        let next = format!("the public one ends in /v2; did you mean {base}/v2?");
        Check::warning(NAME, format!("{message}: there is no path in it"), next)
    } else {
        Check::ok(NAME, message)
    };
    (check.with("url", base.to_string()).with("from", from), Some(base))
}

/// Whether there are credentials, from where, and whether they look whole.
pub(crate) fn credentials(base: Option<&BaseUrl>) -> Check {
    const NAME: &str = "environment";
    let local = base.is_some_and(BaseUrl::is_loopback);
    let variables = [CLIENT_ID, CLIENT_SECRET].map(|name| (name, std::env::var(name)));
    for (name, value) in &variables {
        match value {
            Err(VarError::NotUnicode(_)) => {
                return Check::failed(NAME, ErrorKind::Config, format!("{name} is not text"));
            }
            Ok(value) if value.trim() != value => {
                let next = format!("set {name} again; a line end may have come along from a file");
                return Check::warning(NAME, format!("{name} begins or ends with white space"), next);
            }
            Ok(value) if value.len() > 1 && is_quoted(value) => {
                return Check::warning(
                    NAME,
                    format!("{name} has quotes around it"),
                    "leave the quotes out, unless they are part of it",
                );
            }
            _ => {}
        }
    }
    let is_set = |value: &Result<String, VarError>| value.as_ref().is_ok_and(|value| !value.is_empty());
    match variables.each_ref().map(|(_, value)| is_set(value)) {
        [true, true] => Check::ok(NAME, format!("{CLIENT_ID} and {CLIENT_SECRET} are set")),
        [false, false] if local => {
            Check::ok(NAME, "no credentials are set, so `local` is used, which an `ii serve` on this machine takes")
        }
        [id, secret] => {
            let missing = match (id, secret) {
                (true, _) => format!("{CLIENT_SECRET} is not set"),
                (_, true) => format!("{CLIENT_ID} is not set"),
                _ => format!("{CLIENT_ID} and {CLIENT_SECRET} are not set"),
            };
            Check::failed(NAME, ErrorKind::Config, missing).next("set both in the environment")
        }
    }
}

fn is_quoted(value: &str) -> bool {
    ['"', '\''].iter().any(|&quote| value.starts_with(quote) && value.ends_with(quote))
}

/// The keys of callback URLs, where they are set.
pub(crate) fn callback_keys() -> Option<Check> {
    const NAME: &str = "callback_keys";
    let check = match std::env::var(CALLBACK_KEYS) {
        Err(VarError::NotPresent) => return None,
        Err(VarError::NotUnicode(_)) => Check::failed(NAME, ErrorKind::Config, format!("{CALLBACK_KEYS} is not text")),
        Ok(keys) if keys.is_empty() => return None,
        Ok(keys) => match CallbackKeys::parse(&keys) {
            Ok(keys) => Check::ok(NAME, format!("{CALLBACK_KEYS}: {} good, the last one signs", count(&keys))),
            Err(error) => Check::failed(NAME, error.kind(), format!("{CALLBACK_KEYS}: {}", error.message())),
        },
    };
    Some(check)
}

/// Its `Debug` says the ids, and nothing else.
fn count(keys: &CallbackKeys) -> String {
    format!("{keys:?}").trim_start_matches("CallbackKeys { ids: ").trim_end_matches(" }").to_owned()
}

/// The secret of the registered webhook, where it is set.
pub(crate) fn webhook_secret() -> Option<Check> {
    const NAME: &str = "webhook_secret";
    let secret = match secrets::of_environment() {
        Ok(secret) => secret?,
        Err(failure) => return Some(Check::of(NAME, &failure)),
    };
    let name = secrets::VARIABLE;
    let characters = secret.expose().chars().count();
    Some(if !(8..=256).contains(&characters) {
        let message = format!("{name} has {characters} characters; the service takes 8 to 256");
        Check::failed(NAME, ErrorKind::Config, message).next("make one: openssl rand -hex 32")
    } else if secret.expose().trim() != secret.expose() {
        let next = "is that part of it? whoever signs with it without the space makes another signature";
        Check::warning(NAME, format!("{name} begins or ends with white space"), next)
    } else {
        Check::ok(NAME, format!("{name} is set"))
    })
}

/// How requests get to the API.
#[derive(Debug, Clone)]
pub(crate) enum Way {
    Direct,
    Proxy(Proxy),
}

/// A proxy that takes them on.
#[derive(Debug, Clone)]
pub(crate) struct Proxy {
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) encrypted: bool,
    /// What it asks for, if the variable says so.
    pub(crate) authorization: Option<http::HeaderValue>,
}

/// Which variables speak of a proxy, and whether it is used.
pub(crate) fn proxy(base: &BaseUrl) -> (Check, Way) {
    const NAME: &str = "proxy";
    let names =
        ["ALL_PROXY", "all_proxy", "HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "NO_PROXY", "no_proxy"];
    let set: Vec<_> =
        names.into_iter().filter(|name| std::env::var(name).is_ok_and(|value| !value.is_empty())).collect();
    let list = set.join(", ");
    let direct =
        |message: String| (Check::ok(NAME, message).with("variables", set.clone()).with("used", false), Way::Direct);
    if set.is_empty() {
        return direct("none is set".to_owned());
    }
    if base.is_loopback() {
        return direct(format!("{list} set, but not used: the API is on this machine"));
    }
    let Some(through) = base.to_string().parse::<Uri>().ok().and_then(|uri| Matcher::from_env().intercept(&uri)) else {
        return direct(format!("{list} set, but not used for {}", base.authority()));
    };
    let (uri, scheme) = (through.uri(), through.uri().scheme_str().unwrap_or("http"));
    let Some(host) = uri.host() else {
        return (Check::failed(NAME, ErrorKind::Config, format!("{list}: no host in it")), Way::Direct);
    };
    let port = uri.port_u16().unwrap_or(if scheme == "https" { 443 } else { 80 });
    let message = format!("requests go through {scheme}://{host}:{port} ({list} set)");
    let check = match scheme {
        "http" | "https" => Check::ok(NAME, message),
        _ => Check::failed(NAME, ErrorKind::Config, format!("{message}, and `ii` speaks to HTTP proxies only"))
            .next("give an http:// proxy, or NO_PROXY with the API's host"),
    };
    let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
    let authorization = through.basic_auth().cloned();
    let proxy = Proxy { host, port, encrypted: scheme == "https", authorization };
    (check.with("variables", set).with("used", true), Way::Proxy(proxy))
}
