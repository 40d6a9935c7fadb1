//! What recognition keeps, as the API answers it.

use crate::answer::answer;
use crate::model::model;
use crate::open_enum::open_enum;
use crate::{BoundingBox, Raw, Timestamp};

model! {
    /// Somebody, as the service knows them: by pictures of their face.
    ///
    /// ```
    /// use image_intelligence_core::Identity;
    ///
    /// let ann = Identity::from_json(br#"{"id": "i-1", "customId": "ann", "images": [{"id": "f-1", "isFrontal": true}]}"#)?;
    /// assert_eq!((ann.custom_id.as_deref(), ann.images.len()), (Some("ann"), 1));
    /// # Ok::<(), image_intelligence_core::Error>(())
    /// ```
    pub struct Identity {
        /// The service's name for it.
        "id" => pub id: String,
        /// The caller's name for it.
        "customId" => pub custom_id: Option<String>,
        /// The pictures of their face.
        "images" => pub images: Vec<FaceImage>,
        /// The namespace in which it is kept.
        "namespace" => pub namespace: Option<String>,
        /// When it was made, by the service's clock.
        "createdAt" => pub created_at: Option<Timestamp>,
    }
    beside {
        /// The identity as it came, with every field that this version does not know.
        pub raw: Raw,
    }
}

model! {
    /// A picture of one face.
    pub struct FaceImage {
        /// The service's name for it.
        "id" => pub id: Option<String>,
        /// The caller's name for the picture that it is part of.
        "customId" => pub custom_id: Option<String>,
        /// Which camera or source the picture came from.
        "feedId" => pub feed_id: Option<String>,
        /// Whose face it is; absent where it is nobody's yet.
        "identityId" => pub identity_id: Option<String>,
        /// Where the picture is.
        "url" (not_empty) => pub url: Option<String>,
        /// Where in the picture the face is.
        "boundingBox" => pub bounding_box: Option<BoundingBox>,
        /// How sure the service is of that, 0 to 1.
        "boundingBoxConfidence" => pub bounding_box_confidence: Option<f64>,
        /// What it is a picture of: `FACE`.
        "type" => pub of: Option<String>,
        /// The group that it belongs to.
        "groupId" => pub group_id: Option<String>,
        /// Whether the face is seen from the front.
        "isFrontal" => pub is_frontal: Option<bool>,
        /// How sharp it is; the more, the sharper.
        "sharpness" => pub sharpness: Option<f64>,
        /// How wide it is, in pixels.
        "width" => pub width: Option<f64>,
        /// How high it is, in pixels.
        "height" => pub height: Option<f64>,
        /// When it was made, by the service's clock.
        "createdAt" => pub created_at: Option<Timestamp>,
    }
    beside {
        /// The picture as it came, with every field that this version does not know.
        pub raw: Raw,
    }
}

open_enum! {
    /// Who tied a group to an identity.
    pub enum LinkModifier {
        /// Somebody, by hand.
        Manual = "MANUAL",
        /// The model.
        Ml = "ML",
        /// A human of the service.
        Hitl = "HITL",
    }
}

model! {
    /// Faces that the service takes for those of one person.
    pub struct FaceGroup {
        /// The service's name for it.
        "id" => pub id: Option<String>,
        /// Whose faces they are; absent where that is not known.
        "identityId" => pub identity_id: Option<String>,
        /// The recognize job, or the like, in which it was made.
        "batchId" => pub batch_id: Option<String>,
        /// The namespace in which it is kept.
        "namespace" => pub namespace: Option<String>,
        /// Who tied it to the identity.
        "linkModifiedBy" => pub link_modified_by: Option<LinkModifier>,
        /// When that was, by the service's clock.
        "linkLastModifiedAt" => pub link_last_modified_at: Option<Timestamp>,
        /// When it was made, by the service's clock.
        "createdAt" => pub created_at: Option<Timestamp>,
        /// The pictures of the faces.
        "images" => pub images: Vec<FaceImage>,
    }
    beside {
        /// The group as it came, with every field that this version does not know.
        pub raw: Raw,
    }
}

answer!(Identity, "an identity", id);
answer!(FaceImage, "a picture of a face");
answer!(FaceGroup, "a group");
