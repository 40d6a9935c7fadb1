//! Connections that hardly send anything.

use std::cell::Cell;
use std::io;
use std::rc::Rc;
use std::time::Duration;

use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio::task::LocalSet;

use crate::{Outcome, input_ended, say};

const CONNECTIONS: usize = 1_000;
/// A byte of each comes so often.
const PAUSE: Duration = Duration::from_millis(250);

/// How they fare.
#[derive(Default)]
struct Tally {
    open: Cell<usize>,
    closed: Cell<usize>,
}

/// Opens them, each anew where it is closed, until the standard input ends; half of them are in the midst of a head, half of a
/// body. Says a line once all are open, and at the end how many are open, and how many were closed.
pub(crate) async fn trickle(address: &str) -> Outcome {
    LocalSet::new()
        .run_until(async {
            let tally = Rc::new(Tally::default());
            for number in 0..CONNECTIONS {
                tokio::task::spawn_local(keep(number, address.to_owned(), Rc::clone(&tally)));
            }
            while tally.open.get() + tally.closed.get() < CONNECTIONS {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            say(format_args!("slow"))?;
            input_ended().await?;
            say(format_args!("{} {}", tally.open.get(), tally.closed.get()))
        })
        .await
}

async fn keep(number: usize, address: String, tally: Rc<Tally>) {
    loop {
        if let Ok(stream) = TcpStream::connect(&address).await {
            tally.open.set(tally.open.get() + 1);
            // It ends with an error always: that it was closed.
            let _ = drip(number, stream).await;
            tally.open.set(tally.open.get() - 1);
            tally.closed.set(tally.closed.get() + 1);
        }
        tokio::time::sleep(PAUSE).await;
    }
}

async fn drip(number: usize, mut stream: TcpStream) -> io::Result<()> {
    let begun: &[u8] = if number.is_multiple_of(2) {
        b"POST /jobs HTTP/1.1\r\nhost: x\r\nx-slow: "
    } else {
        b"POST /jobs HTTP/1.1\r\nhost: x\r\ncontent-length: 100000\r\n\r\n"
    };
    stream.write_all(begun).await?;
    loop {
        tokio::time::sleep(PAUSE).await;
        stream.write_all(b" ").await?;
    }
}
