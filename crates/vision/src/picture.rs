//! Vision's picture: upright RGB pixels in memory.

use std::fmt;

use crate::{DecodeError, DecodeErrorKind, Limits, decode};

/// An upright picture: rows from the top, 3 bytes (red, green, blue) a pixel.
///
/// ```
/// use image_intelligence_vision::Picture;
///
/// let picture = Picture::from_rgb(2, 1, vec![255, 0, 0, 0, 0, 255])?;
/// assert_eq!((picture.width(), picture.height()), (2, 1));
/// assert_eq!(&picture.rgb()[3..], [0, 0, 255]);
/// # Ok::<(), image_intelligence_vision::DecodeError>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Picture {
    width: u32,
    height: u32,
    rgb: Vec<u8>,
}

impl Picture {
    /// Reads a JPEG, PNG, WebP, GIF (its first frame) or BMP, told apart by the bytes alone.
    ///
    /// The picture is turned upright as its EXIF orientation says, and what is transparent is laid over white, as a
    /// viewer shows it. The size is checked from the header before any pixel is allocated. A file that was cut off is
    /// refused even where its pixels could be guessed: half a picture would give a confident wrong answer.
    ///
    /// # Errors
    ///
    /// [`DecodeErrorKind`] lists them. No bytes, however hostile, make this panic.
    ///
    /// ```
    /// use image_intelligence_vision::{DecodeErrorKind, Limits, Picture};
    ///
    /// let error = Picture::decode(b"<html>404</html>", &Limits::default()).unwrap_err();
    /// assert_eq!(error.kind(), DecodeErrorKind::UnknownFormat);
    /// assert_eq!(
    ///     error.to_string(),
    ///     "not a picture: the bytes start with \"<html>404</html>\"; send a JPEG, PNG, WebP, GIF or BMP",
    /// );
    /// ```
    pub fn decode(bytes: &[u8], limits: &Limits) -> Result<Self, DecodeError> {
        decode::decode(bytes, limits)
    }

    /// A picture from its pixels: `width` x `height` x 3 bytes.
    ///
    /// # Errors
    ///
    /// [`DecodeErrorKind::WrongLength`] where there are more or fewer bytes, or no pixel at all.
    pub fn from_rgb(width: u32, height: u32, rgb: Vec<u8>) -> Result<Self, DecodeError> {
        let expected = u128::from(width) * u128::from(height) * 3;
        if expected == 0 || rgb.len() as u128 != expected {
            return Err(DecodeError::new(
                DecodeErrorKind::WrongLength,
                format!("{} bytes given for {width} x {height} pixels; 3 bytes a pixel make {expected}", rgb.len()),
            ));
        }
        Ok(Self { width, height, rgb })
    }

    /// Width in pixels, at least 1.
    pub fn width(&self) -> u32 {
        self.width
    }

    /// Height in pixels, at least 1.
    pub fn height(&self) -> u32 {
        self.height
    }

    /// The pixels: `width` x `height` x 3 bytes.
    pub fn rgb(&self) -> &[u8] {
        &self.rgb
    }

    /// The pixels, to draw on or to keep.
    pub fn into_rgb(self) -> Vec<u8> {
        self.rgb
    }
}

impl fmt::Debug for Picture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Picture({} x {})", self.width, self.height)
    }
}
