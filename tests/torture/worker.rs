//! The process that is ended: it submits, receives and handles until then.

use std::io::{Read as _, Write as _};
use std::path::PathBuf;
use std::time::Duration;

use futures_util::StreamExt as _;

use image_intelligence::Result;
use image_intelligence_webhooks::Inbox;

use crate::oracle::is_true;
use crate::world::Side;

pub(crate) async fn run() {
    let said = |name: &str| std::env::var(name).unwrap();
    let folder = PathBuf::from(said("II_TORTURE"));
    let address = format!("127.0.0.1:{}", said("II_TORTURE_PORT"));
    let (first, jobs) = said("II_TORTURE_JOBS")
        .split_once(':')
        .map(|(first, jobs)| (first.parse::<usize>().unwrap(), jobs.parse::<usize>().unwrap()))
        .unwrap();
    // Whoever started this is gone, so is this.
    std::thread::spawn(|| {
        let _ = std::io::stdin().read(&mut [0]);
        std::process::abort();
    });
    // The port is the one of the process before, which may not have let go of it yet.
    let side = loop {
        match open(&said("II_TORTURE_INBOX"), &address, &said("II_TORTURE_BASE")).await {
            Ok(side) => break side,
            Err(error) if error.to_string().contains("in use") => tokio::time::sleep(Duration::from_millis(10)).await,
            Err(error) => panic!("{error:?}"),
        }
    };

    let handler = async {
        let mut handled = std::fs::File::options().create(true).append(true).open(folder.join("handled")).unwrap();
        while let Some(delivery) = side.inbox.next().await.unwrap() {
            is_true(delivery.event()).unwrap();
            handled.write_all(format!("{}\n", delivery.rid().unwrap()).as_bytes()).unwrap();
            delivery.ack().await.unwrap();
        }
    };
    let submits = async {
        let sent =
            futures_util::stream::iter(first..first + jobs).map(|number| side.submit(number)).buffer_unordered(4);
        // One whose outcome is unknown is no failure here: the oracle asks for its end.
        sent.for_each(async |_| {}).await;
    };
    tokio::join!(handler, submits);
    side.receiver.shutdown().await;
}

/// Of a file, who comes next knows that the one before is dead. Of a database nobody does: leases lapse by time.
async fn open(inbox: &str, address: &str, base_url: &str) -> Result<Side> {
    if inbox.starts_with("postgres:") {
        let inbox = Inbox::builder(inbox).retry_pause(Duration::from_millis(20)).lease(Duration::from_secs(2));
        return Side::on(inbox.open().await?, address, base_url).await;
    }
    Side::open(inbox, address, base_url).await
}
