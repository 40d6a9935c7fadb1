//! What every job request has: pictures and job-level options.

use std::marker::PhantomData;

use serde::de::{Error as _, IgnoredAny, SeqAccess, Visitor};
use serde::forward_to_deserialize_any;
use serde::{Deserialize, Deserializer, Serialize};

use crate::validate::Field;
use crate::{Error, Kind, Limits, Result};

/// Reads the JSON of a request, with the place of whatever is wrong in it.
pub(crate) fn from_json<T: serde::de::DeserializeOwned>(json: &[u8]) -> Result<T> {
    let refuse = |problem: &str| Error::invalid_request("the body", problem);
    let text = std::str::from_utf8(json).map_err(|_| refuse("it is not JSON, for it is not UTF-8"))?;
    // serde would take an array for an object, its items for the fields in their order.
    if text.trim_start().starts_with('[') {
        return Err(refuse("an array given, a JSON object expected"));
    }
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let read = serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
        let path = error.path().to_string();
        Error::invalid_request(if path == "." { "the body" } else { &path }, problem(&error.into_inner()))
    })?;
    deserializer.end().map_err(|error| Error::invalid_request("the body", problem(&error)))?;
    Ok(read)
}

/// What is wrong with a value, in words. Where it stands is said by its path; lines and columns are those of a text that the
/// caller may never have seen.
fn problem(error: &serde_json::Error) -> String {
    let text = error.to_string();
    if error.is_data() { text.split(" at line ").next().unwrap_or_default().to_owned() } else { text }
}

/// Reads an object as one: serde would take an array too, its items for the fields in their order.
pub(crate) fn object<'de, T: Deserialize<'de>, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
    T::deserialize(NoArray(deserializer))
}

/// As [`object`], where there may be none at all.
pub(crate) fn object_or_none<'de, T, D>(deserializer: D) -> Result<Option<T>, D::Error>
where
    T: Deserialize<'de>,
    D: Deserializer<'de>,
{
    Ok(Option::<Object<T>>::deserialize(deserializer)?.map(|object| object.0))
}

struct Object<T>(T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        object(deserializer).map(Self)
    }
}

/// Reads everything as JSON has it, but a struct from nothing else than an object.
struct NoArray<D>(D);

impl<'de, D: Deserializer<'de>> Deserializer<'de> for NoArray<D> {
    type Error = D::Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        self.0.deserialize_any(visitor)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        self.0.deserialize_map(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        self.0.deserialize_option(visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, name: &'static str, visitor: V) -> Result<V::Value, D::Error> {
        self.0.deserialize_newtype_struct(name, visitor)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 u8 u16 u32 u64 f32 f64 char str string bytes byte_buf unit unit_struct seq tuple tuple_struct
        map enum identifier ignored_any
    }
}

/// Reads `null` as the default.
pub(crate) fn absent_is_default<'de, T, D>(deserializer: D) -> Result<T, D::Error>
where
    T: Default + Deserialize<'de>,
    D: Deserializer<'de>,
{
    Option::deserialize(deserializer).map(Option::unwrap_or_default)
}

/// Reads an array of at most `MOST` items, and stops at the first that is too many: a body of a few megabytes may hold
/// millions of empty ones.
pub(crate) fn at_most<'de, const MOST: usize, T, D>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    T: Deserialize<'de>,
    D: Deserializer<'de>,
{
    struct Items<T, const MOST: usize>(PhantomData<T>);

    impl<'de, T: Deserialize<'de>, const MOST: usize> Visitor<'de> for Items<T, MOST> {
        type Value = Vec<T>;

        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("an array")
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut array: A) -> Result<Vec<T>, A::Error> {
            let mut items = Vec::new();
            while items.len() < MOST {
                let Some(Object(item)) = array.next_element()? else { return Ok(items) };
                items.push(item);
            }
            match array.next_element::<IgnoredAny>()? {
                None => Ok(items),
                Some(_) => {
                    Err(A::Error::custom(format_args!("more than {MOST} given; that is more than any limit here")))
                }
            }
        }
    }

    deserializer.deserialize_seq(Items::<T, MOST>(PhantomData))
}

/// As [`at_most`], where there may be no array at all.
pub(crate) fn at_most_or_none<'de, const MOST: usize, T, D>(deserializer: D) -> Result<Option<Vec<T>>, D::Error>
where
    T: Deserialize<'de>,
    D: Deserializer<'de>,
{
    #[derive(Deserialize)]
    #[serde(bound = "T: Deserialize<'de>", transparent)]
    struct Items<T, const MOST: usize>(#[serde(deserialize_with = "at_most::<MOST, _, _>")] Vec<T>);

    Ok(Option::<Items<T, MOST>>::deserialize(deserializer)?.map(|items| items.0))
}

/// What the requests of the four kinds of job have in common, so that sending one is written once.
pub trait JobRequest: Serialize + Sized {
    /// The pictures.
    fn images_mut(&mut self) -> &mut Vec<ImageRequest>;

    /// What every job may carry.
    fn options(&self) -> &JobOptions;

    /// What every job may carry, to be changed.
    fn options_mut(&mut self) -> &mut JobOptions;

    /// Reads a request from JSON, strictly.
    fn read(json: &[u8]) -> Result<Self>;

    /// Checks it against the API's limits.
    fn check(&self, limits: &Limits) -> Result<()>;

    /// Checks everything but the pictures, of which `count` are to come.
    fn check_before_images(&self, count: usize, limits: &Limits) -> Result<()>;
}

/// Gives a request the methods that every job's has. It checks what is its own in `check_the_rest`.
macro_rules! job_request {
    ($request:ident is $kind:ident) => {
        impl $request {
            /// Reads a request from JSON, strictly.
            ///
            /// Fails with `invalid_request`, naming the place of what is wrong in it. Nothing is checked against limits
            /// yet.
            ///
            /// ```
            #[doc = concat!("use image_intelligence_core::", stringify!($request), ";")]
            ///
            /// let wrong = br#"{"images": [{"url": 7}]}"#;
            #[doc = concat!("let error = ", stringify!($request), "::from_json(wrong).unwrap_err();")]
            /// assert_eq!(error.message(), "images[0].url: invalid type: integer `7`, expected a string");
            /// ```
            pub fn from_json(json: &[u8]) -> $crate::Result<Self> {
                $crate::request::from_json(json)
            }

            /// Checks it against the API's limits. The error names the field, the limit and what was given.
            pub fn validate(&self, limits: &$crate::Limits) -> $crate::Result<()> {
                $crate::request::check_images($crate::Kind::$kind, &self.images, limits)?;
                self.check_the_rest(limits)
            }

            /// Checks everything but the pictures, of which `count` are to come: for a caller that has yet to read them.
            pub fn validate_before_images(&self, count: usize, limits: &$crate::Limits) -> $crate::Result<()> {
                $crate::request::check_image_count($crate::Kind::$kind, count, limits)?;
                self.check_the_rest(limits)
            }
        }

        impl $crate::JobRequest for $request {
            fn images_mut(&mut self) -> &mut Vec<$crate::ImageRequest> {
                &mut self.images
            }

            fn options(&self) -> &$crate::JobOptions {
                &self.options
            }

            fn options_mut(&mut self) -> &mut $crate::JobOptions {
                &mut self.options
            }

            fn read(json: &[u8]) -> $crate::Result<Self> {
                Self::from_json(json)
            }

            fn check(&self, limits: &$crate::Limits) -> $crate::Result<()> {
                self.validate(limits)
            }

            fn check_before_images(&self, count: usize, limits: &$crate::Limits) -> $crate::Result<()> {
                self.validate_before_images(count, limits)
            }
        }
    };
}
pub(crate) use job_request;

/// A picture of a request: a URL that the service fetches, or the file itself in base64.
#[derive(Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", expecting = "an object with url or blob")]
#[non_exhaustive]
pub struct ImageRequest {
    /// Where the service fetches it, at most 512 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// The file, in base64 of the standard alphabet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub blob: Option<String>,
    /// The caller's own name for it, at most 64 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub custom_id: Option<String>,
}

impl ImageRequest {
    /// A picture that the service fetches.
    pub fn url(url: impl Into<String>) -> Self {
        Self { url: Some(url.into()), ..Self::default() }
    }

    /// A picture that goes along: `bytes` is the file as it is, JPEG or the like.
    pub fn bytes(bytes: &[u8]) -> Self {
        use base64::Engine as _;
        Self { blob: Some(base64::engine::general_purpose::STANDARD.encode(bytes)), ..Self::default() }
    }

    /// Gives it the caller's own name.
    pub fn custom_id(mut self, id: impl Into<String>) -> Self {
        self.custom_id = Some(id.into());
        self
    }
}

impl std::fmt::Debug for ImageRequest {
    /// Shows how large a blob is, not the blob.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ImageRequest")
            .field("url", &self.url)
            .field("blob", &self.blob.as_ref().map(|blob| format!("{} characters", blob.len())))
            .field("custom_id", &self.custom_id)
            .finish()
    }
}

/// What every job may carry.
#[derive(Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct JobOptions {
    /// Where the service posts the finished job, at most 512 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub webhook_url: Option<String>,
    /// The caller's own name for the job, at most 64 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub custom_id: Option<String>,
    /// Which camera or source the pictures came from, at most 64 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub feed_id: Option<String>,
}

/// Shows the URL without the token in it, where it is a callback URL of ours.
impl std::fmt::Debug for JobOptions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("JobOptions")
            .field("webhook_url", &crate::shown::Field("webhookUrl", &self.webhook_url))
            .field("custom_id", &self.custom_id)
            .field("feed_id", &self.feed_id)
            .finish()
    }
}

impl JobOptions {
    pub(crate) fn validate(&self, limits: &Limits, longest_url: usize) -> Result<()> {
        if let Some(url) = &self.webhook_url {
            Field::new("webhookUrl").url(url, longest_url)?;
        }
        for (field, id) in [("customId", &self.custom_id), ("feedId", &self.feed_id)] {
            if let Some(id) = id {
                Field::new(field).at_most(id, limits.custom_id)?;
            }
        }
        Ok(())
    }
}

pub(crate) fn check_image_count(kind: Kind, given: usize, limits: &Limits) -> Result<()> {
    let most = limits.images;
    match given {
        0 => Err(Error::invalid_request("images", format_args!("none given, a job takes 1 to {most}"))),
        given if given > most => Err(Error::invalid_request(
            "images",
            format_args!("{given} given, at most {most} a job ({kind}_all splits any number into jobs)"),
        )),
        _ => Ok(()),
    }
}

pub(crate) fn check_images(kind: Kind, images: &[ImageRequest], limits: &Limits) -> Result<()> {
    check_image_count(kind, images.len(), limits)?;
    for (index, image) in images.iter().enumerate() {
        let field = Field::new("images").at(index);
        if image.url.is_none() && image.blob.is_none() {
            return Err(Error::invalid_request(
                field.name(),
                "neither url nor blob given; say where the picture is, or send its bytes in base64",
            ));
        }
        if let Some(url) = &image.url {
            field.key("url").picture_url(url, limits.url)?;
        }
        if let Some(blob) = &image.blob {
            field.key("blob").base64(blob)?;
        }
        if let Some(id) = &image.custom_id {
            field.key("customId").at_most(id, limits.custom_id)?;
        }
    }
    Ok(())
}
