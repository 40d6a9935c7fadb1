//! Each call by its name.

use bytes::Bytes;
use image_intelligence_core::{
    Error, ErrorKind, FeedbackRequest, IdentityChange, IdentityRequest, JobSearch, RecognitionSearch, Result, Rid,
    Secret, Timestamp, WebhookRequest,
};
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::{AnyRows, RawJson};
use crate::client::Client;
use crate::jobs::Jobs;
use crate::journal::{Recovered, SubmitOutcome};
use crate::kind::{Ask, Detect, JobKind, Match};

/// What a call by its name brought.
#[doc(hidden)]
#[derive(Debug)]
#[non_exhaustive]
pub enum RawAnswer {
    /// One object.
    One(RawJson),
    /// A list of them.
    Many(Vec<RawJson>),
    /// A webhook that was registered, and its secret.
    Registered(RawJson, Option<Secret>),
    /// A file.
    Bytes(Bytes),
    /// It was done, and there is no more to say.
    Done,
}

/// What a call is given. Which of them it needs is the call's own.
#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Arguments {
    namespace: Option<String>,
    id: Option<String>,
    url: Option<String>,
    body: Option<Box<RawValue>>,
}

impl Arguments {
    fn read(json: &[u8]) -> Result<Self> {
        serde_json::from_slice(json)
            .map_err(|error| Error::new(ErrorKind::InvalidRequest, format!("the arguments of a call: {error}")))
    }

    fn namespace(&self) -> &str {
        self.namespace.as_deref().unwrap_or_default()
    }

    fn id(&self) -> &str {
        self.id.as_deref().unwrap_or_default()
    }

    fn body(&self) -> &[u8] {
        self.body.as_ref().map_or("{}", |body| body.get()).as_bytes()
    }

    fn search(&self) -> Result<RecognitionSearch> {
        RecognitionSearch::from_json(self.body())
    }

    fn job_search(&self) -> Result<JobSearch> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase", deny_unknown_fields)]
        struct Body {
            custom_id: Option<String>,
            feed_id: Option<String>,
            before: Option<Timestamp>,
            after: Option<Timestamp>,
        }
        let body: Body = serde_json::from_slice(self.body())
            .map_err(|error| Error::new(ErrorKind::InvalidRequest, format!("the search: {error}")))?;
        let mut search = JobSearch::new();
        (search.custom_id, search.feed_id) = (body.custom_id, body.feed_id);
        (search.before, search.after) = (body.before, body.after);
        Ok(search)
    }
}

fn one<'a, T>(model: &'a T) -> RawAnswer
where
    RawJson: From<&'a T>,
{
    RawAnswer::One(model.into())
}

fn many<'a, T>(models: &'a [T]) -> RawAnswer
where
    RawJson: From<&'a T>,
{
    RawAnswer::Many(models.iter().map(RawJson::from).collect())
}

/// A submit of an earlier process as JSON.
fn written(submit: &Recovered) -> Vec<u8> {
    let outcome = match submit.outcome {
        SubmitOutcome::NotSent => "not_sent",
        SubmitOutcome::Accepted(_) => "accepted",
        SubmitOutcome::Unknown(_) => "unknown",
    };
    let mut json = json!({
        "rid": submit.rid,
        "kind": submit.kind.as_str(),
        "customId": submit.custom_id,
        "images": submit.images,
        "sentAt": submit.sent_at,
        "outcome": outcome,
        "candidates": submit.candidates(),
    });
    let also = [
        ("namespace", submit.namespace.as_deref()),
        ("resumeToken", submit.resume_token()),
        ("message", submit.error().map(Error::message)),
    ];
    for (key, value) in also {
        if let (Some(value), Some(json)) = (value, json.as_object_mut()) {
            json.insert(key.to_owned(), value.into());
        }
    }
    json.to_string().into_bytes()
}

async fn jobs<K>(jobs: Jobs<K>, what: &str, arguments: &Arguments) -> Result<Option<RawAnswer>>
where
    K: JobKind<Search = JobSearch>,
    for<'a> RawJson: From<&'a K::Job>,
{
    Ok(Some(match what {
        "get" => RawAnswer::One(jobs.get_raw(arguments.id()).await?),
        "search" => many(&jobs.search(&arguments.job_search()?).await?),
        _ => return Ok(None),
    }))
}

impl Client {
    /// Makes the call of that name: `identities.create`, `match.search`. Its arguments are a JSON object of `namespace`, `id`,
    /// `url` and `body`, of which each call takes its own.
    ///
    /// Fails as the call does, and with `config` where there is none of that name.
    #[doc(hidden)]
    pub async fn call(&self, name: &str, arguments: &[u8]) -> Result<RawAnswer> {
        let arguments = Arguments::read(arguments)?;
        let (room, what) = name.split_once('.').unwrap_or((name, ""));
        let answer = match room {
            "detect" => jobs(self.jobs::<Detect>(), what, &arguments).await?,
            "match" => jobs(self.jobs::<Match>(), what, &arguments).await?,
            "ask" => jobs(self.jobs::<Ask>(), what, &arguments).await?,
            "feedback" => self.call_feedback(what, &arguments).await?,
            "webhooks" if what == "register" => {
                let registered = self.register_webhook(WebhookRequest::from_json(arguments.body())?).await?;
                Some(RawAnswer::Registered((&registered.webhook).into(), registered.secret_key))
            }
            "journal" => self.call_journal(what, &arguments).await?,
            "image" => Some(RawAnswer::Bytes(self.image(arguments.url.as_deref().unwrap_or_default()).await?)),
            _ => self.call_recognition(room, what, &arguments).await?,
        };
        answer.ok_or_else(|| Error::new(ErrorKind::Config, format!("there is no call {name:?}")))
    }

    /// What the journal has: an object for each submit, and to `forget` one the `rid` in it as the `id`.
    async fn call_journal(&self, what: &str, arguments: &Arguments) -> Result<Option<RawAnswer>> {
        Ok(Some(match what {
            "recover" => {
                let submits = self.recover().await?;
                RawAnswer::Many(submits.iter().map(|submit| RawJson::written(written(submit), None)).collect())
            }
            "forget" => {
                let malformed = || Error::invalid_request("rid", "not one of ours; pass that of a recovered submit");
                let rid = Rid::from_hex(arguments.id()).ok_or_else(malformed)?;
                self.forget_rid(rid).await.map(|()| RawAnswer::Done)?
            }
            _ => return Ok(None),
        }))
    }

    async fn call_feedback(&self, what: &str, arguments: &Arguments) -> Result<Option<RawAnswer>> {
        let feedback = self.feedback();
        Ok(Some(match what {
            "create" => {
                let mut body: Value = serde_json::from_slice(arguments.body()).unwrap_or_default();
                if let Some(fields) = body.as_object_mut() {
                    // The caller's moment is the client's to say.
                    fields.insert("createdAt".to_owned(), json!(self.inner().outside().now()));
                }
                let FeedbackRequest { job_id, classes, .. } = FeedbackRequest::from_json(body.to_string().as_bytes())?;
                one(&feedback.create(job_id, classes).await?)
            }
            "get" => one(&feedback.get(arguments.id()).await?),
            "list" => many(&feedback.list(arguments.id.as_deref()).await?),
            _ => return Ok(None),
        }))
    }

    async fn call_recognition(&self, room: &str, what: &str, arguments: &Arguments) -> Result<Option<RawAnswer>> {
        let recognition = self.recognition(arguments.namespace());
        let (id, body) = (arguments.id(), arguments.body());
        let (identities, images, groups) = (recognition.identities(), recognition.images(), recognition.groups());
        Ok(Some(match (room, what) {
            ("recognize", "get") => RawAnswer::One(recognition.jobs().get_raw(id).await?),
            ("recognize", "search") => many(&recognition.jobs().search(&arguments.search()?).await?),
            ("identities", "create") => one(&identities.create(IdentityRequest::from_json(body)?).await?),
            ("identities", "get") => one(&identities.get(id).await?),
            ("identities", "update") => one(&identities.update(id, IdentityChange::from_json(body)?).await?),
            ("identities", "delete") => identities.delete(id).await.map(|()| RawAnswer::Done)?,
            ("identities", "search") => many(&identities.search(&arguments.search()?).await?),
            ("images", "get") => one(&images.get(id).await?),
            ("images", "picture") => RawAnswer::Bytes(images.picture(id).await?),
            ("images", "search") => many(&images.search(&arguments.search()?).await?),
            ("groups", "get") => one(&groups.get(id).await?),
            ("groups", "search") => many(&groups.search(&arguments.search()?).await?),
            _ => return Ok(None),
        }))
    }

    /// Every row of a search of `recognize`, `identities`, `images` or `groups`, past the 200 that one search reaches. The
    /// arguments are those of its `search`.
    #[doc(hidden)]
    pub fn rows(&self, room: &str, arguments: &[u8]) -> Result<AnyRows> {
        let arguments = Arguments::read(arguments)?;
        let (recognition, search) = (self.recognition(arguments.namespace()), arguments.search()?);
        Ok(match room {
            "recognize" => AnyRows::Jobs(recognition.jobs().all(search)),
            "identities" => AnyRows::Identities(recognition.identities().all(search)),
            "images" => AnyRows::Images(recognition.images().all(search)),
            "groups" => AnyRows::Groups(recognition.groups().all(search)),
            _ => return Err(Error::new(ErrorKind::Config, format!("there are no rows of {room:?}"))),
        })
    }
}
