//! `ii trigger`: one webhook to a receiver, as the service would send it. Needs no API and no credentials.

mod sample;
mod setting;

use std::io::Read as _;
use std::path::Path;
use std::process::ExitCode;

use console::{style, user_attended};
use image_intelligence::{ErrorKind, EventKind, WebhookEvent, parse_webhook, sign};
use reqwest::header::{CONNECTION, CONTENT_LENGTH, HeaderMap, HeaderName, HeaderValue, TRANSFER_ENCODING};
use serde::Serialize;

pub(crate) use setting::{Setting, parse as setting};

use crate::args::{EventName, TriggerArgs};
use crate::delivery::{Delivery, PATIENCE, Target, seconds};
use crate::failure::Failure;
use crate::interrupt::{Interrupt, cancelled};
use crate::output::{Format, deliver_bytes, json_line, print, printable, remark};
use crate::secrets;
use crate::waiting::Bar;

const SIGNATURE: &str = "X-Niro-Signature";

pub(crate) async fn run(args: TriggerArgs) -> Result<ExitCode, Failure> {
    let target = args.to.as_deref().map(|to| Target::parse("--to", to)).transpose()?;
    let mut headers = headers(&args.headers)?;
    let bytes = bytes(&args, target.as_ref())?;
    // Whatever the body is, it is sent: only what is said of it depends on whether it can be read.
    let read = parse_webhook(&bytes, None).ok();
    let secret = match &args.secret_key_file {
        Some(file) => secrets::of_webhooks(Some(file))?,
        None if is_registered(args.event, read.as_ref()) => secrets::of_environment()?,
        None => None,
    };
    let signature = secret.as_ref().map(|secret| sign(&bytes, secret));
    if args.print {
        return write(&bytes, signature.as_deref());
    }
    let Some(target) = target else { return Err(Failure::config("--to: not given; where shall it go?")) };
    let target = target.hiding(secret);
    if let Some(signature) = &signature
        && !headers.contains_key(SIGNATURE)
        && let Ok(value) = HeaderValue::from_str(signature)
    {
        headers.insert(HeaderName::from_static("x-niro-signature"), value);
    }
    let sent = Sent::new(&args, &target, &bytes, read.as_ref(), headers.contains_key(SIGNATURE));
    deliver(&args, &target, bytes, &headers, sent).await
}

async fn deliver(
    args: &TriggerArgs,
    target: &Target,
    bytes: Vec<u8>,
    headers: &HeaderMap,
    mut sent: Sent,
) -> Result<ExitCode, Failure> {
    let format = Format::from_flags(args.json, false);
    if format == Format::Text {
        remark(&sent.line());
    }
    let mut interrupt = Interrupt::new()?;
    let mut failed = None;
    for time in 1..=args.times {
        let bar = Bar::start(format!("sending to {}", sent.to));
        let post = async { Ok(target.post(bytes.clone(), headers, args.timeout.unwrap_or(PATIENCE)).await) };
        let delivery = interrupt.or(post, || cancelled("stopped; it may have arrived").into()).await?;
        drop(bar);
        if format == Format::Text {
            print(&line(&delivery, time, args.times))?;
        }
        sent.add(&delivery);
        if let Err(error) = delivery.taken {
            failed.get_or_insert((error, delivery.answer));
        }
    }
    if format == Format::Json {
        print(&json_line(&sent))?;
    }
    let Some((error, answer)) = failed else { return Ok(ExitCode::SUCCESS) };
    let missed = args.times - sent.taken;
    let hint = hint(error.status(), sent.signed, target);
    let said = answer.map(|answer| answer.said).filter(|said| !said.is_empty());
    let mut failure = Failure::from(error);
    if args.times > 1 {
        failure = failure.within(format_args!("{missed} of {} deliveries were not taken; the first", args.times));
    }
    let said = said.map(|said| format!("it said: {said}"));
    match [hint.map(str::to_owned), said].into_iter().flatten().collect::<Vec<_>>().join("; ") {
        hint if hint.is_empty() => Err(failure),
        hint => Err(failure.hint(hint)),
    }
}

/// The very bytes of a file, or a body made up for this event.
fn bytes(args: &TriggerArgs, target: Option<&Target>) -> Result<Vec<u8>, Failure> {
    if let Some(file) = &args.body {
        if !args.settings.is_empty() {
            return Err(Failure::config(
                "--set: not with --body, whose very bytes are sent, and to set anything they would be written anew",
            )
            .hint("change the file; or make one: ii trigger detect --set status=IN_PROGRESS --print > body.json"));
        }
        return whole(file)
            .map_err(|error| Failure::config(format!("--body {}: it cannot be read: {error}", file.display())));
    }
    let Some(event) = args.event else {
        return Err(Failure::config("which event? one of detect, match, ask, ..; or --body FILE"));
    };
    let mut body = sample::body(event, target.map(|target| target.url().as_str()));
    for setting in &args.settings {
        setting.apply(&mut body).map_err(|problem| {
            Failure::config(format!("--set: {problem}"))
                .hint(format!("to see the body: ii trigger {} --print", event.name()))
        })?;
    }
    Ok(body.to_string().into_bytes())
}

fn whole(file: &Path) -> std::io::Result<Vec<u8>> {
    if file.as_os_str() == "-" {
        let mut bytes = Vec::new();
        return std::io::stdin().lock().read_to_end(&mut bytes).map(|_| bytes);
    }
    std::fs::read(file)
}

/// Whether a body is of those that the service signs: events, where it is not a job's.
fn is_registered(event: Option<EventName>, read: Option<&WebhookEvent>) -> bool {
    match event {
        Some(event) => event.is_registered(),
        None => read.is_some_and(|read| read.kind() == EventKind::Event),
    }
}

/// The headers of the command line. An error names the header, and never its value.
fn headers(lines: &[String]) -> Result<HeaderMap, Failure> {
    let mut headers = HeaderMap::new();
    for line in lines {
        let (name, value) = line
            .split_once(':')
            .ok_or_else(|| Failure::config("--header: no colon in it; one looks like 'X-Trace: 7'"))?;
        let name = name.trim();
        let known = HeaderName::from_bytes(name.as_bytes())
            .map_err(|_| Failure::config(format!("--header: \"{name}\" is no name of a header")))?;
        if [CONTENT_LENGTH, TRANSFER_ENCODING, CONNECTION].contains(&known) {
            let message =
                format!("--header {name}: that is the connection's own, and follows from the body; leave it out");
            return Err(Failure::config(message));
        }
        let value = HeaderValue::from_str(value.trim()).map_err(|_| {
            Failure::config(format!("--header {name}: its value has a control character, or is no ASCII"))
        })?;
        headers.append(known, value);
    }
    Ok(headers)
}

/// The body alone, for a file or another program; how it would be signed goes to stderr.
fn write(bytes: &[u8], signature: Option<&str>) -> Result<ExitCode, Failure> {
    let end: &[u8] = if user_attended() { b"\n" } else { b"" };
    match deliver_bytes(&[bytes, end].concat()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            return Err(Failure::config(format!("the body cannot be written to stdout: {error}")));
        }
        _ => {}
    }
    if let Some(signature) = signature {
        remark(&format!("{SIGNATURE}: {signature}\n"));
    }
    Ok(ExitCode::SUCCESS)
}

fn line(delivery: &Delivery, time: u32, times: u32) -> String {
    let status = delivery.answer.as_ref().map_or_else(|| "-".to_owned(), |answer| answer.status.to_string());
    let (word, took) = match &delivery.taken {
        Ok(()) => (style("taken").green(), seconds(delivery.took)),
        Err(_) => (style("not taken").red(), seconds(delivery.took)),
    };
    if !user_attended() {
        return format!("{status}\t{took}\t{}\n", console::strip_ansi_codes(&word.to_string()));
    }
    let number = if times > 1 { format!("{time:>4}  ") } else { String::new() };
    format!("{number}{status}  {took:>7}  {word}\n")
}

/// What to look at where this came.
fn hint(status: Option<u16>, signed: bool, target: &Target) -> Option<&'static str> {
    Some(match status? {
        401 | 403 if !signed => {
            "it was sent unsigned, as the service sends the webhooks of jobs; --secret-key-file FILE signs it"
        }
        401 | 403 => "is it signed with the secret that the receiver has? no other authentication may stand in front",
        404 if target.url().path().contains("/cb/") => {
            "a callback URL is good at the receiver that made it, until it expires; was it copied whole?"
        }
        404 => "is the path right? a receiver of this library takes its own callback URLs and routes only",
        405 => "the route must take POST",
        413 => "the receiver takes no body of that size",
        415 => "the receiver wants another Content-Type; the service sends application/json",
        201..=299 => "answer with status 200, whatever the body",
        300..=399 => "give the service the URL that it leads to",
        500..=599 => "the receiver's own log says more",
        _ => return None,
    })
}

/// What was sent, and what became of it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Sent {
    /// What it is read as: a kind of job, `event`, or `unknown`.
    event: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    to: String,
    bytes: usize,
    signed: bool,
    taken: u32,
    deliveries: Vec<Delivered>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Delivered {
    taken: bool,
    seconds: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    kind: Option<ErrorKindName>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
    #[serde(skip_serializing_if = "String::is_empty")]
    said: String,
}

type ErrorKindName = &'static str;

impl Sent {
    fn new(args: &TriggerArgs, target: &Target, bytes: &[u8], read: Option<&WebhookEvent>, signed: bool) -> Self {
        let event = match (args.event, read) {
            (Some(event), _) if args.body.is_none() => event.name().to_owned(),
            (_, Some(read)) => read.kind().as_str().to_owned(),
            _ => EventKind::Unknown.as_str().to_owned(),
        };
        let id = read.and_then(|read| match read {
            WebhookEvent::Event(event) => event.identity.as_ref().map(|identity| identity.id.clone()),
            job => job.job_id().map(str::to_owned),
        });
        Self { event, id, to: target.shown(), bytes: bytes.len(), signed, taken: 0, deliveries: Vec::new() }
    }

    fn line(&self) -> String {
        let id = self.id.as_deref().map(|id| format!(" {id}")).unwrap_or_default();
        let signed = if self.signed { "signed" } else { "not signed" };
        let Self { event, bytes, to, .. } = self;
        printable(&format!("{event}{id}, {bytes} bytes, {signed}, to {to}")).into_owned() + "\n"
    }

    fn add(&mut self, delivery: &Delivery) {
        self.taken += u32::from(delivery.taken.is_ok());
        let error = delivery.taken.as_ref().err();
        self.deliveries.push(Delivered {
            taken: delivery.taken.is_ok(),
            seconds: (delivery.took.as_secs_f64() * 1000.0).round() / 1000.0,
            status: delivery.answer.as_ref().map(|answer| answer.status),
            kind: error.map(|error| ErrorKind::as_str(error.kind())),
            message: error.map(|error| error.message().to_owned()),
            said: delivery.answer.as_ref().map(|answer| answer.said.clone()).unwrap_or_default(),
        });
    }
}
