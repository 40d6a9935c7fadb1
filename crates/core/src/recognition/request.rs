//! How identities are made and changed.

use serde::{Deserialize, Serialize};

use crate::request::{at_most, at_most_or_none, object_or_none};
use crate::validate::Field;
use crate::{Limits, Result};

/// The body of `POST /recognition/identities/{namespace}`: somebody new.
///
/// ```
/// use image_intelligence_core::{IdentityRequest, Limits};
///
/// let ann = IdentityRequest::new().custom_id("ann").image_ids(["f-1", "f-2"]);
/// assert!(ann.validate(&Limits::default()).is_ok());
/// assert_eq!(serde_json::to_string(&ann).unwrap(), r#"{"customId":"ann","imageIds":["f-1","f-2"]}"#);
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", expecting = "an object, with customId and imageIds or without")]
#[non_exhaustive]
pub struct IdentityRequest {
    /// The caller's own name for it, at most 256 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub custom_id: Option<String>,
    /// Pictures of their face, of those that recognize jobs found: at least one, where it is given.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "at_most_or_none::<1024, _, _>")]
    pub image_ids: Option<Vec<String>>,
}

impl IdentityRequest {
    /// Somebody without a name, of whom there is no picture yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Gives it the caller's own name.
    pub fn custom_id(mut self, id: impl Into<String>) -> Self {
        self.custom_id = Some(id.into());
        self
    }

    /// Gives it pictures, by their ids.
    pub fn image_ids(mut self, ids: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.image_ids.get_or_insert_default().extend(ids.into_iter().map(Into::into));
        self
    }

    /// Reads a request from JSON, strictly. Fails with `invalid_request`, naming the place of what is wrong in it.
    pub fn from_json(json: &[u8]) -> Result<Self> {
        crate::request::from_json(json)
    }

    /// Checks it against the API's limits. The error names the field, the limit and what was given.
    pub fn validate(&self, limits: &Limits) -> Result<()> {
        check_custom_id(self.custom_id.as_deref(), limits)?;
        let Some(ids) = &self.image_ids else { return Ok(()) };
        let field = Field::new("imageIds");
        if ids.is_empty() {
            return field.refuse("none given, at least 1 wanted; leave it out where there is none");
        }
        field.ids(ids, usize::MAX)
    }
}

fn check_custom_id(id: Option<&str>, limits: &Limits) -> Result<()> {
    id.map_or(Ok(()), |id| Field::new("customId").at_most(id, limits.identity_custom_id))
}

/// The body of `PATCH /recognition/identities/{namespace}/{id}`: what to change.
///
/// ```
/// use image_intelligence_core::{IdentityChange, Limits};
///
/// let change = IdentityChange::new().custom_id("ann").add_images(["f-3"]);
/// assert!(change.validate(&Limits::default()).is_ok());
/// // Both lists travel where one does.
/// assert_eq!(
///     serde_json::to_string(&change).unwrap(),
///     r#"{"customId":"ann","images":{"add":["f-3"],"remove":[]}}"#,
/// );
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", expecting = "an object with customId or images")]
#[non_exhaustive]
pub struct IdentityChange {
    /// Another name of the caller's own, at most 256 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub custom_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "object_or_none")]
    images: Option<Images>,
}

#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(expecting = "an object with add and remove")]
struct Images {
    #[serde(deserialize_with = "at_most::<1024, _, _>")]
    add: Vec<String>,
    #[serde(deserialize_with = "at_most::<1024, _, _>")]
    remove: Vec<String>,
}

impl IdentityChange {
    /// No change yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Gives it another name of the caller's own.
    pub fn custom_id(mut self, id: impl Into<String>) -> Self {
        self.custom_id = Some(id.into());
        self
    }

    /// Adds pictures, by their ids: at most 20 in one change.
    pub fn add_images(mut self, ids: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.images.get_or_insert_default().add.extend(ids.into_iter().map(Into::into));
        self
    }

    /// Takes pictures away, by their ids: at most 20 in one change. An identity without pictures stays.
    pub fn remove_images(mut self, ids: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.images.get_or_insert_default().remove.extend(ids.into_iter().map(Into::into));
        self
    }

    /// The ids of pictures to add.
    pub fn added(&self) -> &[String] {
        self.images.as_ref().map(|images| images.add.as_slice()).unwrap_or_default()
    }

    /// The ids of pictures to take away.
    pub fn removed(&self) -> &[String] {
        self.images.as_ref().map(|images| images.remove.as_slice()).unwrap_or_default()
    }

    /// Reads a request from JSON, strictly. Fails with `invalid_request`, naming the place of what is wrong in it.
    pub fn from_json(json: &[u8]) -> Result<Self> {
        crate::request::from_json(json)
    }

    /// Checks it against the API's limits. The error names the field, the limit and what was given.
    pub fn validate(&self, limits: &Limits) -> Result<()> {
        check_custom_id(self.custom_id.as_deref(), limits)?;
        let field = Field::new("images");
        field.key("add").ids(self.added(), limits.identity_images)?;
        field.key("remove").ids(self.removed(), limits.identity_images)?;
        if let Some(both) = self.added().iter().position(|id| self.removed().contains(id)) {
            return field.key("add").at(both).refuse("also in images.remove; decide for one");
        }
        Ok(())
    }
}
