//! Be told of results, instead of asking for them, and lose none.
//!
//! ```sh
//! ii serve     # in another terminal; then set the three variables that it prints
//! cargo run -p image-intelligence-examples --bin receiver -- inbox.db street.jpg yard.jpg
//! ```
//!
//! It goes on until Ctrl-C. Started again with the same inbox, it hands out what came meanwhile and what was not done.

use image_intelligence::{Client, Image, Result, WebhookEvent};
use image_intelligence_webhooks::{Inbox, Receiver};

#[tokio::main]
async fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let inbox = Inbox::open(arguments.next().unwrap_or_else(|| "inbox.db".to_owned())).await?;
    // Only a service on this machine reaches this address; for any other it takes a `.public_url(..)`.
    let receiver = Receiver::builder(&inbox).listen("127.0.0.1:0").await?;
    let client = Client::builder().from_env().webhooks(&receiver).build()?;

    let stopping = receiver.clone();
    tokio::spawn(async move {
        if tokio::signal::ctrl_c().await.is_ok() {
            stopping.shutdown().await; // and `next` gives no more
        }
    });

    for picture in arguments {
        client.detect([Image::file(&picture)]).class("person").send().await?;
    }
    while let Some(delivery) = inbox.next().await? {
        match delivery.event() {
            WebhookEvent::Detect(job) => {
                for hit in job.found("person") {
                    println!("{} {:.2}", hit.image.custom_id_or_url(), hit.confidence);
                }
                for image in job.errors() {
                    eprintln!("{}: {}", image.view().custom_id_or_url(), image.status);
                }
            }
            other => eprintln!("{}: not ours", other.kind().as_str()),
        }
        // Only now is it done. Who ends before this is handed it again; `nack` says that it went wrong.
        delivery.ack().await?;
    }
    Ok(())
}
