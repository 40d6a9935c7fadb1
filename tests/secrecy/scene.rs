//! Everything that can go well or wrong, once.

use std::time::Duration;

use futures_util::StreamExt as _;
use image_intelligence::{
    CallbackKeys, Client, Detect, IdentityChange, IdentityRequest, Image, JobSearch, WebhookRequest, sign,
};
use image_intelligence_server::{Account, Credentials, FaultRule, Faults, Server};
use image_intelligence_webhooks::{Filter, Inbox, InboxBuilder, Receiver};

use crate::heard::Heard;
use crate::secrets::Secrets;
use crate::sender::{post, send};
use crate::tap::Tap;
use crate::world;

pub(crate) const JOBS: usize = 30;

const CLIENT_SECRET: &str = "of-the-client-4f1d2c";
const WRONG_SECRET: &str = "wrong-one-of-the-client-77";
const WEBHOOK_SECRET: &str = "of-the-webhook-b81e05";
const OLD_SECRET: &str = "former-of-the-webhook-9c";

fn faults() -> Faults {
    let mut rules: Vec<_> = [
        FaultRule::webhook_drop(),
        FaultRule::webhook_duplicate(3),
        FaultRule::webhook_early(),
        FaultRule::webhook_bad_signature(),
        FaultRule::webhook_oversize(),
        FaultRule::webhook_cut(),
        FaultRule::webhook_cut().after(),
    ]
    .map(|rule| rule.probability(0.2))
    .into();
    let submit = |rule: FaultRule| rule.method("POST").path("/v2/detect");
    // Each of them at least once.
    rules.push(submit(FaultRule::reset().after()).skip(2).times(2));
    rules.push(submit(FaultRule::status(400)).skip(6).times(1));
    rules.push(submit(FaultRule::status(503)).skip(8).times(2));
    rules.push(submit(FaultRule::html()).skip(12).times(1));
    rules.push(submit(FaultRule::truncate()).skip(15).times(1));
    rules.push(FaultRule::reset().path("/v2/detect/*").probability(0.1));
    rules.push(FaultRule::truncate().path("/v2/detect/*").probability(0.1));
    rules.push(FaultRule::status(500).path("/v2/oauth/token").times(1));
    rules.into_iter().fold(Faults::new().seed(7), Faults::rule)
}

async fn server() -> Server {
    let account = Account::new("app", CLIENT_SECRET);
    let server = world::server(faults()).credentials(Credentials::new([account]).unwrap());
    server.start().await.unwrap()
}

pub(crate) async fn play(inbox: InboxBuilder, heard: &Heard, secrets: &Secrets) {
    for (what, secret) in [
        ("client secret", CLIENT_SECRET),
        ("client secret", WRONG_SECRET),
        ("webhook secret", WEBHOOK_SECRET),
        ("webhook secret", OLD_SECRET),
    ] {
        secrets.add(what, secret);
    }
    let server = server().await;
    let tap = Tap::before(server.address()).await;
    let base = format!("http://{}/v2", tap.address);
    heard.show(&inbox);
    let inbox = inbox.lease(Duration::from_secs(1)).retry_pause(Duration::from_millis(20)).open().await.unwrap();
    let receiver = Receiver::builder(&inbox).hurried(0.02).secrets([OLD_SECRET, WEBHOOK_SECRET]);
    heard.show(&receiver);
    let receiver = receiver.listen("127.0.0.1:0").await.unwrap();
    let client = world::client(&base).credentials("app", CLIENT_SECRET).webhooks(&receiver);
    heard.show(&client);
    let client = client.build().unwrap();
    heard.show(&(&server, &inbox, &receiver, &client));

    let handler = tokio::spawn(handle(inbox.clone(), heard.clone()));
    registered(&client, &receiver, heard).await;
    let jobs = futures_util::stream::iter(0..JOBS).map(|number| {
        let image = Image::bytes(b"..".to_vec()).custom_id(format!("street-{number}"));
        let client = client.clone();
        async move {
            match client.detect([image]).class("person").send().await {
                Ok(job) => {
                    heard.show(&job);
                    match job.wait_for(Duration::from_secs(20)).await {
                        Ok(done) => heard.show(&done),
                        Err(error) => heard.error(&error),
                    }
                }
                Err(error) => heard.error(&error),
            }
        }
    });
    jobs.buffer_unordered(8).collect::<Vec<_>>().await;
    strangers(&client, &receiver, secrets).await;
    mistakes(&base, &client, heard).await;

    // The last ones are still on their way.
    let quiet = async {
        loop {
            let counts = inbox.counts().await.unwrap();
            let (events, jobs) = (counts.events, counts.jobs);
            if events.received + events.ready + events.leased + jobs.expected + jobs.intended == 0 {
                break;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    // What comes to nothing is not this test's business.
    let _ = tokio::time::timeout(Duration::from_secs(20), quiet).await;
    for entry in inbox.list(Filter::new().limit(500)).await.unwrap() {
        heard.show(&entry);
    }
    heard.show(&server.deliveries().await.unwrap());
    receiver.shutdown().await;
    handler.await.unwrap();
    heard.error(&client.detect([Image::bytes(b"..".to_vec())]).class("person").send().await.unwrap_err());
    server.shutdown().await;
    heard.error(
        &world::client(&base)
            .credentials("app", CLIENT_SECRET)
            .build()
            .unwrap()
            .jobs::<Detect>()
            .get("x")
            .await
            .unwrap_err(),
    );
    gather(&tap.text(), secrets);
}

/// Every third is handled at the second attempt, every fifth never.
async fn handle(inbox: Inbox, heard: Heard) {
    let mut count = 0;
    while let Some(delivery) = inbox.next().await.unwrap() {
        count += 1;
        heard.show(&delivery);
        heard.show(delivery.event());
        let said = match count % 15 {
            3 | 6 | 9 => delivery.nack("not now").await,
            5 | 10 => delivery.bury("never").await,
            12 => {
                drop(delivery);
                Ok(())
            }
            _ => delivery.ack().await,
        };
        if let Err(error) = said {
            heard.error(&error);
        }
    }
}

/// A webhook that is registered, and what it tells.
async fn registered(client: &Client, receiver: &Receiver, heard: &Heard) {
    let request = WebhookRequest::new(format!("{}/events", receiver.public_url())).secret_key(WEBHOOK_SECRET);
    heard.show(&request);
    match client.register_webhook(request).await {
        Ok(registered) => heard.show(&registered),
        Err(error) => heard.error(&error),
    }
    let identities = client.recognition("staff").identities();
    for name in ["ann", "bob", "cid"] {
        let made = identities.create(IdentityRequest::new().custom_id(name)).await.unwrap();
        identities.update(&made.id, IdentityChange::new().custom_id(name)).await.unwrap();
    }
    heard.error(&client.register_webhook(WebhookRequest::new("no URL").secret_key(WEBHOOK_SECRET)).await.unwrap_err());
    let short = client.register_webhook(WebhookRequest::new("https://example.com/").secret_key("short-7"));
    heard.error(&short.await.unwrap_err());
}

/// What comes to a public port.
async fn strangers(client: &Client, receiver: &Receiver, secrets: &Secrets) {
    let address = receiver.local_addr().unwrap();
    let jobs = client.jobs::<Detect>().search(&JobSearch::new()).await.unwrap_or_default();
    for job in jobs.iter().take(3) {
        let url = job.webhook_url.clone().unwrap();
        let path = url.strip_prefix(receiver.public_url()).unwrap();
        let (front, token) = path.rsplit_once('/').unwrap();
        let flipped = format!("{}{}", &token[..51], if token.ends_with('A') { 'B' } else { 'A' });
        secrets.add("callback token", &flipped);
        for path in
            [path.to_owned(), format!("{front}/{flipped}"), format!("{front}/{token}=?{token}"), format!("/x/{token}")]
        {
            for method in ["POST", "GET", "PUT"] {
                let headers = [("referer", url.as_str()), ("x-ii-signature", token)];
                send(address, method, &path, &headers, format!("{{\"id\": \"{token}\"").as_bytes()).await;
            }
        }
        send(address, "POST", path, &[("content-encoding", "gzip")], b"..").await;
    }
    let body = br#"{"event": "IDENTITY_CREATED", "identity": {"id": "i-7"}}"#;
    let signature = sign(body, &WEBHOOK_SECRET.into());
    secrets.add("signature", signature.split_once('=').unwrap().1);
    for headers in [
        &[("x-ii-signature", signature.as_str())][..],
        &[("x-ii-signature", &signature[..40])],
        &[("x-ii-signature", &signature), ("x-ii-signature", &signature)],
        &[],
    ] {
        send(address, "POST", "/events", headers, body).await;
        send(address, "POST", "/events", headers, b"other").await;
    }
    post(address, "/events", WEBHOOK_SECRET.as_bytes()).await;
}

/// What callers do wrong.
async fn mistakes(base: &str, client: &Client, heard: &Heard) {
    let wrong = world::client(base).credentials("app", WRONG_SECRET).build().unwrap();
    heard.error(&wrong.jobs::<Detect>().get("1").await.unwrap_err());
    heard.error(&client.jobs::<Detect>().get("no-such-job").await.unwrap_err());
    let elsewhere = format!("http://app:{CLIENT_SECRET}@127.0.0.1:1/v2?key={CLIENT_SECRET}");
    if let Err(error) = Client::builder().base_url(&elsewhere).credentials("app", CLIENT_SECRET).build() {
        heard.error(&error);
    }
    for target in [
        format!("postgres://app:{CLIENT_SECRET}@127.0.0.1:1/none?connect_timeout=1"),
        format!("postgres://app:{CLIENT_SECRET}@/%zz?password={CLIENT_SECRET}"),
        format!("mysql://app:{CLIENT_SECRET}@localhost/x"),
    ] {
        let inbox = Inbox::builder(target.as_str());
        heard.show(&inbox);
        heard.error(&inbox.open().await.unwrap_err());
    }
    for keys in [format!("1:{CLIENT_SECRET}"), CLIENT_SECRET.to_owned(), format!("{CLIENT_SECRET}:AAAA")] {
        heard.error(&CallbackKeys::parse(&keys).unwrap_err());
    }
}

/// What the client sent says which tokens were in use.
fn gather(sent: &str, secrets: &Secrets) {
    let after = |mark: &'static str, what: &'static str| {
        for (at, mark) in sent.match_indices(mark) {
            let rest = &sent[at + mark.len()..];
            let end = rest.find(|letter: char| letter.is_whitespace() || letter == '"').unwrap_or(rest.len());
            secrets.add(what, &rest[..end]);
        }
    };
    after("authorization: Bearer ", "bearer token");
    after("/cb/", "callback token");
}
