//! `ii doctor`: whether all is in place, before anything is spent. Each check is told as soon as it is done, and those that
//! need one that failed are skipped.

mod api;
mod certificate;
mod inbox;
mod network;
mod pictures;
mod public;
mod report;
mod settings;

use std::process::ExitCode;
use std::time::Duration;

use image_intelligence::{BaseUrl, ErrorKind};
use tokio::net::TcpStream;
use url::Url;

use crate::args::DoctorArgs;
use crate::delivery::seconds;
use crate::doctor::network::Place;
use crate::doctor::report::{Check, Report};
use crate::doctor::settings::Way;
use crate::failure::Failure;
use crate::interrupt::{Interrupt, cancelled};
use crate::output::Format;
use crate::tls;

/// How long a check may take where nothing is said.
const LIMIT: Duration = Duration::from_secs(10);

pub(crate) async fn run(args: DoctorArgs, base_url: Option<&str>) -> Result<ExitCode, Failure> {
    let mut interrupt = Interrupt::new()?;
    interrupt.or(Box::pin(look(args, base_url)), || cancelled("stopped").into()).await
}

async fn look(args: DoctorArgs, base_url: Option<&str>) -> Result<ExitCode, Failure> {
    let limit = args.timeout.unwrap_or(LIMIT);
    let mut report = Report::new(Format::from_flags(args.json, false));
    let (check, base) = settings::base_url(base_url);
    report.add(check)?;
    let has_credentials = report.add(settings::credentials(base.as_ref()))?;
    for check in settings::callback_keys().into_iter().chain(settings::webhook_secret()) {
        report.add(check)?;
    }
    match &base {
        Some(base) => the_api(&mut report, base, base_url, has_credentials, limit).await?,
        None => skip(
            &mut report,
            &["proxy", "dns", "connection", "tls", "credentials", "clock", "read"],
            "the base URL will not do",
        )?,
    }
    report.add(pictures::limits())?;
    let hosted = base.is_none_or(|base| !base.is_loopback());
    if !args.images.is_empty() {
        report.doing("looking at the pictures");
        let images = args.images;
        let checks = tokio::task::spawn_blocking(move || pictures::look(&images, hosted)).await;
        for check in checks
            .unwrap_or_else(|_| vec![Check::failed("pictures", ErrorKind::InvalidRequest, "they cannot be looked at")])
        {
            report.add(check)?;
        }
    }
    if let Some(url) = &args.public_url {
        report.doing("looking at the public URL");
        let (check, target) = public::url(url, hosted, limit).await;
        report.add(check)?;
        match target {
            Some(target) => {
                report.doing(format!("posting to {}", target.shown()));
                let check = public::answer(&target, limit).await;
                report.add(check)?;
            }
            None => skip(&mut report, &["public_answer"], "the URL will not do")?,
        }
    }
    if let Some(place) = &args.inbox {
        report.doing("looking into the inbox");
        report.add(inbox::look(place, limit).await)?;
    }
    report.end()
}

/// From the proxy to a read, each step on the one before.
async fn the_api(
    report: &mut Report,
    base: &BaseUrl,
    base_url: Option<&str>,
    has_credentials: bool,
    limit: Duration,
) -> Result<(), Failure> {
    let (check, way) = settings::proxy(base);
    if !report.add(check)? {
        return skip(
            report,
            &["dns", "connection", "tls", "credentials", "clock", "read"],
            "there is no way through the proxy",
        );
    }
    if !reach(report, base, &way, limit).await? {
        return skip(report, &["credentials", "clock", "read"], "the API cannot be reached");
    }
    let (client, missing) = match api::client(base_url, limit) {
        Ok(client) if has_credentials => (Some(client), None),
        Ok(_) => (None, Some("there are none that will do".to_owned())),
        Err(failure) => (None, Some(failure.error().message().to_owned())),
    };
    let token = match &client {
        None => {
            report.add(Check::skipped("credentials", missing.unwrap_or_default()))?;
            None
        }
        Some(client) => {
            report.doing("asking for a token");
            let (check, token) = api::credentials(client, limit).await;
            report.add(check)?;
            token
        }
    };
    report.doing("asking for the time");
    report.add(api::clock(base, token.as_ref(), limit).await)?;
    match client.filter(|_| token.is_some()) {
        Some(client) => {
            report.doing("reading");
            report.add(api::read(&client, limit).await)?
        }
        None => report.add(Check::skipped("read", "there is no token"))?,
    };
    Ok(())
}

/// DNS, a connection, TLS. Whether the API can be asked.
async fn reach(report: &mut Report, base: &BaseUrl, way: &Way, limit: Duration) -> Result<bool, Failure> {
    let Some(place) = Url::parse(&base.to_string()).ok().as_ref().and_then(Place::of) else { return Ok(false) };
    let first = match way {
        Way::Direct => place.clone(),
        Way::Proxy(proxy) => Place { host: proxy.host.clone(), port: proxy.port },
    };
    report.doing(format!("looking {} up", first.host));
    let (check, addresses) = network::dns(&first, matches!(way, Way::Proxy(_)), limit).await;
    if !report.add(check)? {
        skip(report, &["connection", "tls"], "the host has no address")?;
        return Ok(false);
    }
    report.doing(format!("connecting to {}", first.host));
    let (check, stream) = network::tcp(&addresses, limit).await;
    report.add(check)?;
    let Some(stream) = stream else {
        skip(report, &["tls"], "there is no connection")?;
        return Ok(false);
    };
    if !base.is_https() {
        return report.add(Check::skipped("tls", "http:// is not encrypted; it stays on this machine")).map(|_| true);
    }
    if let Way::Proxy(proxy) = way
        && proxy.encrypted
    {
        return report.add(Check::skipped("tls", "not looked at through a proxy that itself speaks TLS")).map(|_| true);
    }
    report.doing(format!("shaking hands with {}", place.host));
    report.add(encrypt(stream, way, &place, limit).await)
}

async fn encrypt(stream: TcpStream, way: &Way, place: &Place, limit: Duration) -> Check {
    let shake = async {
        let stream = match way {
            Way::Direct => stream,
            Way::Proxy(proxy) => match network::tunnel(stream, proxy, place).await {
                Ok(stream) => stream,
                Err(problem) => {
                    let message = format!("the proxy makes no way to {}: {problem}", place.host);
                    return Check::failed("tls", ErrorKind::Connection, message)
                        .next("whoever runs the proxy must allow it");
                }
            },
        };
        certificate::look(stream, &place.host, tls::roots()).await
    };
    tokio::time::timeout(limit, shake).await.unwrap_or_else(|_| {
        Check::failed("tls", ErrorKind::RequestTimeout, format!("no answer within {}", seconds(limit)))
            .next("is TLS spoken there? http:// may be meant")
    })
}

fn skip(report: &mut Report, checks: &[&'static str], why: &str) -> Result<(), Failure> {
    checks.iter().try_for_each(|check| report.add(Check::skipped(check, why)).map(|_| ()))
}
