//! `ii demo`: the whole way in one process. A server with the real detector, the client over HTTP, one job of four
//! photos, and its result.

mod photos;

use std::process::ExitCode;
use std::time::{Duration, Instant};

use console::style;
use image_intelligence::{Client, Detect};
use image_intelligence_server::Server;

use crate::args::DemoArgs;
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
    let stopped = || cancelled("stopped").into();
    let bar = Bar::start("starting a server with its detector");
    let server = interrupt.or(start(), stopped).await?;
    let host = interrupt.or(photos::serve(), stopped).await?;

    bar.say(format!("sending {}", count(photos::ALL.len())));
    let client = Client::builder()
        .base_url(server.base_url())
        .credentials(LOCAL, LOCAL)
        .user_agent(concat!("ii/", env!("CARGO_PKG_VERSION")))
        .build()?;
    let pictures: Vec<_> = photos::ALL.iter().map(|photo| photo.to_picture(&host)).collect();
    let send = async {
        let job = client.detect(pictures.iter().map(Picture::to_image)).classes(CLASSES);
        Ok(job.bounding_boxes(true).send().await?)
    };
    let job = interrupt.or(send, stopped).await?;
    tracing::info!(id = job.id(), "submitted");
    // The server ends with this command, and so does the job: there is no way to wait on.
    let deadline = Deadline::start(Some(TIMEOUT));
    let watch = async { waiting::watch(&job, deadline, &bar).await.map_err(Failure::for_good) };
    let result = interrupt.or(watch, stopped).await?;
    drop(bar);

    let mut shown = Shown::new::<Detect>(result);
    shown.boxes = false;
    let named =
        |(photo, picture): (&photos::Photo, &Picture)| Given { name: photo.name.to_owned(), sent: picture.sent_as() };
    shown.pictures = photos::ALL.iter().zip(&pictures).map(named).enumerate().collect();
    if args.json {
        output::print(&output::json_document(&shown))?;
    } else {
        let text = format!(
            "A server of our own ran at {}, with a real detector. {} went to it\n\
             over HTTP as one job, and were asked for: {}.\n\n\
             {}\n\
             All of it took {:.1} s. The same in Rust, with `ii serve` in another terminal:\n\n\
             {}\n\
             And without a program: ii detect street.jpg --class person --base-url http://127.0.0.1:8080/v2\n",
            server.base_url(),
            capitalised(&count(pictures.len())),
            CLASSES.join(", "),
            output::table(&shown, true),
            began.elapsed().as_secs_f64(),
            code(),
        );
        output::print(&text)?;
        output::remark(&output::errors(&shown));
    }
    server.shutdown().await;
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

fn code() -> String {
    let classes: Vec<_> = CLASSES.iter().map(|class| format!("\"{class}\"")).collect();
    let lines = format!(
        "\
use image_intelligence::{{Client, Image}};

let client = Client::from_env()?;
let job = client
    .detect([Image::file(\"astronaut.jpg\"), Image::url(\"https://example.com/street.jpg\")])
    .classes([{}])
    .send().await?          // a job: an id, a resume token
    .wait().await?;         // its result
for hit in job.found(\"person\") {{
    println!(\"{{}} {{:.2}}\", hit.image.custom_id_or_url(), hit.confidence);
}}
",
        classes.join(", ")
    );
    let indented = |line: &str| if line.is_empty() { "\n".to_owned() } else { format!("    {}\n", style(line).cyan()) };
    lines.lines().map(indented).collect()
}
