//! What stands in for the network, the clock and chance: a server in the same process, on virtual time.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method};
use image_intelligence::{
    BeforeLast, Chunks, Client, ClientBuilder, Error, ErrorKind, Head, Later, Lost, Outgoing, Outside, Result,
    Timestamp,
};
use image_intelligence_core::Failure;
use tokio::time::Instant;

use crate::chance::Chance;
use crate::faults::{After, Fate, Faults};
use crate::jobs::EPOCH;
use crate::server::{Answer, Asked, Server, What, millis};
use crate::trace::{Ended, Trace};

/// The whole outside of a client.
pub struct Network {
    state: Mutex<State>,
    began: Instant,
    /// By how much the client's clock is ahead of the server's, in milliseconds.
    skew: i64,
}

pub struct State {
    pub server: Server,
    pub trace: Trace,
    pub faults: Faults,
    chance: Chance,
    client_chance: Chance,
    /// Restarts that the server has been through.
    restarts: usize,
    /// How long the server itself has been at work, in real time.
    pub worked: Duration,
    pub keeps_trace: bool,
    /// Requests so far.
    pub sent: usize,
}

impl Network {
    pub fn new(server: Server, faults: Faults, skew: i64, mut chance: Chance) -> Arc<Self> {
        let mut server = server;
        if let Some(life) = faults.token_life {
            server.tokens_live(life);
        }
        let client_chance = chance.split();
        let (trace, restarts, worked) = (Trace::default(), 0, Duration::ZERO);
        let state =
            State { server, trace, faults, chance, client_chance, restarts, worked, keeps_trace: true, sent: 0 };
        Arc::new(Self { state: Mutex::new(state), began: Instant::now(), skew })
    }

    pub fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How long the simulation has lasted.
    pub fn now(&self) -> Duration {
        self.began.elapsed()
    }

    pub fn client(self: &Arc<Self>) -> Client {
        self.builder().build().unwrap()
    }

    pub fn builder(self: &Arc<Self>) -> ClientBuilder {
        let builder = Client::builder().base_url("https://simulated.example/v2").credentials("simulated", "secret");
        builder.outside(Arc::clone(self) as Arc<dyn Outside>)
    }

    /// One request and its answer, of whatever client.
    pub async fn exchange(&self, sent: Sent<'_>) -> Result<Head, Lost> {
        let (path, query) = split(sent.url);
        let asked = Asked { post: sent.post, path: &path, query, bearer: sent.bearer, body: &sent.body };
        let course = self.state().draw(&asked, sent.url, self.now());
        if course.fate == Fate::Refused {
            tokio::time::sleep(course.there).await;
            self.state().trace.end(course.entry, self.now(), Ended::Refused, 0);
            return Err(lost(ErrorKind::Connection, "no connection (simulated)", Failure::Connect));
        }
        if let Some(before_last) = sent.before_last
            && let Err(error) = before_last().await
        {
            self.state().trace.end(course.entry, self.now(), Ended::HeldBack, 0);
            return Err(Lost { error, failure: Failure::Withheld });
        }
        tokio::time::sleep(course.there).await;
        let arrived = self.now();
        let answer = self.state().arrive(&asked, &course, arrived);
        tokio::time::sleep(course.back).await;
        self.state().leave(&course, answer, arrived, self.now())
    }
}

/// A request as it leaves.
#[derive(Default)]
pub struct Sent<'a> {
    pub post: bool,
    pub url: &'a str,
    pub bearer: Option<&'a str>,
    pub body: Bytes,
    pub before_last: Option<BeforeLast>,
}

/// How one request fares.
struct Course {
    entry: usize,
    what: What,
    fate: Fate,
    there: Duration,
    back: Duration,
}

/// What comes back: nothing where the connection was cut.
type Reply = Option<(Answer, HeaderMap, Option<After>)>;

impl State {
    /// Decides how a request fares as it leaves.
    fn draw(&mut self, asked: &Asked<'_>, url: &str, now: Duration) -> Course {
        self.sent += 1;
        let what = self.server.what(asked);
        let submit = matches!(what, What::Submit(_));
        let rates = if submit { self.faults.submits } else { self.faults.reads };
        let there = Duration::from_secs_f64(self.chance.lognormal(0.020, 0.4));
        let back = Duration::from_secs_f64(self.chance.lognormal(0.020, 0.4));
        let (fate, slow) = rates.draw(submit, &mut self.chance);
        let fate = if self.faults.is_down(now) { Fate::Refused } else { fate };
        // A token that is denied is a matter of the credentials.
        let denied = matches!(fate, Fate::Status { code: 400 | 403, .. });
        let fate = if denied && what == What::Token { Fate::Answered } else { fate };
        let entry = if self.keeps_trace { self.trace.begin(now, what, &[url.as_bytes(), asked.body]) } else { 0 };
        Course { entry, what, fate, there, back: back + slow }
    }

    /// The request has come to the server, or to what stands before it.
    fn arrive(&mut self, asked: &Asked<'_>, course: &Course, now: Duration) -> Reply {
        let restarts = self.faults.down.iter().filter(|(_, to)| *to <= now).count();
        if restarts > self.restarts && self.faults.forgets_tokens {
            self.server.forget_tokens();
        }
        self.restarts = restarts;
        if self.faults.is_down(now) {
            return None;
        }
        let mut headers = HeaderMap::new();
        headers.insert("date", date(now, Duration::ZERO));
        let began = std::time::Instant::now();
        let does = |server: &mut Server| server.answer(asked, now);
        let reply = match course.fate {
            Fate::CutBefore | Fate::Refused => None,
            Fate::Status { code, done, after } => {
                if done {
                    does(&mut self.server);
                }
                match after {
                    After::Unsaid => {}
                    After::Seconds(wait) => drop(headers.insert("retry-after", HeaderValue::from(wait))),
                    After::Date(wait) => {
                        let wait = Duration::from_secs(wait.into());
                        headers.insert("retry-after", date(now, wait));
                    }
                }
                Some((crate::server::error(code, "simulated"), headers, Some(after)))
            }
            Fate::Html { done } => {
                if done {
                    does(&mut self.server);
                }
                Some((Answer { status: 200, body: "<html>a proxy speaks</html>".to_owned() }, headers, None))
            }
            Fate::Answered | Fate::CutAfter | Fate::Truncated => Some((does(&mut self.server), headers, None)),
        };
        self.worked += began.elapsed();
        reply
    }

    /// What the client sees of it.
    fn leave(&mut self, course: &Course, reply: Reply, arrived: Duration, now: Duration) -> Result<Head, Lost> {
        let broken = self.faults.went_down(arrived, now) || course.fate == Fate::CutAfter;
        let Some((answer, headers, after)) = reply.filter(|_| !broken) else {
            self.end(course, now, Ended::Lost, 0);
            return Err(lost(ErrorKind::Connection, "the connection broke (simulated)", Failure::Lost));
        };
        let Answer { status, body } = answer;
        let mut body = Bytes::from(body);
        let ended = match course.fate {
            Fate::Truncated | Fate::Html { .. } if status == 200 => Ended::Spoilt,
            _ => Ended::Status(status),
        };
        let breaks = course.fate == Fate::Truncated;
        if breaks {
            body.truncate(body.len() / 2);
        }
        self.end(course, now, ended, body.len());
        let until = match after {
            Some(After::Seconds(wait)) => Some(now + Duration::from_secs(wait.into())),
            // Said in whole seconds, of the moment at which it was written.
            Some(After::Date(wait)) => Some((arrived + Duration::from_secs(wait.into())).saturating_sub(SECOND)),
            _ => None,
        };
        if let Some(until) = until.filter(|until| *until > now) {
            match (status, course.what) {
                (429, _) => self.trace.quiet.push((now, until)),
                (_, What::Look(Some(job))) => self.trace.quiet_about.push((job, now, until)),
                _ => {}
            }
        }
        Ok(Head { status, headers, body: Box::new(Body { left: Some(body), breaks }) })
    }

    fn end(&mut self, course: &Course, now: Duration, ended: Ended, bytes: usize) {
        if self.keeps_trace {
            self.trace.end(course.entry, now, ended, bytes);
        }
    }
}

const SECOND: Duration = Duration::from_secs(1);

impl Outside for Network {
    fn send(&self, request: Outgoing) -> Later<'_, Result<Head, Lost>> {
        Box::pin(async move {
            let bearer = request.headers.get(http::header::AUTHORIZATION).and_then(|value| value.to_str().ok());
            let (body, before_last) = request.body.map(|body| (body.bytes, body.before_last)).unwrap_or_default();
            let bearer = bearer.and_then(|bearer| bearer.strip_prefix("Bearer "));
            let post = request.method == Method::POST;
            self.exchange(Sent { post, url: &request.url, bearer, body, before_last }).await
        })
    }

    fn now(&self) -> Timestamp {
        Timestamp::from_millis(EPOCH + self.skew + millis(Network::now(self)))
    }

    fn fill(&self, bytes: &mut [u8]) -> Result<()> {
        self.state().client_chance.fill(bytes);
        Ok(())
    }

    fn close(&self) {}
}

/// An answer's body, in two pieces.
struct Body {
    left: Option<Bytes>,
    breaks: bool,
}

impl Chunks for Body {
    fn next(&mut self) -> Later<'_, Result<Option<Bytes>, Lost>> {
        let piece = match self.left.take() {
            Some(mut whole) if whole.len() > 1 => {
                self.left = Some(whole.split_off(whole.len() / 2));
                Ok(Some(whole))
            }
            Some(whole) => Ok(Some(whole)),
            None if self.breaks => {
                Err(lost(ErrorKind::Connection, "the connection broke half-way (simulated)", Failure::Lost))
            }
            None => Ok(None),
        };
        Box::pin(std::future::ready(piece))
    }
}

fn lost(kind: ErrorKind, message: &str, failure: Failure) -> Lost {
    Lost { error: Error::new(kind, message), failure }
}

/// A moment by the server's clock, as HTTP writes it.
fn date(now: Duration, later: Duration) -> HeaderValue {
    let moment = std::time::UNIX_EPOCH + Duration::from_millis(EPOCH as u64) + now + later;
    HeaderValue::try_from(httpdate::fmt_http_date(moment)).unwrap()
}

/// The path, and the conditions of the query.
fn split(url: &str) -> (String, Vec<(String, String)>) {
    let url = url::Url::parse(url).unwrap();
    let query = url.query_pairs().map(|(key, value)| (key.into_owned(), value.into_owned())).collect();
    (url.path().to_owned(), query)
}
