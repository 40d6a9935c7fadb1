//! A match job as it is asked for.

use serde::{Deserialize, Serialize};

use crate::request::{JobOptions, at_most, job_request, object};
use crate::validate::Field;
use crate::{ImageRequest, Limits, Result};

/// What to look for: a class, and 1 to 3 pictures that show this one of it.
///
/// ```
/// use image_intelligence_core::Target;
///
/// let rex = Target::new("dog", ["https://example.com/rex.jpg"]).custom_id("rex");
/// assert_eq!(
///     serde_json::to_string(&rex).unwrap(),
///     r#"{"class":"dog","customId":"rex","images":["https://example.com/rex.jpg"]}"#,
/// );
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", expecting = "an object with class, images and perhaps customId")]
#[cfg_attr(feature = "uniffi", derive(uniffi::Record))]
#[non_exhaustive]
pub struct Target {
    /// What sort of thing it is, such as `dog`.
    pub class: String,
    /// The caller's own name for it, at most 64 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub custom_id: Option<String>,
    /// 1 to 3 URLs of pictures that show it, each of at most 512 characters.
    #[serde(deserialize_with = "at_most::<64, _, _>")]
    pub images: Vec<String>,
}

impl Target {
    /// This one of a class, as the pictures at these URLs show it.
    pub fn new(class: impl Into<String>, images: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self { class: class.into(), custom_id: None, images: images.into_iter().map(Into::into).collect() }
    }

    /// Gives it the caller's own name.
    pub fn custom_id(mut self, id: impl Into<String>) -> Self {
        self.custom_id = Some(id.into());
        self
    }

    fn validate(&self, field: &Field, limits: &Limits) -> Result<()> {
        field.key("class").not_blank(&self.class)?;
        field.key("class").at_most(&self.class, limits.class)?;
        if let Some(id) = &self.custom_id {
            field.key("customId").at_most(id, limits.custom_id)?;
        }
        field.key("images").urls(&self.images, limits.reference_images, limits.url)
    }
}

/// The body of `POST /match`.
///
/// ```
/// use image_intelligence_core::{ImageRequest, Limits, MatchRequest, Target};
///
/// let rex = Target::new("dog", ["https://example.com/rex.jpg"]);
/// let request = MatchRequest::new([ImageRequest::url("https://example.com/street.jpg")], rex);
/// assert!(request.validate(&Limits::default()).is_ok());
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(from = "Wire")]
#[non_exhaustive]
pub struct MatchRequest {
    /// 1 to 64 pictures.
    pub images: Vec<ImageRequest>,
    /// What to look for in them.
    pub target: Target,
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
    #[serde(deserialize_with = "object")]
    target: Target,
    webhook_url: Option<String>,
    custom_id: Option<String>,
    feed_id: Option<String>,
}

impl From<Wire> for MatchRequest {
    fn from(wire: Wire) -> Self {
        let Wire { images, target, webhook_url, custom_id, feed_id } = wire;
        Self { images, target, options: JobOptions { webhook_url, custom_id, feed_id } }
    }
}

impl MatchRequest {
    /// A request for the pictures that show the target.
    pub fn new(images: impl IntoIterator<Item = ImageRequest>, target: Target) -> Self {
        Self { images: images.into_iter().collect(), target, options: JobOptions::default() }
    }

    fn check_the_rest(&self, limits: &Limits) -> Result<()> {
        self.target.validate(&Field::new("target"), limits)?;
        self.options.validate(limits, limits.url)
    }
}

job_request!(MatchRequest is Match);
