//! The listener: strangers' connections, bounded in number and in patience.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};
use std::time::Duration;

use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use super::desk::Desk;
use super::lines::Lines;

/// How long to wait before another attempt where there is no file descriptor left.
const BREATH: Duration = Duration::from_millis(100);
/// How often one of too many connections is cut, as long as another waits.
const TURN: Duration = Duration::from_millis(10);

/// Its number among the open files of this process; -1 where there is none.
#[cfg(unix)]
pub(crate) fn descriptor(listener: &TcpListener) -> i32 {
    std::os::fd::AsRawFd::as_raw_fd(listener)
}

#[cfg(not(unix))]
pub(crate) fn descriptor(_: &TcpListener) -> i32 {
    -1
}

/// Serves until `stop` turns true or its sender is gone, then takes no more connections and lets requests in flight end, for
/// as long as an answer may take. Dropping the future cuts every connection.
pub(crate) async fn serve(
    listener: TcpListener,
    descriptor: Arc<AtomicI32>,
    desk: Arc<Desk>,
    mut stop: watch::Receiver<bool>,
) {
    let limits = desk.limits.clone();
    let places = Arc::new(Semaphore::new(limits.connections));
    let lines = Arc::new(Lines::new());
    let graceful = GracefulShutdown::new();
    let mut connections = JoinSet::new();
    let mut http = http1::Builder::new();
    // A sender that has said all and closes its side is still answered.
    http.half_close(true)
        .timer(TokioTimer::new())
        .header_read_timeout(limits.head_timeout)
        .max_headers(limits.headers)
        .max_buf_size(limits.head_size);

    for number in 0.. {
        let accepted = tokio::select! {
            accepted = accept(&listener, &places, &lines) => accepted,
            _ = stop.wait_for(|&stop| stop) => break,
        };
        while connections.try_join_next().is_some() {}
        let Some((stream, place)) = accepted else { continue };
        // Answers are small and wait for nothing.
        let _ = stream.set_nodelay(true);
        let line = lines.open(number);
        let service = {
            let (desk, line) = (Arc::clone(&desk), Arc::clone(&line));
            service_fn(move |request: Request<Incoming>| {
                let (desk, line) = (Arc::clone(&desk), Arc::clone(&line));
                async move {
                    let response = desk.serve(request, || line.ours()).await;
                    line.theirs();
                    Ok::<_, Infallible>(response)
                }
            })
        };
        let connection = graceful.watch(http.serve_connection(TokioIo::new(stream), service));
        let lines = Arc::clone(&lines);
        connections.spawn(async move {
            tokio::select! {
                served = connection => if let Err(error) = served {
                    tracing::debug!(%error, "a connection broke off");
                },
                () = line.cut() => tracing::debug!("a connection that kept us waiting made room for another"),
            }
            lines.close(number);
            drop(place);
        });
    }

    descriptor.store(-1, Ordering::SeqCst);
    drop(listener);
    if timeout(limits.answer_timeout, graceful.shutdown()).await.is_err() {
        tracing::warn!("some requests did not end in time and were cut");
    }
}

/// The next connection, and its place.
async fn accept(
    listener: &TcpListener,
    places: &Arc<Semaphore>,
    lines: &Lines,
) -> Option<(TcpStream, OwnedSemaphorePermit)> {
    let stream = match listener.accept().await {
        Ok((stream, _)) => stream,
        Err(error) => {
            // Out of file descriptors, most likely: trying at once would spin.
            tracing::warn!(%error, "a connection cannot be accepted");
            sleep(BREATH).await;
            return None;
        }
    };
    loop {
        if let Ok(place) = Arc::clone(places).try_acquire_owned() {
            return Some((stream, place));
        }
        lines.cut_longest();
        if let Ok(Ok(place)) = timeout(TURN, Arc::clone(places).acquire_owned()).await {
            return Some((stream, place));
        }
    }
}
