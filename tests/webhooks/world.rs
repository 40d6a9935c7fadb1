//! A server that really delivers, and a client with a receiver and an inbox, all on this machine.

use std::path::Path;
use std::time::Duration;

use image_intelligence::{Client, Detect, Image, Job, PollPolicy, Result, RetryPolicy, SchedulePolicy};
use image_intelligence_server::{Answer, AskedPicture, Faults, Found, Server, ServerBuilder};
use image_intelligence_webhooks::{Inbox, Receiver, ReceiverBuilder};

/// What is found in the picture of a job, and in no other.
pub(crate) fn found(number: usize) -> f64 {
    number as f64 / 100_000.0
}

/// What is answered of a picture.
pub(crate) fn answer(picture: &AskedPicture<'_>) -> Option<Answer> {
    let number = picture.custom_id?.strip_prefix("street-")?.parse().ok()?;
    Some(Answer::found([Found::new("person", found(number))]))
}

/// A server whose jobs take a moment, which tries a webhook again within moments.
pub(crate) fn server(faults: Faults) -> ServerBuilder {
    let backoff = [20, 40, 80, 160, 320].map(Duration::from_millis);
    Server::builder().scripted(answer).faults(faults).webhook_backoff(backoff).webhook_timeout(Duration::from_secs(10))
}

/// Who submits, receives and handles.
pub(crate) struct Side {
    pub(crate) client: Client,
    pub(crate) receiver: Receiver,
    pub(crate) inbox: Inbox,
}

impl Side {
    /// Opens the inbox, listens at the address, and attaches a client of that server.
    pub(crate) async fn open(inbox: &str, address: &str, base_url: &str) -> Result<Self> {
        let inbox = Inbox::builder(inbox).retry_pause(Duration::from_millis(20)).open().await?;
        Self::on(inbox, address, base_url).await
    }

    pub(crate) async fn on(inbox: Inbox, address: &str, base_url: &str) -> Result<Self> {
        // What is lost is looked for within moments here, and not after 30 s.
        Self::with(inbox, address, base_url, |receiver| receiver.hurried(0.02)).await
    }

    /// With a receiver that is set up so.
    pub(crate) async fn with(
        inbox: Inbox,
        address: &str,
        base_url: &str,
        set: impl FnOnce(ReceiverBuilder) -> ReceiverBuilder,
    ) -> Result<Self> {
        let receiver = set(Receiver::builder(&inbox)).listen(address).await?;
        let client = client(base_url).webhooks(&receiver).build()?;
        Ok(Self { client, receiver, inbox })
    }

    /// Sends the job of that number.
    pub(crate) async fn submit(&self, number: usize) -> Result<Job<Detect>> {
        let image = Image::bytes(b"..".to_vec()).custom_id(format!("street-{number}"));
        self.client.detect([image]).class("person").send().await
    }
}

/// A client that does everything sooner than it would against a server that costs money.
pub(crate) fn client(base_url: &str) -> image_intelligence::ClientBuilder {
    let mut poll = PollPolicy::default();
    (poll.shortest, poll.longest) = (Duration::from_millis(20), Duration::from_secs(1));
    poll.not_found_grace = Duration::from_secs(5);
    let mut schedule = SchedulePolicy::default();
    (schedule.requests_per_second, schedule.shortest) = (200.0, Duration::from_millis(20));
    let mut retry = RetryPolicy::default();
    (retry.base, retry.attempts) = (Duration::from_millis(1), 8);
    let client = Client::builder().base_url(base_url).credentials("local", "local");
    client.poll(poll).schedule(schedule).retry(retry).recover_for(Duration::from_secs(1))
}

/// The path of an inbox in a folder, as text.
pub(crate) fn inbox_in(folder: &Path) -> String {
    folder.join("inbox.db").display().to_string()
}
