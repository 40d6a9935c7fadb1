//! What every job request has: pictures and job-level options.

use std::marker::PhantomData;

use serde::de::{Error as _, IgnoredAny, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use crate::validate::Field;
use crate::{Error, Limits, Result};

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
                let Some(item) = array.next_element()? else { return Ok(items) };
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
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
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

impl JobOptions {
    pub(crate) fn validate(&self, limits: &Limits) -> Result<()> {
        if let Some(url) = &self.webhook_url {
            Field::new("webhookUrl").url(url, limits.url)?;
        }
        for (field, id) in [("customId", &self.custom_id), ("feedId", &self.feed_id)] {
            if let Some(id) = id {
                Field::new(field).at_most(id, limits.custom_id)?;
            }
        }
        Ok(())
    }
}

pub(crate) fn check_image_count(given: usize, limits: &Limits) -> Result<()> {
    let most = limits.images;
    match given {
        0 => Err(Error::invalid_request("images", format_args!("none given, a job takes 1 to {most}"))),
        given if given > most => Err(Error::invalid_request(
            "images",
            format_args!("{given} given, at most {most} a job; send them as several jobs"),
        )),
        _ => Ok(()),
    }
}

pub(crate) fn check_images(images: &[ImageRequest], limits: &Limits) -> Result<()> {
    check_image_count(images.len(), limits)?;
    for (index, image) in images.iter().enumerate() {
        let field = Field::new("images").at(index);
        if image.url.is_none() && image.blob.is_none() {
            return Err(Error::invalid_request(
                field.name(),
                "neither url nor blob given; say where the picture is, or send its bytes in base64",
            ));
        }
        if let Some(url) = &image.url {
            field.key("url").url(url, limits.url)?;
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
