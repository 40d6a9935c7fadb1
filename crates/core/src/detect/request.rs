//! A detect job as it is asked for.

use serde::{Deserialize, Serialize};

use crate::open_enum::open_enum;
use crate::request::{JobOptions, absent_is_default, at_most, job_request, object_or_none};
use crate::validate::{Field, check_zones};
use crate::{ExclusionZones, ImageRequest, Limits, Result};

open_enum! {
    /// Whether a human should check what was found.
    pub enum Verify {
        /// Never.
        Never = "NEVER",
        /// Where the service is not certain.
        Auto = "AUTO",
        /// Always.
        Always = "ALWAYS",
    }
}

#[expect(clippy::derivable_impls, reason = "the macro that makes the enum has no place for the mark")]
impl Default for Verify {
    fn default() -> Self {
        Self::Auto
    }
}

/// A class to look for.
///
/// ```
/// use image_intelligence_core::{Class, ExclusionZones, Verify};
///
/// let person = Class::from("person");
/// let car = Class::new("car")
///     .verify(Verify::Never)
///     .exclusion_zones(ExclusionZones::grid(vec![vec![1, 0], vec![0, 0]]));
/// assert_eq!(serde_json::to_string(&person).unwrap(), r#"{"class":"person","verify":"AUTO"}"#);
/// # assert_eq!(car.class, "car");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", expecting = "an object with class, and perhaps verify and exclusionZones")]
#[cfg_attr(feature = "uniffi", derive(uniffi::Record), uniffi(name = "DetectClass"))]
#[non_exhaustive]
pub struct Class {
    /// Its name, such as `person`.
    pub class: String,
    /// Whether a human should check. `hitl` is its old name, which is read and never written.
    #[serde(default, alias = "hitl", deserialize_with = "absent_is_default")]
    pub verify: Verify,
    /// Parts of the picture in which it is not looked for.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "object_or_none")]
    pub exclusion_zones: Option<ExclusionZones>,
}

impl Class {
    /// A class by its name, checked by a human where the service is not certain.
    pub fn new(class: impl Into<String>) -> Self {
        Self { class: class.into(), verify: Verify::Auto, exclusion_zones: None }
    }

    /// Says whether a human should check.
    pub fn verify(mut self, verify: Verify) -> Self {
        self.verify = verify;
        self
    }

    /// Says where not to look.
    pub fn exclusion_zones(mut self, zones: ExclusionZones) -> Self {
        self.exclusion_zones = Some(zones);
        self
    }
}

impl From<&str> for Class {
    fn from(class: &str) -> Self {
        Self::new(class)
    }
}

impl From<String> for Class {
    fn from(class: String) -> Self {
        Self::new(class)
    }
}

/// The body of `POST /detect`.
///
/// ```
/// use image_intelligence_core::{DetectRequest, ImageRequest, Limits};
///
/// let request = DetectRequest::new([ImageRequest::url("https://example.com/street.jpg")], ["person"]);
/// assert!(request.validate(&Limits::default()).is_ok());
///
/// let none = DetectRequest::new([], ["person"]);
/// assert_eq!(none.validate(&Limits::default()).unwrap_err().message(), "images: none given, a job takes 1 to 64");
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", from = "Wire")]
#[non_exhaustive]
pub struct DetectRequest {
    /// 1 to 64 pictures.
    pub images: Vec<ImageRequest>,
    /// 1 or more classes.
    pub classes: Vec<Class>,
    /// Whether to say where in the picture each object is. Our own server does; the public API's 2.1 ignores it.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub bounding_box: bool,
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
    #[serde(deserialize_with = "at_most::<1024, _, _>")]
    classes: Vec<Class>,
    #[serde(default, deserialize_with = "absent_is_default")]
    bounding_box: bool,
    webhook_url: Option<String>,
    custom_id: Option<String>,
    feed_id: Option<String>,
}

impl From<Wire> for DetectRequest {
    fn from(wire: Wire) -> Self {
        let Wire { images, classes, bounding_box, webhook_url, custom_id, feed_id } = wire;
        Self { images, classes, bounding_box, options: JobOptions { webhook_url, custom_id, feed_id } }
    }
}

impl DetectRequest {
    /// A request for the classes in the pictures.
    pub fn new<C: Into<Class>>(
        images: impl IntoIterator<Item = ImageRequest>,
        classes: impl IntoIterator<Item = C>,
    ) -> Self {
        Self {
            images: images.into_iter().collect(),
            classes: classes.into_iter().map(Into::into).collect(),
            bounding_box: false,
            options: JobOptions::default(),
        }
    }

    fn check_the_rest(&self, limits: &Limits) -> Result<()> {
        if self.classes.is_empty() {
            return Err(crate::Error::invalid_request("classes", "none given, a detect job looks for at least 1"));
        }
        if self.classes.len() > limits.classes {
            let (given, most) = (self.classes.len(), limits.classes);
            return Err(crate::Error::invalid_request("classes", format_args!("{given} given, at most {most} a job")));
        }
        for (index, class) in self.classes.iter().enumerate() {
            let field = Field::new("classes").at(index);
            field.key("class").not_blank(&class.class)?;
            field.key("class").at_most(&class.class, limits.class)?;
            if !class.verify.is_known() {
                return Err(crate::Error::invalid_request(
                    field.key("verify").name(),
                    format_args!("\"{}\" given, one of {} wanted", class.verify, Verify::KNOWN.join(", ")),
                ));
            }
            if let Some(zones) = &class.exclusion_zones {
                check_zones(&field.key("exclusionZones"), zones)?;
            }
        }
        self.options.validate(limits, limits.url)
    }
}

job_request!(DetectRequest is Detect);
