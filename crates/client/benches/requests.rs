//! Requests a second on loopback: this client against bare reqwest doing the same work.
//!
//! `cargo xtask bench requests`. Both read the same job (1.9 KB) 64 at a time over one pool of connections each, check the
//! status, and read the body into the same structs; they send the same headers and allow the same time. Rounds alternate, so
//! that both meet the same machine.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout, missing_docs)]

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use image_intelligence::{Client, Detect, DetectJob};

/// The one job that the server knows.
const ID: &str = "5d689c71-e68f-46c3-ac71-4053806e71de";

const AT_ONCE: usize = 64;
const ROUNDS: usize = 9;
const ROUND: Duration = Duration::from_millis(1500);

/// A finished job of 1.9 KB, as the API answers it.
fn job() -> String {
    let images: Vec<String> = (0..5)
        .map(|index| {
            format!(
                r#"{{"id":"52547074-a622-11e6-8f61-63f37dc3328{index}","url":"https://publicly.available.domain.net/image-00{index}.jpg","proxyUrl":"https://api.quickpix.io/images/c7e9a2ca-c2ee-4290-90b4-04fe3df35be{index}","customId":"camera_{index}_at_noon","objects":[{{"class":"person","confidence":0.9971387386,"verdict":true}}],"status":"COMPLETED_SUCCESSFULLY"}}"#
            )
        })
        .collect();
    format!(
        r#"{{"id":"{ID}","jobResults":[{{"class":"person","hitl":true}}],"imageResults":[{}],"createdAt":1487648348000,"status":"COMPLETED_SUCCESSFULLY","customId":"6c78df0a-67b6-4d5f-93cf-5820cfee501c","feedId":"Camera_123456"}}"#,
        images.join(",")
    )
}

/// A server with a thread of its own that answers everything at once.
fn serve(body: String) -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let base = format!("http://{}/v2", listener.local_addr().unwrap());
    listener.set_nonblocking(true).unwrap();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async move {
            let body = Bytes::from(body);
            let token = Bytes::from_static(br#"{"accessToken":"a-token-for-a-bench"}"#);
            let listener = tokio::net::TcpListener::from_std(listener).unwrap();
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                stream.set_nodelay(true).unwrap();
                let (body, token) = (body.clone(), token.clone());
                tokio::spawn(async move {
                    let service = service_fn(move |request: Request<Incoming>| {
                        let answer = if request.uri().path().ends_with("token") { token.clone() } else { body.clone() };
                        async move { Ok::<_, Infallible>(Response::new(Full::new(answer))) }
                    });
                    let _ = hyper::server::conn::http1::Builder::new()
                        .serve_connection(TokioIo::new(stream), service)
                        .await;
                });
            }
        });
    });
    base
}

/// How many times a second `one` ends, `AT_ONCE` of them at a time.
async fn rate<F: Future<Output = ()>>(one: impl Fn() -> F) -> f64 {
    let done = AtomicUsize::new(0);
    let began = Instant::now();
    join_all((0..AT_ONCE).map(|_| async {
        while began.elapsed() < ROUND {
            one().await;
            done.fetch_add(1, Ordering::Relaxed);
        }
    }))
    .await;
    done.load(Ordering::Relaxed) as f64 / began.elapsed().as_secs_f64()
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn main() {
    // Only for bare reqwest, which asks the process for one; our client brings its own.
    rustls::crypto::ring::default_provider().install_default().unwrap();
    let body = job();
    let size = body.len();
    let base = serve(body);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let ours = Client::builder().base_url(&base).credentials("bench", "bench").build().unwrap();
        let jobs = ours.jobs::<Detect>();
        let bare = reqwest::Client::builder().no_proxy().tcp_nodelay(true).user_agent("bare/0.1.0").build().unwrap();
        let url: Arc<str> = format!("{base}/detect/{ID}").into();

        let (mut with_ours, mut with_bare) = (Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            with_ours.push(
                rate(|| async {
                    jobs.get(ID).await.unwrap();
                })
                .await,
            );
            with_bare.push(
                rate(|| async {
                    let asked = bare.get(&*url).bearer_auth("a-token-for-a-bench").timeout(Duration::from_secs(60));
                    let asked = asked.header("accept", "application/json").header("cache-control", "no-store");
                    let answer = asked.send().await.unwrap();
                    let body = answer.error_for_status().unwrap().bytes().await.unwrap();
                    DetectJob::from_json(&body).unwrap();
                })
                .await,
            );
        }
        let ratio = median(with_ours.iter().zip(&with_bare).map(|(ours, bare)| ours / bare).collect());
        println!("GET of a {size}-byte job, {AT_ONCE} at once, one thread each side, median of {ROUNDS} rounds:");
        println!("  this client   {:>8.0} requests/s", median(with_ours));
        println!("  bare reqwest  {:>8.0} requests/s", median(with_bare));
        println!("  ratio         {ratio:>8.2}   (goal 0.95)");
    });
}
