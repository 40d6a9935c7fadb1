//! Any job's body in one pass: the fields of all kinds side by side, and what tells the kinds apart.

use std::fmt;

use serde::Deserialize;
use serde::de::{MapAccess, SeqAccess};
use serde_json::value::RawValue;

use crate::detect::{DetectImageResult, DetectJobImage, DetectJobResult, DetectedObject};
use crate::read::{Item, Presence, Read, ReadObject, read_fields};
use crate::{Error, ErrorKind, ImageStatus, JobStatus, Kind, Raw, Result, Timestamp};

/// The union of every body that the API sends for a job.
#[derive(Default)]
pub(crate) struct Body {
    pub(crate) id: Option<String>,
    pub(crate) created_at: Option<Timestamp>,
    pub(crate) status: JobStatus,
    pub(crate) custom_id: Option<String>,
    pub(crate) feed_id: Option<String>,
    pub(crate) webhook_url: Option<String>,
    pub(crate) job_results: JobResults,
    pub(crate) image_results: Vec<AnyImageResult>,
    image_results_seen: Presence,
    images: Presence,
    question: Presence,
    event: Presence,
    event_type: Presence,
    type_: Option<String>,
}

/// What a body is, as the contract orders the signs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    Job(Kind),
    Event,
    Unknown,
}

impl Body {
    /// Tells what the body is where nobody knows its kind.
    pub(crate) fn shape(&self) -> Shape {
        let results = &self.job_results;
        let first = results.items.first();
        if self.question == Presence::Text {
            Shape::Job(Kind::Ask)
        } else if first.is_some_and(|item| item.target != Presence::Absent) {
            Shape::Job(Kind::Match)
        } else if (results.form == Form::Array && first.is_some_and(|item| item.class.is_some()))
            || self.image_results.iter().any(|image| image.objects.is_some())
        {
            Shape::Job(Kind::Detect)
        } else if results.form == Form::Absent
            && self.image_results_seen == Presence::Absent
            && self.images == Presence::Array
            && self.status != JobStatus::default()
        {
            Shape::Job(Kind::Recognize)
        } else if results.form == Form::Array {
            Shape::Job(Kind::Detect)
        } else if results.form == Form::Object {
            Shape::Job(Kind::Match)
        } else if self.event == Presence::Text
            || self.event_type == Presence::Text
            || self.type_.as_deref().is_some_and(|name| name != "FACE")
        {
            Shape::Event
        } else {
            Shape::Unknown
        }
    }
}

impl ReadObject for Body {
    fn read_object<'de, A: MapAccess<'de>>(mut entries: A) -> Result<Self, A::Error> {
        let mut body = Self::default();
        while let Some(key) = entries.next_key::<Key>()? {
            macro_rules! into {
                ($field:ident) => {
                    body.$field = entries.next_value::<Item<_>>()?.0
                };
            }
            match key {
                Key::Id => into!(id),
                Key::CreatedAt => into!(created_at),
                Key::Status => into!(status),
                Key::CustomId => into!(custom_id),
                Key::FeedId => into!(feed_id),
                Key::WebhookUrl => into!(webhook_url),
                Key::JobResults => into!(job_results),
                Key::ImageResults => {
                    let Item(results) = entries.next_value::<Item<Option<Vec<AnyImageResult>>>>()?;
                    body.image_results_seen = if results.is_some() { Presence::Array } else { Presence::Absent };
                    body.image_results = results.unwrap_or_default();
                }
                Key::Images => into!(images),
                Key::Question => into!(question),
                Key::Event => into!(event),
                Key::EventType => into!(event_type),
                Key::Type => into!(type_),
                Key::Unknown => {
                    entries.next_value::<serde::de::IgnoredAny>()?;
                }
            }
        }
        Ok(body)
    }
}

impl<'de> Deserialize<'de> for Body {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        crate::read::object(deserializer)
    }
}

enum Key {
    Id,
    CreatedAt,
    Status,
    CustomId,
    FeedId,
    WebhookUrl,
    JobResults,
    ImageResults,
    Images,
    Question,
    Event,
    EventType,
    Type,
    Unknown,
}

impl<'de> Deserialize<'de> for Key {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Name;
        impl serde::de::Visitor<'_> for Name {
            type Value = Key;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a key")
            }
            fn visit_str<E>(self, key: &str) -> Result<Key, E> {
                Ok(match key {
                    "id" => Key::Id,
                    "createdAt" => Key::CreatedAt,
                    "status" => Key::Status,
                    "customId" => Key::CustomId,
                    "feedId" => Key::FeedId,
                    "webhookUrl" => Key::WebhookUrl,
                    "jobResults" => Key::JobResults,
                    "imageResults" => Key::ImageResults,
                    "images" => Key::Images,
                    "question" => Key::Question,
                    "event" => Key::Event,
                    "eventType" => Key::EventType,
                    "type" => Key::Type,
                    _ => Key::Unknown,
                })
            }
        }
        deserializer.deserialize_identifier(Name)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Form {
    #[default]
    Absent,
    Array,
    Object,
}

/// `jobResults`: an array for detect, one object for the others; real servers swap them.
#[derive(Default)]
pub(crate) struct JobResults {
    form: Form,
    pub(crate) items: Vec<AnyJobResult>,
}

impl Read for JobResults {
    fn absent() -> Self {
        Self::default()
    }
    fn from_array<'de, A: SeqAccess<'de>>(items: A) -> Result<Self, A::Error> {
        Ok(Self { form: Form::Array, items: Vec::from_array(items)? })
    }
    fn from_object<'de, A: MapAccess<'de>>(entries: A) -> Result<Self, A::Error> {
        Ok(Self { form: Form::Object, items: Vec::from_object(entries)? })
    }
}

#[derive(Default)]
pub(crate) struct AnyJobResult {
    class: Option<String>,
    image: Option<DetectJobImage>,
    hitl: Option<bool>,
    target: Presence,
}
read_fields!(AnyJobResult { "class" => class, "image" => image, "hitl" => hitl, "target" => target });

impl From<AnyJobResult> for DetectJobResult {
    fn from(any: AnyJobResult) -> Self {
        Self { class: any.class.unwrap_or_default(), image: any.image, hitl: any.hitl }
    }
}

#[derive(Default)]
pub(crate) struct AnyImageResult {
    id: Option<String>,
    url: Option<String>,
    proxy_url: Option<String>,
    custom_id: Option<String>,
    objects: Option<Vec<DetectedObject>>,
    status: ImageStatus,
}
read_fields!(AnyImageResult {
    "id" => id, "url" => url, "proxyUrl" => proxy_url, "customId" => custom_id, "objects" => objects, "status" => status,
});

impl From<AnyImageResult> for DetectImageResult {
    fn from(any: AnyImageResult) -> Self {
        Self {
            id: any.id,
            url: any.url,
            proxy_url: any.proxy_url,
            custom_id: any.custom_id,
            objects: any.objects.unwrap_or_default(),
            status: any.status,
            input: None,
        }
    }
}

/// Checks the bytes to be UTF-8 once, drops a byte order mark, and reads them: a good deal faster than checking each string.
pub(crate) fn read_json(json: &[u8], kind: ErrorKind) -> Result<(Body, Raw)> {
    let text = text(json, kind)?;
    let body = serde_json::from_str(text).map_err(|error| unreadable(kind, text, &error))?;
    Ok((body, Raw::new(text)))
}

pub(crate) fn text(json: &[u8], kind: ErrorKind) -> Result<&str> {
    let json = json.strip_prefix(b"\xef\xbb\xbf").unwrap_or(json);
    simdutf8::basic::from_utf8(json)
        .map_err(|_| Error::new(kind, format!("{} bytes that are not UTF-8 came; JSON is", json.len())))
}

fn unreadable(kind: ErrorKind, text: &str, error: &serde_json::Error) -> Error {
    let what = match text.trim_start().as_bytes().first() {
        None => "an empty body came, a JSON object was expected".to_owned(),
        Some(b'<') => "HTML came, a JSON object was expected; is the address right, or a proxy in between?".to_owned(),
        Some(b'{') if error.is_eof() => format!("{} bytes of JSON came, and then it broke off", text.len()),
        _ => format!("no JSON object: {error}"),
    };
    Error::new(kind, what).with_body(text.as_bytes())
}

/// Reads an array of jobs item by item, so that an odd one costs only itself.
pub(crate) fn read_list<T>(json: &[u8], read: impl Fn(Body, Raw) -> Option<T>) -> Result<Vec<T>> {
    let kind = ErrorKind::InvalidResponse;
    let text = text(json, kind)?;
    let items: Vec<&RawValue> = serde_json::from_str(text).map_err(|error| {
        Error::new(kind, format!("the answer to a search is no JSON array: {error}")).with_body(text.as_bytes())
    })?;
    let jobs = items.into_iter().filter_map(|item| {
        let body = serde_json::from_str(item.get()).ok()?;
        read(body, Raw::new(item.get()))
    });
    Ok(jobs.collect())
}
