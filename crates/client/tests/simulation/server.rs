//! The simulated server: the API's calls on jobs, with the manners of a world.

use std::collections::HashMap;
use std::time::Duration;

use image_intelligence::Kind;
use serde_json::Value;

use crate::chance::Chance;
use crate::jobs::{Course, EPOCH, Job, Moment, end};
use crate::search::{Search, Searching};

/// How the server answers when nothing goes wrong.
#[derive(Clone, Default, Debug)]
pub struct Manners {
    pub searching: Searching,
    /// Jobs are said to be made at multiples of this.
    pub grain: Duration,
    /// Share of answers that say their moments in seconds, or not at all.
    pub in_seconds: f64,
    pub no_moment: f64,
    /// Share of jobs that have a status on the way which nobody knows.
    pub odd_status: f64,
    /// How long at most a job cannot be read after its submit.
    pub unread_for: Duration,
    /// How long at most a job cannot be found after its submit.
    pub unindexed_for: Duration,
    /// Share of jobs that no search ever finds.
    pub unfound: f64,
    /// Jobs of somebody else, a second.
    pub foreign: f64,
}

/// What was asked, as far as the server could tell.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum What {
    Token,
    /// The number of the submit, as its first picture says.
    Submit(usize),
    /// The job, by its place.
    Look(Option<usize>),
    /// By time.
    Sweep,
    /// By customId.
    Named,
    Odd,
}

pub struct Answer {
    pub status: u16,
    pub body: String,
}

pub struct Server {
    pub manners: Manners,
    pub jobs: Vec<Job>,
    /// What becomes of the job of each submit.
    pub courses: Vec<Course>,
    by_id: HashMap<String, usize>,
    chance: Chance,
    next_foreign: Duration,
    /// The tokens that it knows, and when each ends.
    tokens: Vec<(String, Duration)>,
    token_life: Duration,
}

/// A call as it came, taken apart.
pub struct Asked<'a> {
    pub post: bool,
    pub path: &'a str,
    pub query: Vec<(String, String)>,
    pub bearer: Option<&'a str>,
    pub body: &'a [u8],
}

impl Server {
    pub fn new(manners: Manners, courses: Vec<Course>, mut chance: Chance) -> Self {
        let next_foreign = if manners.foreign > 0.0 { chance.seconds(0.0, 1.0) } else { Duration::MAX };
        let token_life = Duration::from_secs(24 * 3600);
        let (jobs, by_id, tokens) = (Vec::new(), HashMap::new(), Vec::new());
        Self { manners, jobs, courses, by_id, chance, next_foreign, tokens, token_life }
    }

    pub fn tokens_live(&mut self, life: Duration) {
        self.token_life = life;
    }

    pub fn forget_tokens(&mut self) {
        self.tokens.clear();
    }

    pub fn place(&self, id: &str) -> Option<usize> {
        self.by_id.get(id).copied()
    }

    /// What the call is, before it is done.
    pub fn what(&self, asked: &Asked<'_>) -> What {
        if asked.path == "/v2/oauth/token" {
            return What::Token;
        }
        let Some((_, _, rest)) = route(asked.path) else { return What::Odd };
        match (asked.post, rest) {
            (true, None) => What::Submit(submit_number(asked.body)),
            (true, Some("search")) | (false, None) => {
                if Search::of(asked).is_by_name() {
                    What::Named
                } else {
                    What::Sweep
                }
            }
            (false, Some(id)) => What::Look(self.place(id)),
            _ => What::Odd,
        }
    }

    pub fn answer(&mut self, asked: &Asked<'_>, now: Duration) -> Answer {
        self.others_work(now);
        if asked.path == "/v2/oauth/token" {
            return self.token(now);
        }
        let known = |bearer: &str| self.tokens.iter().any(|(token, until)| token == bearer && now < *until);
        if !asked.bearer.is_some_and(known) {
            return error(401, "the token is not known");
        }
        let Some((kind, namespace, rest)) = route(asked.path) else { return error(404, "no such call") };
        match (asked.post, rest) {
            (true, None) => self.submit(kind, namespace, asked.body, now),
            (true, Some("search")) | (false, None) => self.search(kind, namespace, &Search::of(asked), now),
            (false, Some(id)) => self.read(kind, namespace, id, now),
            _ => error(404, "no such call"),
        }
    }

    fn token(&mut self, now: Duration) -> Answer {
        let token = self.chance.id();
        self.tokens.push((token.clone(), now + self.token_life));
        let issued = EPOCH + millis(now);
        let expires = issued + millis(self.token_life);
        ok(format!(r#"{{"accessToken":"{token}","issuedAt":{issued},"expiresAt":{expires},"scope":"detect:create"}}"#))
    }

    fn submit(&mut self, kind: Kind, namespace: Option<&str>, body: &[u8], now: Duration) -> Answer {
        let Ok(body) = serde_json::from_slice::<Value>(body) else { return error(400, "no JSON") };
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let Some(images) = body["images"].as_array() else { return error(400, "no images") };
        let images: Vec<_> =
            images.iter().map(|image| (text(&image["url"]).unwrap_or_default(), text(&image["customId"]))).collect();
        let submit = images.first().and_then(|(url, _)| number_in(url));
        let course = submit.and_then(|submit| self.courses.get(submit)).copied();
        let Some(course) = course else { return error(400, "pictures of nobody") };
        let place = self.jobs.len();
        let unread = self.chance.unit();
        let unindexed = self.chance.unit();
        let unfound = self.chance.happens(self.manners.unfound);
        let job = Job {
            kind,
            namespace: namespace.map(str::to_owned),
            custom_id: text(&body["customId"]),
            feed_id: text(&body["feedId"]),
            images,
            submit,
            lost: course.lost_after.map(|after| now + after),
            visible: now + self.manners.unread_for.mul_f64(unread),
            indexed: if unfound { Duration::MAX } else { now + self.manners.unindexed_for.mul_f64(unindexed) },
            ..self.job(kind, now, course.lasts)
        };
        self.by_id.insert(job.id.clone(), place);
        self.jobs.push(job);
        self.tell(place, now)
    }

    /// Makes a job that nobody submitted here.
    pub fn accept(&mut self, kind: Kind, made: Duration, course: Course) {
        let submit = self.jobs.len();
        let rid = format!("{submit:032x}");
        let images = (0..3).map(|index| (picture(submit, index), Some(format!("{rid}-{index}")))).collect();
        let job = Job { custom_id: Some(rid), images, ..self.job(kind, made, course.lasts) };
        self.by_id.insert(job.id.clone(), self.jobs.len());
        self.jobs.push(job);
    }

    /// A job that has nothing yet but a name and a course.
    fn job(&mut self, kind: Kind, now: Duration, lasts: Duration) -> Job {
        let grain = self.manners.grain.as_millis().max(1) as i64;
        Job {
            id: self.chance.id(),
            kind,
            namespace: None,
            custom_id: None,
            feed_id: None,
            images: Vec::new(),
            submit: None,
            made: now,
            created: EPOCH + millis(now) / grain * grain,
            done: now + lasts,
            lost: None,
            visible: now,
            indexed: now,
            odd_status: self.chance.happens(self.manners.odd_status),
            end: end(&mut self.chance),
        }
    }

    fn read(&mut self, kind: Kind, namespace: Option<&str>, id: &str, now: Duration) -> Answer {
        let known = |job: &Job| job.kind == kind && job.namespace.as_deref() == namespace && job.is_there(now);
        match self.place(id).filter(|place| known(&self.jobs[*place])) {
            Some(place) => self.tell(place, now),
            // The documents say so of match jobs.
            None if kind == Kind::Match => error(400, "no such job"),
            None => error(404, "no such job"),
        }
    }

    fn tell(&mut self, place: usize, now: Duration) -> Answer {
        let moment = self.moment();
        let mut body = String::with_capacity(1200);
        self.jobs[place].write(now, moment, &mut body);
        ok(body)
    }

    fn search(&mut self, kind: Kind, namespace: Option<&str>, search: &Search, now: Duration) -> Answer {
        let moment = self.moment();
        let found = search.run(&self.jobs, kind, namespace, now, &self.manners.searching, &mut self.chance);
        let mut body = String::with_capacity(2 + found.len() * 1100);
        body.push('[');
        for (nth, place) in found.into_iter().enumerate() {
            if nth > 0 {
                body.push(',');
            }
            self.jobs[place].write(now, moment, &mut body);
        }
        body.push(']');
        ok(body)
    }

    fn moment(&mut self) -> Moment {
        let roll = self.chance.unit();
        if roll < self.manners.no_moment {
            Moment::Missing
        } else if roll < self.manners.no_moment + self.manners.in_seconds {
            Moment::Seconds
        } else {
            Moment::Millis
        }
    }

    /// Somebody else in the same account submits jobs, too.
    fn others_work(&mut self, now: Duration) {
        while self.next_foreign <= now {
            let made = self.next_foreign;
            let pause = -(1.0 - self.chance.unit()).ln() / self.manners.foreign;
            self.next_foreign = made + Duration::from_secs_f64(pause);
            let kind = self.chance.pick(&Kind::ALL);
            let lasts = Duration::from_secs_f64(self.chance.lognormal(10.0, 0.7));
            let url = format!("https://elsewhere.example/{}.jpg", self.jobs.len());
            let namespace = (kind == Kind::Recognize).then(|| "staff".to_owned());
            let custom_id = self.chance.happens(0.5).then(|| format!("order-{}", self.chance.below(7)));
            let job = self.job(kind, made, lasts);
            self.by_id.insert(job.id.clone(), self.jobs.len());
            self.jobs.push(Job { namespace, custom_id, images: vec![(url, None)], ..job });
        }
    }
}

pub fn millis(time: Duration) -> i64 {
    time.as_millis() as i64
}

fn ok(body: String) -> Answer {
    Answer { status: 200, body }
}

pub fn error(status: u16, message: &str) -> Answer {
    Answer { status, body: format!(r#"{{"message":"{message}"}}"#) }
}

/// The kind, the namespace, and what follows.
fn route(path: &str) -> Option<(Kind, Option<&str>, Option<&str>)> {
    let mut parts = path.strip_prefix("/v2/")?.split('/');
    let (kind, namespace) = match parts.next()? {
        "detect" => (Kind::Detect, None),
        "match" => (Kind::Match, None),
        "ask" => (Kind::Ask, None),
        "recognition" if parts.next() == Some("recognize") => (Kind::Recognize, Some(parts.next()?)),
        _ => return None,
    };
    let rest = parts.next();
    parts.next().is_none().then_some((kind, namespace, rest))
}

/// The URL of a submit's picture.
pub fn picture(submit: usize, index: usize) -> String {
    format!("https://pictures.example/{submit}/{index}.jpg")
}

/// The submit whose picture that is.
pub fn number_in(url: &str) -> Option<usize> {
    url.strip_prefix("https://pictures.example/")?.split('/').next()?.parse().ok()
}

fn submit_number(body: &[u8]) -> usize {
    let body = serde_json::from_slice::<Value>(body).unwrap_or_default();
    body["images"][0]["url"].as_str().and_then(number_in).unwrap_or(usize::MAX)
}
