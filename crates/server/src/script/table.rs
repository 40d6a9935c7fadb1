//! Answers in a table, for tests and fixtures.

use std::collections::HashMap;

use image_intelligence_core::{ImageStatus, Kind};
use sha2::{Digest as _, Sha256};

use super::{Answer, AskedPicture, Found, Script};

/// Answers in a table: by a picture's `customId`, its URL or its bytes, for each kind of job.
///
/// ```
/// use image_intelligence_core::{ImageStatus, Kind};
/// use image_intelligence_server::{Answer, Answers, Found, FoundFace, Server};
///
/// # tokio::runtime::Runtime::new().unwrap().block_on(async {
/// let answers = Answers::new()
///     .found("door", [Found::new("person", 0.97), Found::new("dog", 0.41)])
///     .found("https://example.com/street.jpg", [Found::new("car", 0.88)])
///     .found(b"the bytes of a picture", [])
///     .status("attic", ImageStatus::SpiderwebsError)
///     .otherwise([])
///     .answer(Kind::Ask, "door", Answer::yes())
///     .answer(Kind::Recognize, "door", Answer::faces([FoundFace::new(0.95)]))
///     .otherwise_answer(Kind::Match, Answer::no_match());
/// let server = Server::builder().scripted(answers).start().await?;
/// # server.shutdown().await;
/// # Ok::<(), image_intelligence_core::Error>(())
/// # }).unwrap();
/// ```
#[derive(Debug, Clone, Default)]
pub struct Answers {
    /// Without a kind: for jobs of every kind that has no answer of its own.
    rules: HashMap<(Option<Kind>, PictureKey), Answer>,
    otherwise: HashMap<Kind, Answer>,
}

impl Answers {
    /// An empty table: every picture ends with `MODEL_SERVICE_ERROR`.
    pub fn new() -> Self {
        Self::default()
    }

    /// These objects are in this picture, for detect jobs.
    pub fn found(self, picture: impl Into<PictureKey>, objects: impl IntoIterator<Item = Found>) -> Self {
        self.answer(Kind::Detect, picture, Answer::found(objects))
    }

    /// This picture ends with this status, in jobs of every kind.
    pub fn status(mut self, picture: impl Into<PictureKey>, status: ImageStatus) -> Self {
        self.rules.insert((None, picture.into()), Answer::status(status));
        self
    }

    /// This is the answer for this picture in jobs of a kind.
    pub fn answer(mut self, kind: Kind, picture: impl Into<PictureKey>, answer: Answer) -> Self {
        self.rules.insert((Some(kind), picture.into()), answer);
        self
    }

    /// These objects are in every picture that has no answer of its own, for detect jobs. A URL is fetched for it only
    /// where the table has answers by bytes.
    pub fn otherwise(self, objects: impl IntoIterator<Item = Found>) -> Self {
        self.otherwise_answer(Kind::Detect, Answer::found(objects))
    }

    /// As [`otherwise`](Self::otherwise), for jobs of a kind.
    pub fn otherwise_answer(mut self, kind: Kind, answer: Answer) -> Self {
        self.otherwise.insert(kind, answer);
        self
    }

    fn rule(&self, kind: Kind, picture: &PictureKey) -> Option<&Answer> {
        let of = |kind| self.rules.get(&(kind, picture.clone()));
        of(Some(kind)).or_else(|| of(None))
    }
}

impl Script for Answers {
    fn answer(&self, picture: &AskedPicture<'_>) -> Option<Answer> {
        let named = [picture.custom_id, picture.url].into_iter().flatten();
        let rule = named.map(PictureKey::from).find_map(|key| self.rule(picture.kind, &key));
        let by_bytes = self.rules.keys().any(|(_, key)| matches!(key.0, Key::Bytes(_)));
        let otherwise = self.otherwise.get(&picture.kind);
        match picture.bytes {
            Some(bytes) => rule.or_else(|| self.rule(picture.kind, &PictureKey::from(bytes))).or(otherwise),
            None if by_bytes => rule,
            None => rule.or(otherwise),
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
    use image_intelligence_core::{AskRequest, DetectRequest};

    use super::super::What;
    use super::*;
    use crate::job::Request;

    fn objects(answer: &Answer) -> usize {
        if let What::Objects(found) = &answer.what { found.len() } else { usize::MAX }
    }

    #[test]
    fn the_table_answers_by_name_before_it_needs_the_bytes() {
        let request = Request::Detect(DetectRequest::new([], ["cat"]));
        let about = AskedPicture::about(&request);
        let table = Answers::new()
            .found("door", [Found::new("person", 0.9)])
            .found(b"cat.jpg", [Found::new("cat", 0.8)])
            .otherwise([]);
        let ask = |bytes: Option<&[u8]>, url, custom_id| {
            Script::answer(&table, &AskedPicture { bytes, url, custom_id, ..about }).as_ref().map(objects)
        };
        assert_eq!(ask(None, Some("http://x/1"), Some("door")), Some(1));
        assert_eq!(ask(None, Some("http://x/1"), None), None);
        assert_eq!(ask(Some(b"cat.jpg"), None, Some("unnamed")), Some(1));
        assert_eq!(ask(Some(b"dog.jpg"), None, None), Some(0));
        let table = Answers::new().found("door", []).otherwise([Found::new("cat", 0.8)]);
        let unfetched = AskedPicture { url: Some("http://x/1"), ..about };
        assert_eq!(objects(&Script::answer(&table, &unfetched).unwrap()), 1);
    }

    #[test]
    fn each_kind_has_answers_of_its_own() {
        let request = Request::Ask(AskRequest::new([], "Is it open?"));
        let door = AskedPicture { custom_id: Some("door"), ..AskedPicture::about(&request) };
        let table = Answers::new().found("door", []).otherwise([]);
        assert_eq!(Script::answer(&table, &door), None);
        let table = table.status("door", ImageStatus::SpiderwebsError);
        assert_eq!(Script::answer(&table, &door), Some(Answer::status(ImageStatus::SpiderwebsError)));
        let table = table.answer(Kind::Ask, "door", Answer::yes());
        assert_eq!(Script::answer(&table, &door), Some(Answer::yes()));
    }
}
