//! Pictures on their way in.

use image_intelligence::Image;
use image_intelligence_core::{Error, ErrorKind};

/// A picture to send.
#[derive(Debug, uniffi::Record)]
pub struct Picture {
    /// Where it is.
    pub source: Source,
    /// The caller's name for it.
    pub custom_id: Option<String>,
}

/// Where a picture is.
#[derive(uniffi::Enum)]
pub enum Source {
    /// The service fetches it.
    Url {
        /// From there.
        url: String,
    },
    /// It goes along, read when the job is sent.
    File {
        /// The file.
        path: String,
    },
    /// It cannot cross: in a run it gets this error.
    Refused {
        /// Why.
        message: String,
    },
    /// It goes along.
    Bytes {
        /// The file's bytes.
        bytes: Vec<u8>,
    },
}

impl std::fmt::Debug for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Url { url } => f.write_str(url),
            Self::File { path } => f.write_str(path),
            Self::Refused { message } => f.write_str(message),
            Self::Bytes { bytes } => write!(f, "{} bytes", bytes.len()),
        }
    }
}

impl From<Picture> for Image {
    fn from(picture: Picture) -> Self {
        let image = match picture.source {
            Source::Url { url } => Image::url(url),
            Source::File { path } => Image::file(path),
            Source::Refused { message } => Image::refused(Error::new(ErrorKind::InvalidRequest, message)),
            Source::Bytes { bytes } => Image::bytes(bytes),
        };
        match picture.custom_id {
            Some(id) => image.custom_id(id),
            None => image,
        }
    }
}
