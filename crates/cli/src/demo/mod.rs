//! `ii demo`: the whole way in one process. A server with the real detector, the client over HTTP, one job of four
//! photos, and its result by webhook.

mod mail;
mod photos;
mod programs;

use std::process::ExitCode;
use std::time::{Duration, Instant};

use image_intelligence::{Client, Detect, DetectJob};
use image_intelligence_server::Server;

use crate::args::DemoArgs;
use crate::demo::mail::Mail;
use crate::demo::photos::Host;
use crate::failure::Failure;
use crate::interrupt::{Interrupt, cancelled};
use crate::output::{self, Given, Shown};
use crate::pictures::{Picture, count};
use crate::serve;
use crate::session::LOCAL;
use crate::waiting::{self, Bar, Deadline};

/// What is looked for; a car is in none of the photos.
const CLASSES: [&str; 5] = ["person", "cat", "dog", "dining table", "car"];
const TIMEOUT: Duration = Duration::from_mins(2);

pub(crate) async fn run(args: &DemoArgs) -> Result<ExitCode, Failure> {
    let began = Instant::now();
    let mut interrupt = Interrupt::new()?;
    let bar = Bar::start("starting a server with its detector");
    let server = interrupt.or(start(), stopped).await?;
    let mail = if args.poll { None } else { Some(Mail::open().await?) };
    let seen = interrupt.or(look(&server, mail.as_ref(), &bar), stopped).await;
    drop(bar);
    if let Some(mail) = mail {
        mail.close().await;
    }
    let code = seen.and_then(|seen| tell(args, &server, seen, began));
    server.shutdown().await;
    code
}

fn stopped() -> Failure {
    cancelled("stopped").into()
}

/// What came of it all.
struct Seen {
    job: DetectJob,
    pictures: Vec<Picture>,
    /// How the result came, in a sentence.
    how: String,
}

/// Sends the job and waits for its result.
async fn look(server: &Server, mail: Option<&Mail>, bar: &Bar) -> Result<Seen, Failure> {
    let host: Host = photos::serve().await?;
    bar.say(format!("sending {}", count(photos::ALL.len())));
    let client = Client::builder()
        .base_url(server.base_url())
        .credentials(LOCAL, LOCAL)
        .user_agent(concat!("ii/", env!("CARGO_PKG_VERSION")));
    let client = match mail {
        Some(mail) => client.webhooks(mail.receiver()),
        None => client,
    };
    let client = client.build()?;
    let pictures: Vec<_> = photos::ALL.iter().map(|photo| photo.to_picture(&host)).collect();
    let job = client.detect(pictures.iter().map(Picture::to_image)).classes(CLASSES);
    let job = job.bounding_boxes(true).send().await?;
    tracing::info!(id = job.id(), "submitted");
    // The server ends with this command, and so does the job: there is no way to wait on.
    let deadline = Deadline::start(Some(TIMEOUT));
    let (job, how) = if let Some(mail) = mail {
        bar.say(format!("waiting for the webhook of job {}", job.id()));
        mail.result(job.id(), deadline).await?
    } else {
        let how = "The client asked until it was done (--poll).".to_owned();
        (waiting::watch(&job, deadline, bar).await.map_err(Failure::for_good)?, how)
    };
    Ok(Seen { job, pictures, how })
}

fn tell(args: &DemoArgs, server: &Server, seen: Seen, began: Instant) -> Result<ExitCode, Failure> {
    let Seen { job, pictures, how } = seen;
    let mut shown = Shown::new::<Detect>(job);
    shown.boxes = false;
    let named =
        |(photo, picture): (&photos::Photo, &Picture)| Given { name: photo.name.to_owned(), sent: picture.sent_as() };
    shown.pictures = photos::ALL.iter().zip(&pictures).map(named).enumerate().collect();
    if args.json {
        output::print(&output::json_document(&shown))?;
    } else {
        let text = format!(
            "A server of our own ran at {}, with a real detector. {} went to it\n\
             over HTTP as one job, and were asked for: {}.\n\
             {how}\n\n\
             {}\n\
             All of it took {:.1} s. The same in Rust, with `ii serve` in another terminal:\n\n\
             {}\n\
             And without a program: ii detect street.jpg --class person --base-url http://127.0.0.1:8080/v2\n",
            server.base_url(),
            capitalised(&count(pictures.len())),
            CLASSES.join(", "),
            output::table(&shown, true),
            began.elapsed().as_secs_f64(),
            programs::code(args.poll, &CLASSES),
        );
        output::print(&text)?;
        output::remark(&output::errors(&shown));
    }
    Ok(shown.exit_code())
}

async fn start() -> Result<Server, Failure> {
    let detector = tokio::task::spawn_blocking(serve::detector)
        .await
        .map_err(|error| Failure::config(format!("the detector cannot be loaded: {error}")))??;
    Ok(Server::builder().port(0).workers(serve::workers()).detector(detector).start().await?)
}

fn capitalised(text: &str) -> String {
    let mut characters = text.chars();
    characters.next().map(|first| first.to_uppercase().chain(characters).collect()).unwrap_or_default()
}
