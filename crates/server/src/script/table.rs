//! Who looks at the pictures: a script, for tests and fixtures, or the detector behind the same trait.

use std::collections::HashMap;

use image_intelligence_core::{BoundingBox, Class, ImageStatus};
use sha2::{Digest as _, Sha256};

/// A picture and what is asked about it.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub struct AskedPicture<'a> {
    /// The file as it came. `None` while a picture that was sent as a URL has not been fetched: whoever can answer by
    /// its URL or `customId` alone spares the download, and is asked again with the bytes otherwise.
    pub bytes: Option<&'a [u8]>,
    /// Where it comes from; `None` where it was sent along.
    pub url: Option<&'a str>,
    /// The caller's name for the picture.
    pub custom_id: Option<&'a str>,
    /// The classes to look for, as they were asked for.
    pub classes: &'a [Class],
}

/// Looks at pictures in place of a model. A closure will do:
///
/// ```
/// use image_intelligence_server::{Answer, AskedPicture, Found, Server};
///
/// # tokio::runtime::Runtime::new().unwrap().block_on(async {
/// let server = Server::builder()
///     .scripted(|picture: &AskedPicture<'_>| match picture.custom_id {
///         Some("door") => Some(Answer::found([Found::new("person", 0.97)])),
///         _ => Some(Answer::nothing()),
///     })
///     .start()
///     .await?;
/// # server.shutdown().await;
/// # Ok::<(), image_intelligence_core::Error>(())
/// # }).unwrap();
/// ```
pub trait Script: Send + Sync + 'static {
    /// What is in the picture; `None` where nobody can say. What nobody answered is never made up: the picture ends
    /// with `MODEL_SERVICE_ERROR`.
    ///
    /// Runs on a thread where it may block. A panic ends the picture with `DETECTION_ENGINE_ERROR`.
    fn answer(&self, picture: &AskedPicture<'_>) -> Option<Answer>;
}

impl<F> Script for F
where
    F: Fn(&AskedPicture<'_>) -> Option<Answer> + Send + Sync + 'static,
{
    fn answer(&self, picture: &AskedPicture<'_>) -> Option<Answer> {
        self(picture)
    }
}

/// What is in a picture, or what went wrong with it.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    pub(crate) status: ImageStatus,
    pub(crate) found: Vec<Found>,
}

impl Answer {
    /// These objects. Those of classes that were not asked for are left out of the job.
    pub fn found(objects: impl IntoIterator<Item = Found>) -> Self {
        Self { status: ImageStatus::CompletedSuccessfully, found: objects.into_iter().collect() }
    }

    /// The picture was looked at, and there is nothing in it.
    pub fn nothing() -> Self {
        Self::found([])
    }

    /// The picture ends with this status and without objects.
    pub fn status(status: ImageStatus) -> Self {
        Self { status, found: Vec::new() }
    }
}

/// One object.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    pub(crate) class: String,
    pub(crate) confidence: f64,
    pub(crate) bounding_box: Option<BoundingBox>,
}

impl Found {
    /// An object of a class, `confidence` from 0 to 1.
    pub fn new(class: impl Into<String>, confidence: f64) -> Self {
        Self { class: class.into(), confidence, bounding_box: None }
    }

    /// Says where it is, in pixels from the top left.
    pub fn bounding_box(mut self, place: BoundingBox) -> Self {
        self.bounding_box = Some(place);
        self
    }
}

/// Answers in a table: by a picture's `customId`, its URL or its bytes.
///
/// ```
/// use image_intelligence_core::ImageStatus;
/// use image_intelligence_server::{Answers, Found, Server};
///
/// # tokio::runtime::Runtime::new().unwrap().block_on(async {
/// let answers = Answers::new()
///     .found("door", [Found::new("person", 0.97), Found::new("dog", 0.41)])
///     .found("https://example.com/street.jpg", [Found::new("car", 0.88)])
///     .found(b"the bytes of a picture", [])
///     .status("attic", ImageStatus::SpiderwebsError)
///     .otherwise([]);
/// let server = Server::builder().scripted(answers).start().await?;
/// # server.shutdown().await;
/// # Ok::<(), image_intelligence_core::Error>(())
/// # }).unwrap();
/// ```
#[derive(Debug, Clone, Default)]
pub struct Answers {
    rules: HashMap<PictureKey, Answer>,
    otherwise: Option<Answer>,
}

impl Answers {
    /// An empty table: every picture ends with `MODEL_SERVICE_ERROR`.
    pub fn new() -> Self {
        Self::default()
    }

    /// These objects are in this picture.
    pub fn found(self, picture: impl Into<PictureKey>, objects: impl IntoIterator<Item = Found>) -> Self {
        self.rule(picture.into(), Answer::found(objects))
    }

    /// This picture ends with this status.
    pub fn status(self, picture: impl Into<PictureKey>, status: ImageStatus) -> Self {
        self.rule(picture.into(), Answer::status(status))
    }

    /// These objects are in every picture that has no answer of its own. A URL is fetched for it only where the table has
    /// answers by bytes.
    pub fn otherwise(mut self, objects: impl IntoIterator<Item = Found>) -> Self {
        self.otherwise = Some(Answer::found(objects));
        self
    }

    fn rule(mut self, picture: PictureKey, answer: Answer) -> Self {
        self.rules.insert(picture, answer);
        self
    }
}

impl Script for Answers {
    fn answer(&self, picture: &AskedPicture<'_>) -> Option<Answer> {
        let named = [picture.custom_id, picture.url].into_iter().flatten();
        let rule = named.map(PictureKey::from).find_map(|key| self.rules.get(&key));
        let by_bytes = self.rules.keys().any(|key| matches!(key.0, Key::Bytes(_)));
        match picture.bytes {
            Some(bytes) => rule.or_else(|| self.rules.get(&PictureKey::from(bytes))).or(self.otherwise.as_ref()),
            None if by_bytes => rule,
            None => rule.or(self.otherwise.as_ref()),
        }
        .cloned()
    }
}

/// Which picture an answer is for: text is its `customId` or URL, bytes are the file itself.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct PictureKey(Key);

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Key {
    Name(String),
    Bytes([u8; 32]),
}

impl From<&str> for PictureKey {
    fn from(name: &str) -> Self {
        Self(Key::Name(name.to_owned()))
    }
}

impl From<String> for PictureKey {
    fn from(name: String) -> Self {
        Self(Key::Name(name))
    }
}

impl From<&[u8]> for PictureKey {
    fn from(file: &[u8]) -> Self {
        Self(Key::Bytes(Sha256::digest(file).into()))
    }
}

impl<const N: usize> From<&[u8; N]> for PictureKey {
    fn from(file: &[u8; N]) -> Self {
        Self::from(file.as_slice())
    }
}

impl From<&Vec<u8>> for PictureKey {
    fn from(file: &Vec<u8>) -> Self {
        Self::from(file.as_slice())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_answers_by_name_before_it_needs_the_bytes() {
        let table = Answers::new()
            .found("door", [Found::new("person", 0.9)])
            .found(b"cat.jpg", [Found::new("cat", 0.8)])
            .otherwise([]);
        let ask = |bytes: Option<&[u8]>, url, custom_id| {
            table.answer(&AskedPicture { bytes, url, custom_id, classes: &[] }).map(|answer| answer.found.len())
        };
        assert_eq!(ask(None, Some("http://x/1"), Some("door")), Some(1));
        assert_eq!(ask(None, Some("http://x/1"), None), None);
        assert_eq!(ask(Some(b"cat.jpg"), None, Some("unnamed")), Some(1));
        assert_eq!(ask(Some(b"dog.jpg"), None, None), Some(0));
        let table = Answers::new().found("door", []).otherwise([Found::new("cat", 0.8)]);
        let unfetched = AskedPicture { bytes: None, url: Some("http://x/1"), custom_id: None, classes: &[] };
        assert_eq!(table.answer(&unfetched).unwrap().found.len(), 1);
    }
}
