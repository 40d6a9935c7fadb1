//! The demo as a program, for whoever wants to write one.

use console::style;

const POLLED: &str = "\
use image_intelligence::{Client, Image};

let client = Client::from_env()?;
let job = client
    .detect([Image::file(\"astronaut.jpg\"), Image::url(\"https://example.com/street.jpg\")])
    .classes([CLASSES])
    .send().await?          // a job: an id, a resume token
    .wait().await?;         // its result
for hit in job.found(\"person\") {
    println!(\"{} {:.2}\", hit.image.custom_id_or_url(), hit.confidence);
}
";

const POSTED: &str = "\
use image_intelligence::{Client, Image, WebhookEvent};
use image_intelligence_webhooks::{Inbox, Receiver};

let inbox = Inbox::open(\"inbox.db\").await?;
let receiver = Receiver::builder(&inbox).listen(\"127.0.0.1:8787\").await?;
let client = Client::builder().from_env().webhooks(&receiver).build()?;
client
    .detect([Image::file(\"astronaut.jpg\"), Image::url(\"https://example.com/street.jpg\")])
    .classes([CLASSES])
    .send().await?;         // a job with a callback URL of its own
while let Some(delivery) = inbox.next().await? {
    if let WebhookEvent::Detect(job) = delivery.event() {
        for hit in job.found(\"person\") {
            println!(\"{} {:.2}\", hit.image.custom_id_or_url(), hit.confidence);
        }
    }
    delivery.ack().await?;  // done; else it would be handed out again
}
";

/// The lines of the program that polls, or of the one that has its results posted.
pub(super) fn code(poll: bool, classes: &[&str]) -> String {
    let classes: Vec<_> = classes.iter().map(|class| format!("\"{class}\"")).collect();
    let program = if poll { POLLED } else { POSTED }.replace("CLASSES", &classes.join(", "));
    let indented = |line: &str| if line.is_empty() { "\n".to_owned() } else { format!("    {}\n", style(line).cyan()) };
    program.lines().map(indented).collect()
}
