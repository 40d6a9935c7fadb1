//! Feedback: telling the service where it was wrong.

use serde::{Deserialize, Serialize};

use crate::answer::answer;
use crate::model::model;
use crate::open_enum::open_enum;
use crate::request::at_most;
use crate::validate::Field;
use crate::{Limits, Raw, Result, Timestamp};

open_enum! {
    /// In which way a result was wrong.
    pub enum FeedbackCode {
        /// Something was found that is not there.
        FalsePositive = "FALSE_POSITIVE",
        /// Something was not found that is there.
        FalseNegative = "FALSE_NEGATIVE",
    }
}

model! {
    /// A class about which a detect job was wrong.
    pub struct FeedbackClass {
        /// The class.
        "class" => pub class: String,
        /// In which way.
        "code" => pub code: FeedbackCode,
    }
}

impl FeedbackClass {
    /// A class, and in which way the job was wrong about it.
    pub fn new(class: impl Into<String>, code: FeedbackCode) -> Self {
        Self { class: class.into(), code }
    }

    /// Something of the class was found that is not there.
    pub fn false_positive(class: impl Into<String>) -> Self {
        Self::new(class, FeedbackCode::FalsePositive)
    }

    /// Something of the class was not found that is there.
    pub fn false_negative(class: impl Into<String>) -> Self {
        Self::new(class, FeedbackCode::FalseNegative)
    }
}

model! {
    /// Feedback that the service has taken.
    ///
    /// ```
    /// use image_intelligence_core::{Feedback, FeedbackCode};
    ///
    /// let taken = Feedback::from_json(br#"{"id": "f-1", "jobId": "5d689c71",
    ///     "classes": [{"class": "person", "code": "FALSE_POSITIVE"}], "createdAt": 1487648348000}"#)?;
    /// assert_eq!(taken.classes[0].code, FeedbackCode::FalsePositive);
    /// # Ok::<(), image_intelligence_core::Error>(())
    /// ```
    pub struct Feedback {
        /// The service's name for it.
        "id" => pub id: String,
        /// The detect job that it is about.
        "jobId" => pub job_id: Option<String>,
        /// The classes about which the job was wrong.
        "classes" => pub classes: Vec<FeedbackClass>,
        /// When it was given, as the caller said.
        "createdAt" => pub created_at: Option<Timestamp>,
    }
    beside {
        /// The feedback as it came, with every field that this version does not know.
        pub raw: Raw,
    }
}

answer!(Feedback, "feedback", id);

impl Default for FeedbackCode {
    /// What feedback without a code reads as.
    fn default() -> Self {
        Self::Unknown(String::new())
    }
}

/// The body of `POST /feedback`, about a detect job.
///
/// ```
/// use image_intelligence_core::{FeedbackClass, FeedbackRequest, Limits, Timestamp};
///
/// let now = Timestamp::from_millis(1_487_648_348_000);
/// let wrong = FeedbackRequest::new("5d689c71", [FeedbackClass::false_positive("person")], now);
/// assert!(wrong.validate(&Limits::default()).is_ok());
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", from = "Wire")]
#[non_exhaustive]
pub struct FeedbackRequest {
    /// The detect job.
    pub job_id: String,
    /// 1 or more classes about which it was wrong.
    pub classes: Vec<FeedbackClass>,
    /// When it was given.
    pub created_at: Timestamp,
}

/// As it is read: strictly, as the model of the answer is not.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wire {
    job_id: String,
    #[serde(deserialize_with = "at_most::<1024, _, _>")]
    classes: Vec<WireClass>,
    created_at: Timestamp,
}

#[derive(Deserialize)]
#[serde(expecting = "an object with class and code")]
struct WireClass {
    class: String,
    code: FeedbackCode,
}

impl From<Wire> for FeedbackRequest {
    fn from(wire: Wire) -> Self {
        let classes = wire.classes.into_iter().map(|item| FeedbackClass::new(item.class, item.code)).collect();
        Self { job_id: wire.job_id, classes, created_at: wire.created_at }
    }
}

impl FeedbackRequest {
    /// Says about which classes a detect job was wrong.
    pub fn new(
        job_id: impl Into<String>,
        classes: impl IntoIterator<Item = FeedbackClass>,
        created_at: Timestamp,
    ) -> Self {
        Self { job_id: job_id.into(), classes: classes.into_iter().collect(), created_at }
    }

    /// Reads a request from JSON, strictly. Fails with `invalid_request`, naming the place of what is wrong in it.
    pub fn from_json(json: &[u8]) -> Result<Self> {
        crate::request::from_json(json)
    }

    /// Checks it against the API's limits. The error names the field, the limit and what was given.
    pub fn validate(&self, limits: &Limits) -> Result<()> {
        if self.job_id.trim().is_empty() {
            return Field::new("jobId").refuse("empty; pass the id of a detect job");
        }
        let field = Field::new("classes");
        match self.classes.len() {
            0 => return field.refuse("none given; say about which class the job was wrong"),
            given if given > limits.classes => {
                return field.refuse(format_args!("{given} given, at most {}", limits.classes));
            }
            _ => {}
        }
        for (index, item) in self.classes.iter().enumerate() {
            let field = field.at(index);
            field.key("class").not_blank(&item.class)?;
            field.key("class").at_most(&item.class, limits.class)?;
            if !item.code.is_known() {
                let (given, known) = (crate::validate::excerpt(item.code.as_str()), FeedbackCode::KNOWN.join(", "));
                return field.key("code").refuse(format_args!("\"{given}\" given, one of {known} wanted"));
            }
        }
        Ok(())
    }
}
