//! The listener: bounded connections, a time-out for headers, an orderly end.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::Request;
use hyper::body::Incoming;
use hyper::service::{Service as _, service_fn};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use super::cut::{Cut, Severable};

const MOST_CONNECTIONS: usize = 1_024;
/// Also how long a connection may idle between two requests.
const HEADERS: Duration = Duration::from_secs(30);
const MOST_HEADERS: usize = 64;

/// Serves until `stop` turns true, then takes no more connections and lets requests in flight end, up to `ceiling`.
/// Dropping the future cuts every connection.
pub(crate) async fn serve(listener: TcpListener, router: Router, mut stop: watch::Receiver<bool>, ceiling: Duration) {
    let places = Arc::new(Semaphore::new(MOST_CONNECTIONS));
    let graceful = GracefulShutdown::new();
    let mut connections = JoinSet::new();
    let mut builder = auto::Builder::new(TokioExecutor::new());
    // A sender that has said all and closes its side is still answered: what has arrived whole takes effect.
    let mut http1 = builder.http1();
    http1.half_close(true).timer(TokioTimer::new()).header_read_timeout(HEADERS).max_headers(MOST_HEADERS);
    builder.http2().timer(TokioTimer::new()).keep_alive_interval(HEADERS).max_header_list_size(64 << 10);

    loop {
        let accepted = tokio::select! {
            accepted = accept(&listener, &places) => accepted,
            Some(_) = connections.join_next() => continue,
            _ = stop.wait_for(|&stop| stop) => break,
        };
        let Some((stream, place)) = accepted else { continue };
        // Answers are small and wait for nothing.
        let _ = stream.set_nodelay(true);
        let service = TowerToHyperService::new(router.clone());
        let cut = Cut::default();
        let switch = cut.clone();
        let service = service_fn(move |mut request: Request<Incoming>| {
            request.extensions_mut().insert(switch.clone());
            service.call(request)
        });
        let stream = Severable::new(stream, cut.clone());
        let connection = builder.serve_connection(TokioIo::new(stream), service).into_owned();
        let watched = graceful.watch(connection);
        connections.spawn(async move {
            tokio::select! {
                // First, so that no answer gets out on a connection that is to be reset.
                biased;
                () = cut.pulled() => tracing::debug!("a connection is reset on purpose"),
                served = watched => if let Err(error) = served {
                    tracing::debug!(%error, "a connection broke off");
                },
            }
            drop(place);
        });
    }

    drop(listener);
    if timeout(ceiling, graceful.shutdown()).await.is_err() {
        tracing::warn!("some requests did not end in time and were cut");
    }
}

async fn accept(
    listener: &TcpListener,
    places: &Arc<Semaphore>,
) -> Option<(TcpStream, tokio::sync::OwnedSemaphorePermit)> {
    let place = Arc::clone(places).acquire_owned().await.ok()?;
    match listener.accept().await {
        Ok((stream, _)) => Some((stream, place)),
        Err(error) => {
            // Out of file descriptors, most likely: trying at once would spin.
            tracing::warn!(%error, "a connection cannot be accepted");
            sleep(Duration::from_millis(100)).await;
            None
        }
    }
}
