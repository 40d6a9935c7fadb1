//! `ii listen`: a receiver of webhooks that prints what comes, or passes it on.

mod address;
mod forward;
mod ready;
mod told;

use std::process::ExitCode;
use std::time::Duration;

use image_intelligence::{BaseUrl, Client, ClientBuilder, EventKind, Secret};
use image_intelligence_webhooks::{Delivery, Inbox, InboxBuilder, Receiver};

pub(crate) use address::parse as address;

use crate::args::ListenArgs;
use crate::delivery::{PATIENCE, Target};
use crate::failure::Failure;
use crate::interrupt::Interrupt;
use crate::listen::forward::{ATTEMPTS, Forwarder};
use crate::listen::ready::Ready;
use crate::mailbox::{self, Temporary};
use crate::output::{Format, deliver, remark};
use crate::{secrets, session};

pub(crate) async fn run(args: ListenArgs, base_url: Option<&str>) -> Result<ExitCode, Failure> {
    if args.public_url.is_none() && !args.address.ip().is_loopback() {
        return Err(Failure::config(format!(
            "--public-url: not given, and {} is no address that the service could be told",
            args.address
        ))
        .hint("--public-url https://hooks.example.com/ii, at which the service reaches this machine"));
    }
    let secret = secrets::of_webhooks(args.secret_key_file.as_deref())?;
    let forwarder = match &args.forward_to {
        Some(url) => {
            let target = Target::parse("--forward-to", url)?.hiding(secret.clone());
            Some(Forwarder::new(target, secret.clone(), args.timeout.unwrap_or(PATIENCE)))
        }
        None => None,
    };
    let builder = api(&args, base_url)?;
    // Before it listens: whoever started us may stop us right after it is said.
    let mut interrupt = Interrupt::new()?;
    let (inbox, temporary) = open(&args).await?;
    let outcome = async {
        let receiver = receiver(&args, &inbox, secret.as_ref(), builder.is_some()).await?;
        let listening = async {
            // As long as there is a client, the receiver asks it.
            let client = builder.map(|builder| builder.webhooks(&receiver).build()).transpose()?;
            Ready::new(&args, &receiver, secret.is_some(), client.as_ref(), forwarder.as_ref()).say();
            listen(&args, &inbox, forwarder.as_ref(), client.is_some(), &mut interrupt).await
        };
        let outcome = listening.await;
        if temporary.is_some() && outcome.is_ok() {
            say_what_goes(&inbox).await;
        }
        receiver.shutdown().await;
        outcome
    }
    .await;
    match temporary {
        Some(temporary) => {
            // Some systems remove no file that is open.
            drop(inbox);
            temporary.remove().await;
        }
        None => inbox.shutdown().await,
    }
    outcome.map(|()| ExitCode::SUCCESS)
}

/// A client's settings, where there are credentials to ask the API with.
fn api(args: &ListenArgs, base_url: Option<&str>) -> Result<Option<ClientBuilder>, Failure> {
    let is_set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    let is_here = match base_url {
        Some(url) => BaseUrl::parse(url)?.is_loopback(),
        None => false,
    };
    if args.no_confirm || !(is_here || is_set("II_CLIENT_ID") || is_set("II_CLIENT_SECRET")) {
        return Ok(None);
    }
    let hint = "set both, or neither to listen without; or --no-confirm";
    session::builder(base_url).map(Some).map_err(|failure| failure.hint(hint))
}

async fn open(args: &ListenArgs) -> Result<(Inbox, Option<Temporary>), Failure> {
    // A target that is being worked on is back in seconds.
    let set = |inbox: InboxBuilder| inbox.attempts(ATTEMPTS).retry_pause(Duration::from_secs(1));
    if let Some(place) = &args.inbox {
        return Ok((set(Inbox::builder(mailbox::target(place))).open().await?, None));
    }
    let temporary = Temporary::open(set).await?;
    Ok((temporary.inbox.clone(), Some(temporary)))
}

async fn receiver(
    args: &ListenArgs,
    inbox: &Inbox,
    secret: Option<&Secret>,
    confirm: bool,
) -> Result<Receiver, Failure> {
    let mut receiver = Receiver::builder(inbox).accept_foreign(true).confirm(confirm);
    if let Some(url) = &args.public_url {
        receiver = receiver.public_url(url);
    }
    if let Some(secret) = secret {
        receiver = receiver.secret(secret.clone());
    }
    Ok(receiver.listen(args.address).await?)
}

/// Tells each event until there were enough, or somebody has heard enough.
async fn listen(
    args: &ListenArgs,
    inbox: &Inbox,
    forwarder: Option<&Forwarder>,
    confirms: bool,
    interrupt: &mut Interrupt,
) -> Result<(), Failure> {
    let mut left = args.count;
    while left != Some(0) {
        let event = async {
            match inbox.next().await? {
                Some(delivery) if confirms && is_anybodys(&delivery) => drop_it(delivery).await,
                Some(delivery) => handle(delivery, forwarder, Format::from_flags(args.json, false)).await,
                None => Ok(Heard::Enough),
            }
        };
        let heard = tokio::select! {
            biased;
            _ = interrupt.asked() => return Ok(()),
            heard = event => heard?,
        };
        match heard {
            Heard::Done => left = left.map(|left| left - 1),
            Heard::NotYet => {}
            Heard::Enough => return Ok(()),
        }
    }
    Ok(())
}

/// What became of an event.
enum Heard {
    Done,
    /// It comes again.
    NotYet,
    /// Nobody reads what is printed.
    Enough,
}

/// Whether it is nothing that the API could be asked about, and nothing that was signed.
fn is_anybodys(delivery: &Delivery) -> bool {
    delivery.kind() == EventKind::Unknown && !delivery.is_signed()
}

/// Puts away what nobody vouches for, where the rest is only told once the API says the same.
async fn drop_it(delivery: Delivery) -> Result<Heard, Failure> {
    delivery.bury("it is no job, so the API cannot be asked whether it is true; --no-confirm tells it").await?;
    Ok(Heard::NotYet)
}

async fn handle(delivery: Delivery, forwarder: Option<&Forwarder>, format: Format) -> Result<Heard, Failure> {
    let forwarded = match forwarder {
        Some(forwarder) => Some(forwarder.post(&delivery).await),
        None => None,
    };
    match deliver(&told::line(&delivery, forwarded.as_ref(), format)) {
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => return Ok(Heard::Enough),
        Err(error) => return Err(Failure::config(format!("the event cannot be written to stdout: {error}"))),
        Ok(()) => {}
    }
    if let Some(problem) = forwarded.and_then(|forwarded| forwarded.problem) {
        delivery.nack(problem).await?;
        return Ok(Heard::NotYet);
    }
    delivery.ack().await?;
    Ok(Heard::Done)
}

/// What is in the inbox still, as that goes now.
async fn say_what_goes(inbox: &Inbox) {
    let Ok(counts) = inbox.counts().await else { return };
    let events = counts.events;
    let goes = events.received + events.ready + events.leased + events.dead;
    if goes > 0 {
        let what = if goes == 1 { "1 event goes".to_owned() } else { format!("{goes} events go") };
        remark(&format!("{what} with the temporary inbox; --inbox FILE would have kept what is not done\n"));
    }
}

/// Where jobs are confirmed.
fn confirms(client: Option<&Client>) -> Option<String> {
    client.map(|client| client.base_url().to_string())
}
