//! Vision's errors: why a picture could not be read, and why a detector could not look.

use std::fmt;

/// Why bytes did not become a [`Picture`](crate::Picture).
///
/// The message names the limit or the damage, what was given, and the way out; it may be shown to the user as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DecodeError {
    kind: DecodeErrorKind,
    message: String,
}

/// What sort of thing was wrong with a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DecodeErrorKind {
    /// More bytes than [`Limits::max_bytes`](crate::Limits::max_bytes).
    TooManyBytes,
    /// No bytes, or bytes that are not a JPEG, PNG, WebP, GIF or BMP.
    UnknownFormat,
    /// More pixels than [`Limits::max_pixels`](crate::Limits::max_pixels).
    TooManyPixels,
    /// A side longer than [`Limits::max_side`](crate::Limits::max_side).
    SideTooLong,
    /// Decoding would hold more memory than [`Limits::max_alloc`](crate::Limits::max_alloc).
    TooMuchMemory,
    /// The file was cut off.
    Truncated,
    /// The file is whole but what is in it makes no sense.
    Malformed,
    /// A rare variant of a known format that is not read here, such as arithmetic-coded JPEG.
    Unsupported,
    /// [`Picture::from_rgb`](crate::Picture::from_rgb) was given another number of bytes than width x height x 3.
    WrongLength,
}

impl DecodeError {
    pub(crate) fn new(kind: DecodeErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into() }
    }

    /// What sort of thing was wrong.
    pub fn kind(&self) -> DecodeErrorKind {
        self.kind
    }
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for DecodeError {}

/// Why a [`Detector`](crate::Detector) could not look at a picture, or could not be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DetectError {
    kind: DetectErrorKind,
    message: String,
}

/// What sort of thing kept a detector from looking.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DetectErrorKind {
    /// A class was asked for that this detector does not know.
    UnknownClass,
    /// The model's bytes are damaged, or are not the model this detector reads.
    BadModel,
    /// The model was sound but running it failed.
    Failed,
}

impl DetectError {
    /// An error of the given kind, for detectors made elsewhere. `message` says what to do about it.
    pub fn new(kind: DetectErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into() }
    }

    /// What sort of thing went wrong.
    pub fn kind(&self) -> DetectErrorKind {
        self.kind
    }
}

impl fmt::Display for DetectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for DetectError {}
