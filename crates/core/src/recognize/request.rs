//! A recognize job as it is asked for.

use serde::{Deserialize, Serialize};

use crate::request::{JobOptions, at_most, job_request};
use crate::{ImageRequest, Limits, Result};

/// The body of `POST /recognition/recognize/{namespace}`.
///
/// ```
/// use image_intelligence_core::{ImageRequest, Limits, RecognizeRequest};
///
/// let request = RecognizeRequest::new([ImageRequest::url("https://example.com/door.jpg")]);
/// assert!(request.validate(&Limits::default()).is_ok());
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(from = "Wire")]
#[non_exhaustive]
pub struct RecognizeRequest {
    /// 1 to 64 pictures.
    pub images: Vec<ImageRequest>,
    /// What every job may carry; here the webhook's URL may have 2048 characters.
    #[serde(flatten)]
    pub options: JobOptions,
}

/// The request as it is read: serde's `flatten` would keep the whole body as a tree first.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wire {
    #[serde(deserialize_with = "at_most::<1024, _, _>")]
    images: Vec<ImageRequest>,
    webhook_url: Option<String>,
    custom_id: Option<String>,
    feed_id: Option<String>,
}

impl From<Wire> for RecognizeRequest {
    fn from(wire: Wire) -> Self {
        let Wire { images, webhook_url, custom_id, feed_id } = wire;
        Self { images, options: JobOptions { webhook_url, custom_id, feed_id } }
    }
}

impl RecognizeRequest {
    /// A request for the faces in the pictures.
    pub fn new(images: impl IntoIterator<Item = ImageRequest>) -> Self {
        Self { images: images.into_iter().collect(), options: JobOptions::default() }
    }

    fn check_the_rest(&self, limits: &Limits) -> Result<()> {
        self.options.validate(limits, limits.long_url)
    }
}

job_request!(RecognizeRequest is Recognize);
