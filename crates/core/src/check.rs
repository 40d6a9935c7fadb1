//! The judge for languages that build their own objects: what a body is, and whether it may be decoded as it stands.
//!
//! *Canonical* means that a plain typed decoder, of whatever language, makes of these very bytes the object that our own
//! tolerant reading makes of them: UTF-8 without a byte order mark, at most 64 arrays and objects in one another, no lone
//! surrogate anywhere, every number finite and every integer within ±2^53, no known key twice, every known field of its
//! exact type (which `null` is not) and every required one there. What is readable and not canonical is written anew.

#[cfg(test)]
mod tests;

use std::borrow::Cow;

use crate::body::{self, First, Shape, Signs};
use crate::job::{JobModel, from_json, to_json};
use crate::json::{self, Broken, Json, Number};
use crate::model::{Key, Keys, Model as _, note, odd, require};
use crate::read::Presence;
use crate::registered::identity_elsewhere;
use crate::webhook::{EventKind, parse_webhook};
use crate::{
    AskJob, DetectImageResult, DetectJob, DetectJobResult, Error, ErrorKind, FaceGroup, FaceImage, Feedback, Identity,
    Kind, MatchJob, RecognizeJob, RegisteredEvent, RegisteredWebhook, Result,
};

/// What [`check`] found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Checked {
    /// What the body is.
    pub event: EventKind,
    /// Whether it may be decoded as it stands.
    pub canonical: bool,
    /// Whether every byte is ASCII, which some languages decode faster.
    pub ascii: bool,
}

/// A body that a host may decode.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Judged<'a> {
    /// What it is.
    pub event: EventKind,
    /// The very bytes where they are canonical, else the job written anew. An unknown body stays as it came, without a
    /// byte order mark.
    pub json: Cow<'a, [u8]>,
    /// Whether they are the very bytes.
    pub canonical: bool,
    /// Whether every byte is ASCII.
    pub ascii: bool,
}

impl Judged<'_> {
    /// Whether this is the job of that id.
    pub fn is_of(&self, id: &str) -> bool {
        let Ok(text) = std::str::from_utf8(&self.json) else { return false };
        let mut json = Json::new(text);
        if json.peek() != Some(b'{') {
            return false;
        }
        let Ok(mut first) = json.enter() else { return false };
        // Canonical, so there is one; and it mostly comes first.
        while let Ok(Some(key)) = json.next_key(&mut first) {
            if key == "id" {
                return json.peek() == Some(b'"') && json.string().is_ok_and(|found| found == id);
            }
            if json.skip().is_err() {
                return false;
            }
        }
        false
    }
}

/// Says what a webhook's body is and whether it is canonical, in one pass that keeps nothing of it.
///
/// `known` wins over every sign in the body, as in [`parse_webhook`]. Fails with `invalid_webhook`, as that does.
///
/// ```
/// use image_intelligence_core::{EventKind, check};
///
/// let job = br#"{"id": "1", "status": "IN_PROGRESS", "jobResults": [], "imageResults": []}"#;
/// let checked = check(job, None)?;
/// assert_eq!((checked.event, checked.canonical), (EventKind::Detect, true));
///
/// // An id that is a number is understood, but no language should decode it as it stands.
/// let odd = br#"{"id": 1, "status": "IN_PROGRESS", "jobResults": [], "imageResults": []}"#;
/// assert!(!check(odd, None)?.canonical);
/// # Ok::<(), image_intelligence_core::Error>(())
/// ```
pub fn check(body: &[u8], known: Option<EventKind>) -> Result<Checked> {
    look(body, known, ErrorKind::InvalidWebhook)
}

/// The canonical JSON of a webhook's body: the job as it is understood, written anew, or an unknown body as it came.
///
/// ```
/// use image_intelligence_core::canonicalise;
///
/// let (_, json) = canonicalise(br#"{"id": 1, "status": "IN_PROGRESS", "jobResults": null}"#, None)?;
/// # let (_, json) = canonicalise(br#"{"id": 1, "status": "IN_PROGRESS", "jobResults": []}"#, None)?;
/// assert_eq!(json, br#"{"id":"1","jobResults":[],"imageResults":[],"status":"IN_PROGRESS"}"#);
/// # Ok::<(), image_intelligence_core::Error>(())
/// ```
pub fn canonicalise(body: &[u8], known: Option<EventKind>) -> Result<(EventKind, Vec<u8>)> {
    let event = parse_webhook(body, known)?;
    Ok((event.kind(), event.to_json()))
}

/// [`check`], and [`canonicalise`] where that is needed: what a binding calls.
pub fn judge(body: &[u8], known: Option<EventKind>) -> Result<Judged<'_>> {
    let Checked { event, canonical, ascii } = check(body, known)?;
    if canonical {
        return Ok(Judged { event, json: Cow::Borrowed(body), canonical, ascii });
    }
    let (event, json) = canonicalise(body, known)?;
    let ascii = json.is_ascii();
    Ok(Judged { event, json: Cow::Owned(json), canonical, ascii })
}

/// As [`judge`], for the API's answer to a request: its errors are `invalid_response`, and a job without an id is one.
pub fn judge_job(body: &[u8], kind: Kind) -> Result<Judged<'_>> {
    let checked = look(body, Some(kind.into()), ErrorKind::InvalidResponse)?;
    let Checked { event, canonical, ascii } = checked;
    if canonical && event == kind.into() {
        return Ok(Judged { event, json: Cow::Borrowed(body), canonical, ascii });
    }
    let json = match kind {
        Kind::Detect => rewritten::<DetectJob>(body),
        Kind::Match => rewritten::<MatchJob>(body),
        Kind::Ask => rewritten::<AskJob>(body),
        Kind::Recognize => rewritten::<RecognizeJob>(body),
    }?;
    let ascii = json.is_ascii();
    Ok(Judged { event, json: Cow::Owned(json), canonical: false, ascii })
}

fn rewritten<J: JobModel>(body: &[u8]) -> Result<Vec<u8>> {
    from_json::<J>(body).map(|job| to_json(&job))
}

/// Reads an answer of the API as the model of that name, and writes it anew: for the tests of other languages.
#[doc(hidden)]
pub fn read_model(model: &str, body: &[u8]) -> Result<Vec<u8>> {
    match model {
        "detect_job" => DetectJob::from_json(body).map(|job| to_json(&job)),
        "detect_jobs" => DetectJob::list_from_json(body).map(|jobs| to_json(&jobs)),
        "match_job" => MatchJob::from_json(body).map(|job| to_json(&job)),
        "match_jobs" => MatchJob::list_from_json(body).map(|jobs| to_json(&jobs)),
        "ask_job" => AskJob::from_json(body).map(|job| to_json(&job)),
        "ask_jobs" => AskJob::list_from_json(body).map(|jobs| to_json(&jobs)),
        "recognize_job" => RecognizeJob::from_json(body).map(|job| to_json(&job)),
        "recognize_jobs" => RecognizeJob::list_from_json(body).map(|jobs| to_json(&jobs)),
        "identity" => Identity::from_json(body).map(|read| to_json(&read)),
        "identities" => Identity::list_from_json(body).map(|read| to_json(&read)),
        "face_image" => FaceImage::from_json(body).map(|read| to_json(&read)),
        "face_images" => FaceImage::list_from_json(body).map(|read| to_json(&read)),
        "face_group" => FaceGroup::from_json(body).map(|read| to_json(&read)),
        "face_groups" => FaceGroup::list_from_json(body).map(|read| to_json(&read)),
        "feedback" => Feedback::from_json(body).map(|read| to_json(&read)),
        "feedbacks" => Feedback::list_from_json(body).map(|read| to_json(&read)),
        "registered_webhook" => RegisteredWebhook::from_json(body).map(|read| to_json(&read)),
        _ => Err(Error::new(ErrorKind::Config, format!("there is no model {model:?}"))),
    }
}

fn look(bytes: &[u8], known: Option<EventKind>, kind: ErrorKind) -> Result<Checked> {
    let text = body::text(bytes, kind).map_err(|error| error.with_body(bytes))?;
    let marked = text.len() != bytes.len();
    let (event, plain) = match judge_as(text, known) {
        Ok(Some((Some(event), odd))) => (event, !odd),
        Ok(Some((None, _))) => (EventKind::Unknown, is_plain(text)),
        Ok(None) => return Err(body::no_object(kind, text)),
        Err(broken) => return Err(body::unreadable(kind, text, broken)),
    };
    Ok(Checked { event, canonical: plain && !marked, ascii: text.is_ascii() && !marked })
}

/// What a body is, if it is anything, and whether something in it is odd; `None` where it is no object.
fn judge_as(text: &str, known: Option<EventKind>) -> Result<Option<(Option<EventKind>, bool)>, Broken> {
    let mut json = Json::new(text);
    // Most are detect jobs, and to tell costs that judge nothing; whatever else it turns out to be is judged anew.
    let shape = match known.and_then(EventKind::shape) {
        known @ (None | Some(Shape::Job(Kind::Detect))) => {
            let Some(found) = detect_job(&mut json)? else { return no_object(&mut json) };
            json.end()?;
            match known.unwrap_or_else(|| found.signs.shape()) {
                Shape::Job(Kind::Detect) => return Ok(Some((found.has_id.then_some(EventKind::Detect), json.odd))),
                other => other,
            }
        }
        Some(other) => other,
    };
    let mut json = Json::new(text);
    if json.peek() != Some(b'{') {
        json.skip()?;
        return no_object(&mut json);
    }
    let event = match shape {
        Shape::Job(Kind::Detect) => plain_job::<DetectJob>(&mut json)?,
        Shape::Job(Kind::Match) => plain_job::<MatchJob>(&mut json)?,
        Shape::Job(Kind::Ask) => plain_job::<AskJob>(&mut json)?,
        Shape::Job(Kind::Recognize) => plain_job::<RecognizeJob>(&mut json)?,
        Shape::Event => Some(registered_event(&mut json, text)?),
        Shape::Unknown => return Ok(Some((None, false))),
    };
    json.end()?;
    Ok(Some((event, json.odd)))
}

fn no_object<T>(json: &mut Json<'_>) -> Result<Option<T>, Broken> {
    json.end().map(|()| None)
}

/// Judges a job of a kind that is known; nothing where it has no id.
fn plain_job<J: JobModel>(json: &mut Json<'_>) -> Result<Option<EventKind>, Broken> {
    let (mut seen, mut has_id) = (0, false);
    let mut keys = Keys::<J>::of(json)?;
    while let Some(key) = keys.next(json)? {
        match key {
            Key::Own(ID) => has_id = id(json, &mut seen)?,
            Key::Own(field) => J::exact_field(field, json, &mut seen)?,
            Key::Other(_) => json.skip()?,
        }
    }
    require::<J>(json, seen);
    Ok(has_id.then(|| J::KIND.into()))
}

fn registered_event(json: &mut Json<'_>, text: &str) -> Result<EventKind, Broken> {
    let mut seen = 0;
    let mut keys = Keys::<RegisteredEvent>::of(json)?;
    while let Some(key) = keys.next(json)? {
        match key {
            Key::Own(field) => RegisteredEvent::exact_field(field, json, &mut seen)?,
            Key::Other(_) => json.skip()?,
        }
    }
    require::<RegisteredEvent>(json, seen);
    // A plain decoder takes one without an id for an identity, and does not look for it elsewhere.
    let here = json::field(text, "identity");
    json.odd |= match here {
        Some(identity) => json::field(identity, "id").is_some_and(|id| id == "\"\""),
        None => identity_elsewhere(text).is_some(),
    };
    Ok(EventKind::Event)
}

/// Whether every reader sees the same in a body that is no job of ours.
#[cold]
fn is_plain(text: &str) -> bool {
    let mut json = Json::new(text);
    json.skip().is_ok() && !json.odd
}

/// The field that every job has first.
const ID: usize = 0;

/// A body, judged as a detect job.
struct Found {
    signs: Signs,
    has_id: bool,
}

/// Judges the body that stands here; `None` where it is no object.
fn detect_job(json: &mut Json<'_>) -> Result<Option<Found>, Broken> {
    if json.peek() != Some(b'{') {
        json.skip()?;
        return Ok(None);
    }
    let mut signs = Signs::default();
    let (mut seen, mut has_id) = (0, false);
    let mut keys = Keys::<DetectJob>::of(json)?;
    while let Some(key) = keys.next(json)? {
        let form = Presence::of(json);
        match key {
            Key::Own(ID) => has_id = id(json, &mut seen)?,
            Key::Own(DetectJob::JOB_RESULTS) => {
                note(DetectJob::JOB_RESULTS, json, &mut seen);
                (signs.job_results, signs.first) = (form, None);
                each(json, form, |json| job_result(json, &mut signs))?;
            }
            Key::Own(DetectJob::IMAGE_RESULTS) => {
                note(DetectJob::IMAGE_RESULTS, json, &mut seen);
                (signs.image_results, signs.has_objects) = (form, false);
                each(json, form, |json| image_result(json, &mut signs))?;
            }
            Key::Own(field) => {
                if field == DetectJob::STATUS {
                    signs.status = form;
                }
                DetectJob::exact_field(field, json, &mut seen)?;
            }
            Key::Other(key) if key == "type" && form == Presence::Text => {
                signs.type_ = form;
                signs.is_face = json.string()? == "FACE";
            }
            Key::Other(key) => {
                signs.note(&key, form);
                json.skip()?;
            }
        }
    }
    require::<DetectJob>(json, seen);
    Ok(Some(Found { signs, has_id }))
}

/// Whether there is an id that [`Read`](crate::read::Read) takes.
fn id(json: &mut Json<'_>, seen: &mut u32) -> Result<bool, Broken> {
    note(ID, json, seen);
    if json.peek() == Some(b'"') {
        let there = !json.string()?.is_empty();
        json.odd |= !there;
        return Ok(there);
    }
    json.odd = true;
    Ok(matches!(json.number()?, Some(Number::Integer(_))))
}

/// Judges the objects of a list. One object in the place of the list is read as its only item, and is odd; so is an item
/// that is no object.
fn each(
    json: &mut Json<'_>,
    form: Presence,
    mut judge: impl FnMut(&mut Json<'_>) -> Result<(), Broken>,
) -> Result<(), Broken> {
    match form {
        Presence::Array => {
            let mut first = json.enter()?;
            while json.next_item(&mut first)? {
                if json.peek() == Some(b'{') { judge(json)? } else { odd(json)? }
            }
            Ok(())
        }
        Presence::Object => {
            json.odd = true;
            judge(json)
        }
        _ => odd(json),
    }
}

fn job_result(json: &mut Json<'_>, signs: &mut Signs) -> Result<(), Broken> {
    let mut item = First::default();
    let mut seen = 0;
    let mut keys = Keys::<DetectJobResult>::of(json)?;
    while let Some(key) = keys.next(json)? {
        match key {
            Key::Own(field) => {
                if field == DetectJobResult::CLASS {
                    item.class = Presence::of(json);
                }
                DetectJobResult::exact_field(field, json, &mut seen)?;
            }
            Key::Other(key) => {
                if key == "target" {
                    item.target = Presence::of(json);
                }
                json.skip()?;
            }
        }
    }
    require::<DetectJobResult>(json, seen);
    signs.first.get_or_insert(item);
    Ok(())
}

fn image_result(json: &mut Json<'_>, signs: &mut Signs) -> Result<(), Broken> {
    let mut objects = Presence::Absent;
    let mut seen = 0;
    let mut keys = Keys::<DetectImageResult>::of(json)?;
    while let Some(key) = keys.next(json)? {
        match key {
            Key::Own(field) => {
                if field == DetectImageResult::OBJECTS {
                    objects = Presence::of(json);
                }
                DetectImageResult::exact_field(field, json, &mut seen)?;
            }
            Key::Other(_) => json.skip()?,
        }
    }
    require::<DetectImageResult>(json, seen);
    signs.has_objects |= objects != Presence::Absent;
    Ok(())
}
