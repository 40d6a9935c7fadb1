//! A recognize job as the API answers it.

use crate::inputs::Input;
use crate::job::job;
use crate::model::model;
use crate::picture::{pictured, tie_all};
use crate::{BoundingBox, ImageStatus, ImageView, Inputs, JobStatus, Raw, Timestamp};

model! {
    /// A recognize job: under way, or with the faces that were found.
    ///
    /// ```
    /// use image_intelligence_core::RecognizeJob;
    ///
    /// let job = RecognizeJob::from_json(br#"{
    ///     "id": "5d689c71", "status": "COMPLETED_SUCCESSFULLY",
    ///     "images": [{"customId": "door", "objects": [{"identityId": "ann", "confidence": 0.97}]}]
    /// }"#)?;
    /// let face = job.faces().next().unwrap();
    /// assert_eq!((face.image.custom_id_or_url(), face.face.identity_id.as_deref()), ("door", Some("ann")));
    /// # Ok::<(), image_intelligence_core::Error>(())
    /// ```
    pub struct RecognizeJob {
        /// The service's name for the job.
        "id" => pub id: String,
        /// One for each picture, in no promised order.
        "images" => pub images: Vec<RecognizedImage>,
        /// When the job was made, by the service's clock.
        "createdAt" => pub created_at: Option<Timestamp>,
        /// How far it has come.
        "status" => pub status: JobStatus,
        /// The name that the job was given when it was made, by the caller or else by us.
        "customId" => pub custom_id: Option<String>,
        /// Which camera or source the pictures came from.
        "feedId" => pub feed_id: Option<String>,
        /// Where the service posts the finished job.
        "webhookUrl" => pub webhook_url: Option<String>,
    }
    beside {
        /// The job as it came, with every field that this version does not know.
        pub raw: Raw,
    }
}

model! {
    /// A picture of a recognize job, with the faces in it.
    pub struct RecognizedImage {
        /// The service's name for the picture.
        "id" => pub id: Option<String>,
        /// Where it was fetched; absent for one that was sent along.
        "url" (not_empty) => pub url: Option<String>,
        /// Where the service keeps it.
        "proxyUrl" (not_empty) => pub proxy_url: Option<String>,
        /// The caller's name for it.
        "customId" => pub custom_id: Option<String>,
        /// What became of it, where the server says it.
        "status" => pub status: Option<ImageStatus>,
        /// The faces in it.
        "objects" => pub objects: Vec<Face>,
        /// Which of the caller's pictures it is, where that is certain.
        "input" (ours) => pub input: Option<Input>,
    }
}

model! {
    /// One face in one picture.
    pub struct Face {
        /// Whose it is: the id of an identity; absent where it is nobody's yet.
        "identityId" => pub identity_id: Option<String>,
        /// How sure the service is, 0 to 1.
        "confidence" => pub confidence: f64,
        /// Where in the picture it is.
        "boundingBox" => pub bounding_box: Option<BoundingBox>,
        /// When it was found, by the service's clock.
        "createdAt" => pub created_at: Option<Timestamp>,
    }
}

pictured!(RecognizedImage);

job!(RecognizeJob is Recognize, of body {
    images: body.images.value,
});

impl RecognizeJob {
    /// Every face that was found, with its picture.
    pub fn faces(&self) -> impl Iterator<Item = FaceHit<'_>> {
        self.images.iter().flat_map(|image| image.objects.iter().map(|face| FaceHit { image: image.view(), face }))
    }

    /// The pictures that could not be looked at.
    pub fn errors(&self) -> impl Iterator<Item = &RecognizedImage> {
        self.images.iter().filter(|image| image.status.as_ref().is_some_and(ImageStatus::is_error))
    }

    /// Ties each picture of the answer to the caller's, and hides what the caller did not write: the customIds that were stamped on
    /// the way out, and the callback URL that was minted, which is a secret.
    pub fn tie(&mut self, inputs: &Inputs) {
        inputs.hide_minted(&mut self.webhook_url);
        tie_all(&mut self.images, inputs);
    }
}

/// A face in a picture.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct FaceHit<'a> {
    /// The picture.
    pub image: ImageView<'a>,
    /// The face.
    pub face: &'a Face,
}
