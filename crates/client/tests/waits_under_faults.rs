//! 200 waits, each over a server whose faults come from a seed: none loses its job's result, and none asks more often than
//! once a second. In virtual time, to the millisecond, so that it takes no longer than the requests themselves.
//!
//! A paused clock of tokio jumps to the next timer whenever nothing runs, also while an answer is on the wire. So it is held
//! from the moment at which the client begins a look (when it asks for a token) until that look is over, and let go while
//! the server dawdles on purpose.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod scripted;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

use image_intelligence::{
    Client, Detect, DetectJob, Error, ErrorKind, Job, PollPolicy, Secret, TokenFuture, TokenProvider, Update,
};
use scripted::{Random, response};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::Instant;

const SEEDS: u64 = 200;
const SECOND: Duration = Duration::from_secs(1);
/// How long one request may take.
const PATIENCE: Duration = Duration::from_secs(20);
/// Far from any job's end here, so that no look is the one at the deadline.
const LIMIT: Duration = Duration::from_secs(24 * 3600);
/// Dates are held against this machine's clock, which no test can pause: one long past, and one so far that what is read is
/// the longest time that is obeyed, 300 s.
const PAST: &str = "Sun, 06 Nov 1994 08:49:37 GMT";
const FAR: &str = "Tue, 31 Dec 2199 23:59:59 GMT";

/// Keeps tokio from moving the clock on by itself.
#[derive(Clone, Default)]
struct Clock(Arc<Mutex<Option<mpsc::Sender<()>>>>);

impl Clock {
    fn hold(&self) {
        let (held, until) = mpsc::channel::<()>();
        // While a thread of this sort is at work, the clock stands.
        tokio::task::spawn_blocking(move || until.recv().is_err());
        *self.0.lock().unwrap() = Some(held);
    }

    fn let_go(&self) {
        self.0.lock().unwrap().take();
    }
}

/// The client asks for a token as it begins a request.
struct Begins(Clock);

impl TokenProvider for Begins {
    fn token<'a>(&'a self, _refused: Option<&'a Secret>) -> TokenFuture<'a> {
        self.0.hold();
        Box::pin(async { Ok(Secret::from("a token")) })
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    Status(u16),
    /// With `Retry-After` in seconds, or without.
    RateLimit(Option<u64>),
    Date(&'static str),
    Reset,
    Close,
    Truncate,
    BrokenJson,
    Html,
    NoJob,
    AnotherJob,
    UnknownStatus,
    NotYetThere,
    Slow(Duration),
    Silent,
}

impl Fault {
    fn draw(random: &mut Random, age: Duration) -> Self {
        match random.below(17) {
            0 => Self::Status(500),
            1 => Self::Status(502),
            2 => Self::Status(503),
            3 => Self::Status([408, 425, 504][random.below(3) as usize]),
            4 | 5 => Self::RateLimit(Some(random.below(40))),
            6 | 7 => Self::Date([PAST, FAR][random.below(2) as usize]),
            8 => Self::RateLimit(None),
            9 => Self::Reset,
            10 => Self::Close,
            11 => Self::Truncate,
            12 => Self::BrokenJson,
            13 => [Self::Html, Self::NoJob][random.below(2) as usize],
            14 => Self::AnotherJob,
            15 if age < Duration::from_secs(25) => Self::NotYetThere,
            15 => Self::UnknownStatus,
            _ if random.one_in(4) => Self::Silent,
            _ => Self::Slow(Duration::from_millis(1 + random.below(15_000))),
        }
    }

    /// Whether the client sees a look that failed.
    fn fails(self) -> bool {
        !matches!(self, Self::UnknownStatus | Self::Slow(_))
    }
}

/// A server with one job, which is done after a time, and whose looks go wrong more often than not.
struct Faulty {
    base_url: String,
    shared: Arc<Shared>,
    task: tokio::task::JoinHandle<()>,
}

struct Shared {
    clock: Clock,
    seed: u64,
    done_after: Duration,
    began: Mutex<Option<Instant>>,
    random: Mutex<Random>,
    /// When each look came, and what went wrong with it.
    looks: Mutex<Vec<(Instant, Option<Fault>)>>,
    posts: AtomicUsize,
}

impl Drop for Faulty {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Faulty {
    async fn start(seed: u64, clock: Clock) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base_url = format!("http://{}/v2", listener.local_addr().unwrap());
        let mut random = Random(seed);
        let longest = [2_000, 20_000, 90_000, 600_000][random.below(4) as usize];
        let shared = Arc::new(Shared {
            clock,
            seed,
            done_after: Duration::from_millis(random.below(longest)),
            began: Mutex::default(),
            random: Mutex::new(random),
            looks: Mutex::default(),
            posts: AtomicUsize::new(0),
        });
        let serving = Arc::clone(&shared);
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&serving)));
            }
        });
        Self { base_url, shared, task }
    }
}

impl Shared {
    fn id(&self) -> String {
        format!("job-{}", self.seed)
    }

    fn job(&self, id: &str, status: &str) -> String {
        let class = if status == "IN_PROGRESS" { String::new() } else { format!(r#"{{"class":"of-{}"}}"#, self.seed) };
        format!(r#"{{"id":"{id}","status":"{status}","jobResults":[{class}],"imageResults":[]}}"#)
    }

    /// What is asked for, and with which fault: `None` closes the connection.
    async fn answer(&self, post: bool) -> Option<Vec<u8>> {
        let now = Instant::now();
        if post {
            self.posts.fetch_add(1, Ordering::Relaxed);
            *self.began.lock().unwrap() = Some(now);
            return Some(response(200, &[], &self.job(&self.id(), "IN_PROGRESS")));
        }
        let age = now - self.began.lock().unwrap().expect("a job that was submitted");
        let fault = {
            let mut random = self.random.lock().unwrap();
            // Not for ever: even a job whose every look goes wrong is seen in the end.
            let tired = self.looks.lock().unwrap().len() > 60;
            (!tired && random.below(10) < 7).then(|| Fault::draw(&mut random, age))
        };
        self.looks.lock().unwrap().push((now, fault));
        let truth = self.job(&self.id(), if age >= self.done_after { "COMPLETED_SUCCESSFULLY" } else { "IN_PROGRESS" });
        let whole = response(200, &[], &truth);
        Some(match fault {
            None => whole,
            Some(Fault::Status(status)) => response(status, &[], r#"{"message":"oops"}"#),
            Some(Fault::RateLimit(None)) => response(429, &[], "{}"),
            Some(Fault::RateLimit(Some(wait))) => response(429, &[("Retry-After", wait.to_string())], "{}"),
            Some(Fault::Date(date)) => response(429, &[("Retry-After", date.to_owned())], "{}"),
            Some(Fault::Reset | Fault::Close) => return None,
            Some(Fault::Truncate) => whole[..whole.len() - 9].to_vec(),
            Some(Fault::BrokenJson) => response(200, &[], &truth[..truth.len() / 2]),
            Some(Fault::Html) => response(200, &[], "<html><body>a proxy speaks</body></html>"),
            Some(Fault::NoJob) => response(200, &[], r#"["nothing"]"#),
            Some(Fault::AnotherJob) => response(200, &[], &self.job("job-of-others", "COMPLETED_SUCCESSFULLY")),
            Some(Fault::UnknownStatus) => response(200, &[], &self.job(&self.id(), "PAUSED_BY_MOONLIGHT")),
            Some(Fault::NotYetThere) => response(404, &[], "{}"),
            Some(Fault::Slow(delay)) => {
                self.clock.let_go();
                tokio::time::sleep(delay).await;
                self.clock.hold();
                whole
            }
            Some(Fault::Silent) => {
                self.clock.let_go();
                std::future::pending().await
            }
        })
    }
}

async fn serve(mut stream: TcpStream, shared: Arc<Shared>) {
    let mut buffer = Vec::new();
    loop {
        let end = loop {
            if let Some(end) = buffer.windows(4).position(|four| four == b"\r\n\r\n") {
                break end + 4;
            }
            if !matches!(stream.read_buf(&mut buffer).await, Ok(1..)) {
                return;
            }
        };
        let head = String::from_utf8(buffer[..end].to_vec()).unwrap().to_ascii_lowercase();
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok()).unwrap_or(0);
        while buffer.len() < end + length {
            if !matches!(stream.read_buf(&mut buffer).await, Ok(1..)) {
                return;
            }
        }
        buffer.drain(..end + length);
        let answer = shared.answer(head.starts_with("post ")).await;
        let last = shared.looks.lock().unwrap().last().and_then(|(_, fault)| *fault);
        let Some(answer) = answer else {
            if last == Some(Fault::Reset) {
                // Without linger the system sends RST.
                let _ = stream.set_zero_linger();
            }
            return;
        };
        if stream.write_all(&answer).await.is_err() || last == Some(Fault::Truncate) {
            return;
        }
    }
}

/// Waits for the job, and gives what the looks that failed said, each with when it was over.
async fn wait(job: &Job<Detect>, clock: &Clock) -> (DetectJob, Vec<(Instant, Error)>) {
    let mut updates = job.updates_for(LIMIT);
    let mut failed = Vec::new();
    loop {
        let update = updates.next().await.unwrap();
        clock.let_go();
        match update.unwrap() {
            Update::Done(job) => return (job, failed),
            Update::PollFailed(error) => failed.push((Instant::now(), error)),
            _ => {}
        }
    }
}

async fn one(seed: u64, faults: &mut Vec<Fault>) -> usize {
    let clock = Clock::default();
    let server = Faulty::start(seed, clock.clone()).await;
    let mut poll = PollPolicy::default();
    // The only chance in a wait; that it makes no interval shorter is core's to show.
    poll.spread = 0.0;
    let client = Client::builder()
        .base_url(&server.base_url)
        .token_provider(Begins(clock.clone()))
        .request_timeout(PATIENCE)
        .poll(poll)
        .build()
        .unwrap();
    let job = client.detect([b"..".to_vec()]).class("person").send().await.unwrap();
    clock.let_go();
    let submitted = Instant::now();
    let (done, failed) = wait(&job, &clock).await;

    // Nothing is lost: it is this job, done, with its own result.
    assert_eq!((done.id.as_str(), done.status.as_str()), (job.id(), "COMPLETED_SUCCESSFULLY"));
    assert_eq!(done.job_results[0].class, format!("of-{seed}"));
    assert_eq!(server.shared.posts.load(Ordering::Relaxed), 1);

    let looks = server.shared.looks.lock().unwrap().clone();
    let mut before = submitted;
    for (nth, (at, _)) in looks.iter().enumerate() {
        assert!(*at - before >= SECOND, "look {nth} came {:?} after the one before: {looks:?}", *at - before);
        before = *at;
    }
    // Each fault that is one was told, and an answer that asks for time was given it.
    let told = looks.iter().filter_map(|(_, fault)| *fault).filter(|fault| fault.fails());
    assert_eq!(told.count(), failed.len(), "{looks:?} {failed:?}");
    for (at, error) in &failed {
        // Of the kinds that no second try helps, only these two pass: not there yet, and too early.
        let passes = error.kind() == ErrorKind::NotFound || error.status() == Some(425);
        assert!(error.retryable() || passes, "{error:?}");
        let Some(wait) = error.retry_after() else { continue };
        let next = looks.iter().map(|(look, _)| *look).find(|look| look > at).expect("a look after it");
        assert!(next - *at >= wait, "asked to wait {wait:?}, asked again after {:?}", next - *at);
    }
    faults.extend(looks.iter().filter_map(|(_, fault)| *fault));
    check_retry_after(&looks, &failed);
    looks.len()
}

/// What the client read in `Retry-After` is what the server wrote.
fn check_retry_after(looks: &[(Instant, Option<Fault>)], failed: &[(Instant, Error)]) {
    let faults = looks.iter().filter_map(|(_, fault)| *fault).filter(|fault| fault.fails());
    for (fault, (_, error)) in faults.zip(failed) {
        let written = match fault {
            Fault::RateLimit(wait) => wait.map(|wait| wait.min(300)),
            Fault::Date(FAR) => Some(300),
            Fault::Date(_) => Some(0),
            _ => None,
        };
        assert_eq!(error.retry_after(), written.map(Duration::from_secs), "{fault:?}");
    }
}

struct Says(u64);

impl Drop for Says {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("the seed was {}", self.0);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_wait_loses_nothing_and_never_asks_more_often_than_once_a_second() {
    let (mut looks, mut faults) = (0, Vec::new());
    for seed in 0..SEEDS {
        let said = Says(seed);
        looks += one(seed, &mut faults).await;
        drop(said);
    }
    assert!(faults.len() > 1000, "only {} faults in {looks} looks", faults.len());
    // Each sort of fault was met, many times.
    let met = |sort: fn(&Fault) -> bool| faults.iter().filter(|fault| sort(fault)).count();
    let counts = [
        met(|fault| matches!(fault, Fault::Status(_))),
        met(|fault| matches!(fault, Fault::RateLimit(Some(_)))),
        met(|fault| *fault == Fault::RateLimit(None)),
        met(|fault| *fault == Fault::Date(PAST)),
        met(|fault| *fault == Fault::Date(FAR)),
        met(|fault| *fault == Fault::Reset),
        met(|fault| *fault == Fault::Close),
        met(|fault| *fault == Fault::Truncate),
        met(|fault| *fault == Fault::BrokenJson),
        met(|fault| *fault == Fault::Html),
        met(|fault| *fault == Fault::NoJob),
        met(|fault| *fault == Fault::AnotherJob),
        met(|fault| *fault == Fault::UnknownStatus),
        met(|fault| *fault == Fault::NotYetThere),
        met(|fault| matches!(fault, Fault::Slow(_))),
        met(|fault| *fault == Fault::Silent),
    ];
    println!("{looks} looks, {} faults, of each sort {counts:?}", faults.len());
    assert!(counts.iter().all(|count| *count >= 5), "{counts:?}");
}
