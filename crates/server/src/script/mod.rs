//! Who looks at the pictures: rules that were posted, a script, or the detector behind the same trait.

mod answer;
mod rules;
mod table;

use image_intelligence_core::{Class, Examples, Kind, Target};

pub use answer::{Answer, Found, FoundFace};
pub use table::{Answers, PictureKey};

pub(crate) use answer::What;
pub(crate) use rules::{Rule, Rules, Unfit};

use crate::job::Request;

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
    /// What kind of job asks.
    pub kind: Kind,
    /// The classes to look for, as they were asked for; none but in a detect job.
    pub classes: &'a [Class],
    /// What a match job looks for.
    pub target: Option<&'a Target>,
    /// The question of an ask job.
    pub question: Option<&'a str>,
    /// The pictures for which the answer to the question is known.
    pub examples: Option<&'a Examples>,
    /// The namespace of a recognize job.
    pub namespace: Option<&'a str>,
}

impl<'a> AskedPicture<'a> {
    /// What a request asks, of no picture yet.
    pub(crate) fn about(request: &'a Request) -> Self {
        let mut asked = Self {
            bytes: None,
            url: None,
            custom_id: None,
            kind: request.kind(),
            classes: &[],
            target: None,
            question: None,
            examples: None,
            namespace: request.namespace(),
        };
        match request {
            Request::Detect(request) => asked.classes = &request.classes,
            Request::Match(request) => asked.target = Some(&request.target),
            Request::Ask(request) => {
                asked.question = Some(&request.question);
                asked.examples = request.examples.as_ref();
            }
            Request::Recognize { .. } => {}
        }
        asked
    }
}

/// Looks at pictures in place of a model. A closure will do:
///
/// ```
/// use image_intelligence_core::Kind;
/// use image_intelligence_server::{Answer, AskedPicture, Found, Server};
///
/// # tokio::runtime::Runtime::new().unwrap().block_on(async {
/// let server = Server::builder()
///     .scripted(|picture: &AskedPicture<'_>| match (picture.kind, picture.custom_id) {
///         (Kind::Detect, Some("door")) => Some(Answer::found([Found::new("person", 0.97)])),
///         (Kind::Ask, Some("door")) => Some(Answer::yes()),
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
    /// with `MODEL_SERVICE_ERROR`, and so does one whose answer is to another question than was asked.
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
