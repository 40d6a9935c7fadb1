//! Any job's body in one pass: the fields of all kinds side by side, and what tells the kinds apart.

use crate::ask::{AskExamples, AskJobResult};
use crate::detect::{DetectImageResult, DetectJobImage, DetectJobResult};
use crate::json::{self, Broken, Json, Why};
use crate::matching::{MatchJobResult, MatchTarget};
use crate::model::{Key, Keys, Model as _};
use crate::picture::{ImageResult, JobImage};
use crate::read::{Presence, Read, Seen, another, from_text, read_fields};
use crate::recognition::Identity;
use crate::recognize::RecognizedImage;
use crate::{Error, ErrorKind, JobStatus, Kind, Raw, Result, Timestamp};

/// The union of every body that the API sends for a job, and of an event.
#[derive(Default)]
pub(crate) struct Body {
    pub(crate) id: Option<String>,
    pub(crate) created_at: Option<Timestamp>,
    pub(crate) status: Option<JobStatus>,
    pub(crate) custom_id: Option<String>,
    pub(crate) feed_id: Option<String>,
    pub(crate) webhook_url: Option<String>,
    pub(crate) job_results: Seen<Vec<AnyJobResult>>,
    pub(crate) image_results: Seen<ImageResults>,
    pub(crate) images: Seen<Vec<RecognizedImage>>,
    pub(crate) question: Seen<String>,
    pub(crate) examples: Option<AskExamples>,
    pub(crate) identity: Option<Identity>,
    event: Seen<String>,
    event_type: Seen<String>,
    type_: Seen<String>,
}

/// What a body is, as the contract orders the signs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    Job(Kind),
    Event,
    Unknown,
}

/// What tells bodies apart: what stands where, and nothing of what it says.
#[derive(Default)]
pub(crate) struct Signs {
    pub(crate) job_results: Presence,
    /// Of the first object in `jobResults`.
    pub(crate) first: Option<First>,
    pub(crate) image_results: Presence,
    /// Whether some item of `imageResults` has `objects`.
    pub(crate) has_objects: bool,
    pub(crate) type_: Presence,
    pub(crate) is_face: bool,
    images: Presence,
    question: Presence,
    event: Presence,
    event_type: Presence,
    pub(crate) status: Presence,
}

/// What tells the first of `jobResults` apart.
#[derive(Default)]
pub(crate) struct First {
    pub(crate) class: Presence,
    pub(crate) target: Presence,
}

impl Signs {
    /// Notes what stands at a key of which the place alone counts.
    #[inline]
    pub(crate) fn note(&mut self, key: &str, form: Presence) {
        match key {
            "images" => self.images = form,
            "question" => self.question = form,
            "event" => self.event = form,
            "eventType" => self.event_type = form,
            "type" => self.type_ = form,
            _ => {}
        }
    }

    /// Tells what the body is where nobody knows its kind.
    pub(crate) fn shape(&self) -> Shape {
        let first = self.first.as_ref();
        if self.question == Presence::Text {
            Shape::Job(Kind::Ask)
        } else if first.is_some_and(|item| item.target != Presence::Absent) {
            Shape::Job(Kind::Match)
        } else if (self.job_results == Presence::Array && first.is_some_and(|item| item.class != Presence::Absent))
            || self.has_objects
        {
            Shape::Job(Kind::Detect)
        } else if self.job_results == Presence::Absent
            && self.image_results == Presence::Absent
            && self.images == Presence::Array
            && self.status == Presence::Text
        {
            Shape::Job(Kind::Recognize)
        } else if self.job_results == Presence::Array {
            Shape::Job(Kind::Detect)
        } else if self.job_results == Presence::Object {
            Shape::Job(Kind::Match)
        } else if self.event == Presence::Text
            || self.event_type == Presence::Text
            || (self.type_ == Presence::Text && !self.is_face)
        {
            Shape::Event
        } else {
            Shape::Unknown
        }
    }
}

impl Body {
    /// Tells what the body is where nobody knows its kind.
    pub(crate) fn shape(&self) -> Shape {
        let results = &self.job_results;
        Signs {
            job_results: results.form,
            first: results.value.first().map(|item| First { class: item.class.form, target: item.target.form }),
            image_results: self.image_results.form,
            has_objects: self.image_results.value.has_objects,
            type_: self.type_.form,
            is_face: self.type_.value == "FACE",
            images: self.images.form,
            question: self.question.form,
            event: self.event.form,
            event_type: self.event_type.form,
            status: if self.status.is_some() { Presence::Text } else { Presence::Absent },
        }
        .shape()
    }

    /// What an event is called.
    pub(crate) fn event_name(&self) -> &str {
        let names = [&self.event, &self.event_type, &self.type_];
        names.into_iter().find(|name| name.form == Presence::Text).map_or("", |name| name.value.as_str())
    }
}

read_fields!(Body {
    "id" => id, "createdAt" => created_at, "status" => status, "customId" => custom_id, "feedId" => feed_id,
    "webhookUrl" => webhook_url, "jobResults" => job_results, "imageResults" => image_results, "images" => images,
    "question" => question, "examples" => examples, "identity" => identity, "event" => event, "eventType" => event_type, "type" => type_,
});

/// One of `jobResults`: an array for detect, one object for the others; real servers swap them.
#[derive(Default)]
pub(crate) struct AnyJobResult {
    class: Seen<String>,
    image: Option<DetectJobImage>,
    hitl: Option<bool>,
    target: Seen<Option<MatchTarget>>,
}
read_fields!(AnyJobResult { "class" => class, "image" => image, "hitl" => hitl, "target" => target });

impl From<AnyJobResult> for DetectJobResult {
    fn from(any: AnyJobResult) -> Self {
        Self { class: any.class.value, image: any.image, hitl: any.hitl }
    }
}

impl From<AnyJobResult> for MatchJobResult {
    fn from(any: AnyJobResult) -> Self {
        Self { target: any.target.value, image: any.image.map(Into::into), hitl: any.hitl }
    }
}

impl From<AnyJobResult> for AskJobResult {
    fn from(any: AnyJobResult) -> Self {
        Self { image: any.image.map(Into::into) }
    }
}

impl From<DetectJobImage> for JobImage {
    fn from(any: DetectJobImage) -> Self {
        let DetectJobImage { id, url, proxy_url, custom_id, confidence: _, input } = any;
        Self { id, url, proxy_url, custom_id, input }
    }
}

impl From<DetectImageResult> for ImageResult {
    fn from(any: DetectImageResult) -> Self {
        let DetectImageResult { id, url, proxy_url, custom_id, objects: _, status, input } = any;
        Self { id, url, proxy_url, custom_id, status, input }
    }
}

/// `imageResults`, and whether some item of it has `objects`.
#[derive(Default)]
pub(crate) struct ImageResults {
    pub(crate) items: Vec<DetectImageResult>,
    has_objects: bool,
}

impl ImageResults {
    /// Those of a match or ask job, which have no objects.
    pub(crate) fn plain(self) -> Vec<ImageResult> {
        self.items.into_iter().map(Into::into).collect()
    }

    fn read_item(&mut self, json: &mut Json<'_>) -> Result<(), Broken> {
        if json.peek() != Some(b'{') {
            return json.skip();
        }
        let image = another(&mut self.items);
        let mut objects = Presence::Absent;
        let mut keys = Keys::<DetectImageResult>::of(json)?;
        while let Some(key) = keys.next(json)? {
            match key {
                Key::Own(field) => {
                    if field == DetectImageResult::OBJECTS {
                        objects = Presence::of(json);
                    }
                    image.read_field(field, json)?;
                }
                Key::Other(_) => json.skip()?,
            }
        }
        self.has_objects |= objects != Presence::Absent;
        Ok(())
    }
}

impl Read for ImageResults {
    fn read(&mut self, json: &mut Json<'_>) -> Result<(), Broken> {
        *self = Self::default();
        if json.peek() != Some(b'[') {
            return self.read_item(json);
        }
        let mut first = json.enter()?;
        while json.next_item(&mut first)? {
            self.read_item(json)?;
        }
        Ok(())
    }
}

/// Checks the bytes to be UTF-8 once, drops a byte order mark, and reads them.
pub(crate) fn read_json(json: &[u8], kind: ErrorKind) -> Result<(Body, Raw)> {
    let text = text(json, kind).map_err(|error| error.with_body(json))?;
    match from_text::<Option<Body>>(text) {
        Ok(Some(body)) => Ok((body, Raw::new(text))),
        Ok(None) => Err(no_object(kind, text)),
        Err(broken) => Err(unreadable(kind, text, broken)),
    }
}

pub(crate) fn text(json: &[u8], kind: ErrorKind) -> Result<&str> {
    let json = json.strip_prefix(b"\xef\xbb\xbf").unwrap_or(json);
    simdutf8::basic::from_utf8(json)
        .map_err(|_| Error::new(kind, format!("{} bytes that are not UTF-8 came; JSON is", json.len())))
}

#[cold]
pub(crate) fn no_object(kind: ErrorKind, text: &str) -> Error {
    Error::new(kind, "JSON came, but no object").with_body(text.as_bytes())
}

#[cold]
pub(crate) fn unreadable(kind: ErrorKind, text: &str, broken: Broken) -> Error {
    let what = match (broken.why, text.trim_start().as_bytes().first()) {
        (_, None) => "an empty body came, JSON was expected".to_owned(),
        (_, Some(b'<')) => "HTML came, JSON was expected; is the address right, or a proxy in between?".to_owned(),
        (Why::BreaksOff, _) => format!("{} bytes of JSON came, and then it broke off", text.len()),
        (Why::Syntax | Why::TooDeep, _) => format!("what came is no JSON: {broken}"),
    };
    Error::new(kind, what).with_body(text.as_bytes())
}

/// Reads an array of jobs item by item, so that an odd one costs only itself. `null` is no jobs.
pub(crate) fn read_list<T>(json: &[u8], read: impl Fn(Body, Raw) -> Option<T>) -> Result<Vec<T>> {
    read_items(json, |item| read(from_text::<Option<Body>>(item).ok()??, Raw::new(item)))
}

/// Reads an array item by item, leaving out those of which nothing can be made. `null` is an empty one.
pub(crate) fn read_items<T>(json: &[u8], read: impl Fn(&str) -> Option<T>) -> Result<Vec<T>> {
    let kind = ErrorKind::InvalidResponse;
    let text = text(json, kind).map_err(|error| error.with_body(json))?;
    let items = match json::items(text) {
        Ok(Some(items)) => items,
        Ok(None) if text.trim() == "null" => Vec::new(),
        Ok(None) => {
            return Err(Error::new(kind, "the answer to a search is JSON, but no array").with_body(text.as_bytes()));
        }
        Err(broken) => return Err(unreadable(kind, text, broken).with_context("the answer to a search")),
    };
    Ok(items.into_iter().filter_map(read).collect())
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::{Body, Shape};
    use crate::Kind;
    use crate::read::from_text;

    /// The shared table says what each body is, whether or not it can be made into that.
    #[test]
    fn bodies_are_told_apart_as_the_shared_table_says() {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/vectors/webhook.json");
        let table: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
        let mut told = 0;
        for case in table["cases"].as_array().unwrap() {
            let text = match (case.get("json"), case.get("text").and_then(Value::as_str)) {
                (Some(json), None) => json.to_string(),
                (None, Some(text)) => text.to_owned(),
                _ => continue,
            };
            let Some(expected) = case.get("shape").or(case.get("event")).and_then(Value::as_str) else { continue };
            if case.get("known_kind").is_some() {
                continue;
            }
            let body = from_text::<Option<Body>>(&text).unwrap().unwrap();
            let expected = match (Kind::from_name(expected), expected) {
                (Some(kind), _) => Shape::Job(kind),
                (None, "event") => Shape::Event,
                _ => Shape::Unknown,
            };
            assert_eq!(body.shape(), expected, "{}", case["name"]);
            told += 1;
        }
        assert!(told > 25, "only {told} cases were looked at");
    }
}
