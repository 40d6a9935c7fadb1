//! How far a job or a picture has come.

use crate::open_enum::open_enum;
use crate::{Error, ErrorKind};

open_enum! {
    /// How far a job has come.
    ///
    /// ```
    /// use image_intelligence_core::JobStatus;
    ///
    /// assert!(JobStatus::from("COMPLETED_PARTIAL_ERROR").is_done());
    /// // A status that nobody has heard of is no end: a wait goes on, under its deadline.
    /// assert!(!JobStatus::from("PAUSED").is_done());
    /// assert_eq!(JobStatus::from("PAUSED").as_str(), "PAUSED");
    /// ```
    pub enum JobStatus {
        /// The server is at work.
        InProgress = "IN_PROGRESS",
        /// Every picture was looked at.
        CompletedSuccessfully = "COMPLETED_SUCCESSFULLY",
        /// Some pictures could not be looked at; the others have results.
        CompletedPartialError = "COMPLETED_PARTIAL_ERROR",
        /// No picture could be looked at.
        CompletedAllError = "COMPLETED_ALL_ERROR",
    }
}

impl JobStatus {
    /// Whether nothing more will come. A job that ended with errors is done too.
    pub fn is_done(&self) -> bool {
        matches!(self, Self::CompletedSuccessfully | Self::CompletedPartialError | Self::CompletedAllError)
    }
}

impl Default for JobStatus {
    /// What an answer without a status reads as: unknown, and so not done.
    fn default() -> Self {
        Self::Unknown(String::new())
    }
}

open_enum! {
    /// What became of one picture of a job.
    pub enum ImageStatus {
        /// The server is at work.
        InProgress = "IN_PROGRESS",
        /// The picture was looked at.
        CompletedSuccessfully = "COMPLETED_SUCCESSFULLY",
        /// The service does not say what went wrong.
        UnknownError = "UNKNOWN_ERROR",
        /// The job as a whole failed.
        JobError = "JOB_ERROR",
        /// The picture could not be fetched from its URL.
        ImageDownloadError = "IMAGE_DOWNLOAD_ERROR",
        /// What came is no picture, or of a format that is not read.
        InvalidImageFormatError = "INVALID_IMAGE_FORMAT_ERROR",
        /// Cobwebs over the lens.
        SpiderwebsError = "SPIDERWEBS_ERROR",
        /// The detector failed.
        DetectionEngineError = "DETECTION_ENGINE_ERROR",
        /// No model could answer; on our own server also a class that its model does not know.
        ModelServiceError = "MODEL_SERVICE_ERROR",
        /// The service could not read its own message.
        MalformedMessageError = "MALFORMED_MESSAGE_ERROR",
    }
}

impl ImageStatus {
    /// Whether the picture was looked at.
    pub fn is_success(&self) -> bool {
        matches!(self, Self::CompletedSuccessfully)
    }

    /// Whether this says that something went wrong. A status that nobody has heard of does not.
    pub fn is_error(&self) -> bool {
        !matches!(self, Self::CompletedSuccessfully | Self::InProgress | Self::Unknown(_))
    }

    /// The error that it stands for, where it says that something went wrong with a picture: with its source in front, the
    /// status, and advice.
    ///
    /// It is a `bad_request` where the picture is at fault, and else a `server_error`, which a new job may not meet.
    ///
    /// ```
    /// use image_intelligence_core::{ErrorKind, ImageStatus};
    ///
    /// let error = ImageStatus::SpiderwebsError.error("door.jpg").unwrap();
    /// assert_eq!(error.kind(), ErrorKind::BadRequest);
    /// assert_eq!(error.message(), "door.jpg: SPIDERWEBS_ERROR: cobwebs over the lens; clean the camera");
    /// assert!(ImageStatus::CompletedSuccessfully.error("door.jpg").is_none());
    /// ```
    pub fn error(&self, source: &str) -> Option<Error> {
        let advice = self.advice().filter(|_| self.is_error())?;
        let kind = match self {
            Self::ImageDownloadError | Self::InvalidImageFormatError | Self::SpiderwebsError => ErrorKind::BadRequest,
            _ => ErrorKind::ServerError,
        };
        Some(Error::new(kind, format!("{source}: {self}: {advice}")))
    }

    /// What to do about an error, in a line; `None` where there is nothing to say.
    pub fn advice(&self) -> Option<&'static str> {
        Some(match self {
            Self::UnknownError | Self::JobError => "the service does not say why; send the picture again in a new job",
            Self::ImageDownloadError => {
                "the server could not fetch the URL; is it public, and does it answer with the picture itself?"
            }
            Self::InvalidImageFormatError => {
                "not a whole JPEG, PNG, WebP, GIF or BMP of reasonable size; open it in a viewer, or convert it"
            }
            Self::SpiderwebsError => "cobwebs over the lens; clean the camera",
            Self::DetectionEngineError => "the detector failed on this picture; send it again in a new job",
            Self::ModelServiceError => "no model could answer; does the service have one for all that was asked?",
            Self::MalformedMessageError => "the service could not read its own message; send the picture again",
            Self::InProgress | Self::CompletedSuccessfully | Self::Unknown(_) => return None,
        })
    }
}

impl Default for ImageStatus {
    /// What a result without a status reads as.
    fn default() -> Self {
        Self::Unknown(String::new())
    }
}
