//! The process that is ended: it submits, receives and handles until then.

use std::io::{Read as _, Write as _};
use std::path::PathBuf;
use std::time::Duration;

use futures_util::StreamExt as _;

use crate::oracle::is_true;
use crate::world::{Side, inbox_in};

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
        match Side::open(&inbox_in(&folder), &address, &said("II_TORTURE_BASE")).await {
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
