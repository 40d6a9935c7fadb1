//! Where webhooks are to arrive: whether the service can get there at all, and whether somebody answers as it wants.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use image_intelligence::{AddressClass, ErrorKind, Limits, PublicBase, sign, stays_here};
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use url::Host;

use crate::delivery::{Target, seconds};
use crate::doctor::network::{self, Place};
use crate::doctor::report::Check;
use crate::secrets;

/// Looks at the URL. Gives where to post, if that makes sense.
pub(crate) async fn url(text: &str, hosted: bool, limit: Duration) -> (Check, Option<Target>) {
    const NAME: &str = "public_url";
    let target = match Target::parse("--public-url", text) {
        Ok(target) => target,
        Err(failure) => return (Check::of(NAME, &failure), None),
    };
    let (url, shown) = (target.url(), target.shown());
    let Some(place) = Place::of(url) else { return (Check::failed(NAME, ErrorKind::Config, "no host in it"), None) };
    let characters = url.as_str().chars().count();
    let most = Limits::default().url;
    if characters > most {
        let message = format!("{shown}: {characters} characters, and a job's webhookUrl takes {most}");
        return (Check::failed(NAME, ErrorKind::Config, message), Some(target));
    }
    let addresses = match network::addresses(&place, limit).await {
        Ok(addresses) => addresses,
        Err((kind, message)) => {
            let next = "the service needs a name that the whole internet knows";
            return (Check::failed(NAME, kind, message).next(next), None);
        }
    };
    let inside =
        addresses.iter().map(std::net::SocketAddr::ip).find(|ip| AddressClass::of(*ip) != AddressClass::Public);
    let check = match inside {
        Some(address) if hosted => {
            let is_literal = !matches!(url.host(), Some(Host::Domain(_)));
            let next = "give a public URL; while developing, use `ii serve` on this machine, or a tunnel";
            if is_literal || stays_here(url) {
                Check::failed(
                    NAME,
                    ErrorKind::Config,
                    format!("{shown}: only this machine or its network gets there, and the service does not"),
                )
                .next(next)
            } else {
                let message = format!("{shown} is {address} from here, where the service cannot get");
                Check::warning(
                    NAME,
                    message,
                    "does the name have a public address elsewhere? if not, nothing will arrive",
                )
            }
        }
        _ if url.scheme() == "http" && inside.is_none() => {
            let message =
                format!("{shown}: not encrypted, and everybody on the way reads and may change what is found");
            Check::warning(NAME, message, "use https://; a proxy in front of the receiver can speak it")
        }
        Some(_) => Check::ok(NAME, format!("{shown}: a server on this machine gets there; a hosted service would not")),
        None if characters > PublicBase::LONGEST => {
            let message = format!("{shown}: {characters} characters, so that no callback token fits behind it");
            Check::warning(NAME, message, format!("as the base of a receiver it may have {}", PublicBase::LONGEST))
        }
        None => Check::ok(NAME, shown),
    };
    (check, Some(target))
}

/// Posts a body that says what it is.
pub(crate) async fn answer(target: &Target, limit: Duration) -> Check {
    const NAME: &str = "public_answer";
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
    let body = format!(r#"{{"event":"II_DOCTOR","createdAt":{now}}}"#).into_bytes();
    let mut headers = HeaderMap::new();
    let secret = secrets::of_environment().ok().flatten();
    if let Some(secret) = &secret
        && let Ok(signature) = HeaderValue::from_str(&sign(&body, secret))
    {
        headers.insert(HeaderName::from_static("x-niro-signature"), signature);
    }
    let delivery = target.post(body, &headers, limit).await;
    let took = (delivery.took.as_secs_f64() * 1000.0).round() / 1000.0;
    let status = delivery.answer.as_ref().map(|answer| answer.status);
    let check = match &delivery.taken {
        Ok(()) => {
            let message = format!(
                "200 after {}, asked from this machine; the service asks from elsewhere",
                seconds(delivery.took)
            );
            Check::ok(NAME, message)
        }
        Err(_) if status == Some(404) => Check::warning(
            NAME,
            "404 came: somebody is there, and takes nothing at this very URL",
            "as the base of a receiver of this library that is as it should be, since it takes its own callback URLs only; \
             otherwise every webhook would be lost",
        ),
        Err(error) => {
            let next = match (status, &secret) {
                (Some(401 | 403), None) => {
                    "a registered webhook's route wants a signature: set II_WEBHOOK_SECRET; no other authentication may stand in front"
                }
                (Some(401 | 403), Some(_)) => {
                    "does the receiver have the secret of II_WEBHOOK_SECRET? no other authentication may stand in front"
                }
                (Some(405), _) => "the route must take POST",
                (Some(201..=299), _) => "answer with status 200, whatever the body",
                (Some(300..=399), _) => "give the service the URL that it leads to",
                (Some(_), _) => "the receiver's own log says more",
                (None, _) if error.kind() == ErrorKind::RequestTimeout => {
                    "store what comes, answer 200, and do the work afterwards"
                }
                (None, _) => "does the receiver run, and is its port open?",
            };
            Check::failed(NAME, error.kind(), error.message()).next(next)
        }
    };
    check.with("httpStatus", status).with("seconds", took)
}
