//! An ask job as it is asked for.

use serde::{Deserialize, Serialize};

use crate::request::{JobOptions, at_most, at_most_or_none, job_request, object_or_none};
use crate::validate::Field;
use crate::{ImageRequest, Limits, Result};

/// Pictures for which the answer is known: 1 to 3 URLs for yes, 1 to 3 for no, or only one of the two.
///
/// ```
/// use image_intelligence_core::Examples;
///
/// let examples = Examples::new().yes(["https://example.com/open.jpg"]);
/// assert_eq!(serde_json::to_string(&examples).unwrap(), r#"{"yes":["https://example.com/open.jpg"]}"#);
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(expecting = "an object with yes and no, each a list of URLs")]
#[cfg_attr(feature = "uniffi", derive(uniffi::Record))]
#[non_exhaustive]
pub struct Examples {
    /// URLs of pictures for which it is yes.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "at_most_or_none::<64, _, _>")]
    pub yes: Option<Vec<String>>,
    /// URLs of pictures for which it is no.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "at_most_or_none::<64, _, _>")]
    pub no: Option<Vec<String>>,
}

impl Examples {
    /// No pictures yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds the URLs of pictures for which the answer is yes.
    pub fn yes(mut self, urls: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.yes.get_or_insert_default().extend(urls.into_iter().map(Into::into));
        self
    }

    /// Adds the URLs of pictures for which the answer is no.
    pub fn no(mut self, urls: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.no.get_or_insert_default().extend(urls.into_iter().map(Into::into));
        self
    }
}

/// The body of `POST /ask`.
///
/// ```
/// use image_intelligence_core::{AskRequest, ImageRequest, Limits};
///
/// let request = AskRequest::new([ImageRequest::url("https://example.com/door.jpg")], "Is the door open?");
/// assert!(request.validate(&Limits::default()).is_ok());
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(from = "Wire")]
#[non_exhaustive]
pub struct AskRequest {
    /// 1 to 64 pictures.
    pub images: Vec<ImageRequest>,
    /// The question, at most 256 characters, to be answered with yes or no.
    pub question: String,
    /// Pictures for which the answer is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub examples: Option<Examples>,
    /// What every job may carry.
    #[serde(flatten)]
    pub options: JobOptions,
}

/// The request as it is read: serde's `flatten` would keep the whole body as a tree first.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wire {
    #[serde(deserialize_with = "at_most::<1024, _, _>")]
    images: Vec<ImageRequest>,
    question: String,
    #[serde(default, deserialize_with = "object_or_none")]
    examples: Option<Examples>,
    webhook_url: Option<String>,
    custom_id: Option<String>,
    feed_id: Option<String>,
}

impl From<Wire> for AskRequest {
    fn from(wire: Wire) -> Self {
        let Wire { images, question, examples, webhook_url, custom_id, feed_id } = wire;
        Self { images, question, examples, options: JobOptions { webhook_url, custom_id, feed_id } }
    }
}

impl AskRequest {
    /// Asks a question about the pictures.
    pub fn new(images: impl IntoIterator<Item = ImageRequest>, question: impl Into<String>) -> Self {
        Self {
            images: images.into_iter().collect(),
            question: question.into(),
            examples: None,
            options: JobOptions::default(),
        }
    }

    /// Says for which pictures the answer is known.
    pub fn examples(mut self, examples: Examples) -> Self {
        self.examples = Some(examples);
        self
    }

    fn check_the_rest(&self, limits: &Limits) -> Result<()> {
        let question = Field::new("question");
        if self.question.trim().is_empty() {
            return question.refuse("empty; ask something that can be answered with yes or no");
        }
        question.at_most(&self.question, limits.question)?;
        if let Some(examples) = &self.examples {
            let field = Field::new("examples");
            for (key, urls) in [("yes", &examples.yes), ("no", &examples.no)] {
                if let Some(urls) = urls {
                    field.key(key).urls(urls, limits.reference_images, limits.url)?;
                }
            }
        }
        self.options.validate(limits, limits.url)
    }
}

job_request!(AskRequest is Ask);
