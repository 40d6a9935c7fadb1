//! What a run sent, in a file: so that one that was cut off, at whatever moment, goes on without sending a picture twice.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use image_intelligence_core::{Callbacks, Error, ErrorKind, Intent, JobRef, JobRequest, Later, Result, Rid, Timestamp};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::key::{Key, hex};
use crate::client::Client;
use crate::durable_log::{DurableLog, Format};
use crate::kind::JobKind;
use crate::outside::Outside;

const FORMAT: Format = Format { name: "manifest", version: 1 };

/// A line of the file.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase")]
enum Line {
    /// What all jobs of the run have in common: the first line.
    Run(Settings),
    /// These pictures are about to be sent as one job.
    Intended { rid: Rid, custom_id: String, at: i64, pictures: Vec<Key> },
    /// The job may exist.
    Leaving {
        rid: Rid,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        at: Option<i64>,
    },
    /// It does not, and will be sent again.
    CameBack { rid: Rid },
    /// The job exists.
    Accepted {
        rid: Rid,
        id: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        created_at: Option<i64>,
    },
    /// The job does not exist.
    Refused { rid: Rid, kind: String },
    /// Whether the job exists could not be found out.
    Unknown { rid: Rid },
    /// It was looked for, and there is proof that it does not.
    NeverMade { rid: Rid },
}

/// What all jobs of a run have in common.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Settings {
    kind: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    namespace: Option<String>,
    /// Which API, by the fingerprint of its base URL.
    api: String,
    /// For each field of the request a digest of it: what is asked may be a secret, or point to one.
    request: BTreeMap<String, String>,
}

impl Settings {
    fn of<K: JobKind>(client: &Client, namespace: Option<&String>, request: &K::Request) -> Result<Self> {
        let mut request = request.clone();
        request.images_mut().clear();
        let unwritten = |error: serde_json::Error| {
            Error::new(ErrorKind::InvalidRequest, format!("the request is no JSON: {error}"))
        };
        let fields = match serde_json::to_value(&request).map_err(unwritten)? {
            serde_json::Value::Object(fields) => fields,
            _ => serde_json::Map::new(),
        };
        let digest = |value: serde_json::Value| hex(&Sha256::digest(value.to_string())[..8]);
        Ok(Self {
            kind: K::KIND.to_string(),
            namespace: namespace.cloned(),
            api: client.base_url().fingerprint(),
            request: fields.into_iter().map(|(field, value)| (field, digest(value))).collect(),
        })
    }

    /// What differs, in words.
    fn differs(&self, other: &Self) -> Option<String> {
        if self.kind != other.kind {
            return Some(format!("{} jobs, and not {} jobs", other.kind, self.kind));
        }
        if self.api != other.api {
            return Some("jobs at another API (base URL)".to_owned());
        }
        if self.namespace != other.namespace {
            return Some("jobs in another namespace".to_owned());
        }
        let fields = self.request.keys().chain(other.request.keys());
        let mut other: Vec<_> = fields.filter(|field| self.request.get(*field) != other.request.get(*field)).collect();
        other.sort_unstable();
        other.dedup();
        let fields: Vec<_> = other.into_iter().map(String::as_str).collect();
        (!fields.is_empty()).then(|| format!("jobs with other settings ({})", fields.join(", ")))
    }
}

/// Keeps track of a run in a file.
pub(crate) struct Manifest {
    log: DurableLog<Line>,
    /// For the time of day.
    outside: Arc<dyn Outside>,
    /// The pictures of jobs about to be sent.
    pictures: Mutex<HashMap<Rid, Vec<Key>>>,
}

/// A job of an earlier run that exists, or may.
#[derive(Debug, Clone)]
pub(crate) struct Past {
    pub(crate) rid: Rid,
    pub(crate) custom_id: String,
    /// When it was about to be sent, by this machine's clock.
    pub(crate) at: Timestamp,
    /// Its last leaving: after how many lines, and when.
    pub(crate) left: Option<(u64, Timestamp)>,
    pub(crate) pictures: Vec<Key>,
    pub(crate) fate: Fate,
}

/// How far a job of an earlier run came.
#[derive(Debug, Clone)]
pub(crate) enum Fate {
    /// It was never sent, or certainly came to nothing.
    None,
    /// It left, and no more is known.
    Left,
    /// It was looked for in vain.
    Unknown,
    /// It exists.
    Accepted { id: String, created_at: Option<Timestamp> },
}

/// What earlier runs sent.
#[derive(Default)]
pub(crate) struct Earlier {
    /// How many lines there are.
    lines: u64,
    jobs: Vec<Past>,
    by_rid: HashMap<Rid, usize>,
    /// Where a picture was sent, once for each time that it was.
    places: HashMap<Key, VecDeque<(usize, usize)>>,
}

impl Manifest {
    /// Opens the file or makes it, and says what earlier runs sent. Blocks.
    ///
    /// Fails with `config` where it is of other settings, and with `store` where it cannot be opened or is in use.
    pub(crate) fn open<K: JobKind>(
        path: PathBuf,
        client: &Client,
        namespace: Option<&String>,
        request: &K::Request,
    ) -> Result<(Arc<Self>, Earlier)> {
        let settings = Settings::of::<K>(client, namespace, request)?;
        let (mut earlier, mut found) = (Earlier::default(), None);
        let name = path.display().to_string();
        let log = DurableLog::open(path, FORMAT, |line| match line {
            Line::Run(settings) => found = Some(settings),
            line => earlier.apply(line),
        })?;
        if let Some(found) = found {
            if let Some(differs) = settings.differs(&found) {
                let problem = format!(
                    "manifest {name}: it is of {differs}; run it with what it was begun with, or name another file"
                );
                return Err(Error::new(ErrorKind::Config, problem));
            }
        } else {
            log.put(&Line::Run(settings))?;
        }
        earlier.sort_out();
        let outside = Arc::clone(&client.inner().caller.http.outside);
        Ok((Arc::new(Self { log, outside, pictures: Mutex::default() }), earlier))
    }

    /// Says which pictures a job will have, before it is recorded.
    pub(crate) fn expect(&self, rid: Rid, pictures: Vec<Key>) {
        self.pictures.lock().unwrap_or_else(PoisonError::into_inner).insert(rid, pictures);
    }

    /// Says that a job of an earlier run does not exist.
    pub(crate) async fn never_made(&self, rid: Rid) -> Result<()> {
        self.write(Line::NeverMade { rid }, true).await
    }

    /// What is only written is there after this process is killed; what is synced, after a power cut.
    async fn write(&self, line: Line, synced: bool) -> Result<()> {
        let number = self.log.put(&line)?;
        self.log.reach(number, synced).await
    }
}

impl Callbacks for Manifest {
    fn record(&self, intent: Intent) -> Later<'_, Result<()>> {
        let pictures = self.pictures.lock().unwrap_or_else(PoisonError::into_inner).remove(&intent.rid);
        let Intent { rid, custom_id, at, .. } = intent;
        let line = Line::Intended { rid, custom_id, at: at.as_millis(), pictures: pictures.unwrap_or_default() };
        // Synced with the next line: until then nothing has left.
        Box::pin(self.write(line, false))
    }

    fn leaving(&self, rid: Rid) -> Later<'_, Result<()>> {
        let at = Some(self.outside.now().as_millis());
        Box::pin(self.write(Line::Leaving { rid, at }, true))
    }

    fn came_back(&self, rid: Rid) -> Later<'_, Result<()>> {
        Box::pin(self.write(Line::CameBack { rid }, false))
    }

    fn accepted(&self, rid: Rid, job: JobRef) -> Later<'_, Result<()>> {
        let created_at = job.created_at.map(Timestamp::as_millis);
        Box::pin(self.write(Line::Accepted { rid, id: job.id, created_at }, false))
    }

    fn refused(&self, rid: Rid, error: Error) -> Later<'_, Result<()>> {
        self.pictures.lock().unwrap_or_else(PoisonError::into_inner).remove(&rid);
        Box::pin(self.write(Line::Refused { rid, kind: error.kind().to_string() }, false))
    }

    fn unknown(&self, rid: Rid, _: Error) -> Later<'_, Result<()>> {
        Box::pin(self.write(Line::Unknown { rid }, false))
    }
}

impl Earlier {
    fn apply(&mut self, line: Line) {
        self.lines += 1;
        let mut left = None;
        let (rid, fate) = match line {
            Line::Run(_) => return,
            Line::Intended { rid, custom_id, at, pictures } => {
                self.by_rid.insert(rid, self.jobs.len());
                let at = Timestamp::from_millis(at);
                self.jobs.push(Past { rid, custom_id, at, left: None, pictures, fate: Fate::None });
                return;
            }
            Line::Leaving { rid, at } => {
                left = Some((self.lines, at.map(Timestamp::from_millis)));
                (rid, Fate::Left)
            }
            Line::CameBack { rid } | Line::Refused { rid, .. } | Line::NeverMade { rid } => (rid, Fate::None),
            Line::Accepted { rid, id, created_at } => {
                (rid, Fate::Accepted { id, created_at: created_at.map(Timestamp::from_millis) })
            }
            Line::Unknown { rid } => (rid, Fate::Unknown),
        };
        if let Some(job) = self.by_rid.get(&rid).and_then(|number| self.jobs.get_mut(*number)) {
            if let Some((line, at)) = left {
                job.left = Some((line, at.unwrap_or(job.at)));
            }
            job.fate = fate;
        }
    }

    /// Notes where each picture is that may have a job.
    fn sort_out(&mut self) {
        self.by_rid = HashMap::new();
        for (number, job) in self.jobs.iter().enumerate() {
            if matches!(job.fate, Fate::None) {
                continue;
            }
            for (place, key) in job.pictures.iter().enumerate() {
                self.places.entry(key.clone()).or_default().push_back((number, place));
            }
        }
    }

    /// Where a picture was sent before: the job, and its place in it. The second time it is asked for the same picture, it
    /// says where it was sent the second time.
    pub(crate) fn place_of(&mut self, key: &Key) -> Option<(usize, usize)> {
        let places = self.places.get_mut(key)?;
        let place = places.pop_front();
        if places.is_empty() {
            self.places.remove(key);
        }
        place
    }

    pub(crate) fn job(&self, number: usize) -> Option<&Past> {
        self.jobs.get(number)
    }

    /// Notes what was found out of a job.
    pub(crate) fn settle(&mut self, number: usize, fate: Fate) {
        if let Some(job) = self.jobs.get_mut(number) {
            job.fate = fate;
        }
    }

    /// Whether any job of these settings was ever accepted.
    pub(crate) fn has_accepted(&self) -> bool {
        self.accepted().next().is_some()
    }

    fn accepted(&self) -> impl Iterator<Item = &Past> {
        self.jobs.iter().filter(|job| matches!(job.fate, Fate::Accepted { .. }))
    }

    /// The job that is known to exist and left the latest.
    pub(crate) fn latest(&self) -> Option<&Past> {
        self.accepted().filter(|job| job.left.is_some()).max_by_key(|job| job.left)
    }
}
