//! Vision's reading of pictures: limits first, pixels after.

use std::io::Cursor;
use std::panic::{AssertUnwindSafe, catch_unwind};

use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder, ImageError, ImageFormat, ImageReader};

use crate::container::{self, Format, Outline};
use crate::{DecodeError, DecodeErrorKind, Picture};

/// How large a picture may be. Everything but the bytes is checked from the header, before any pixel is allocated.
///
/// ```
/// use image_intelligence_vision::Limits;
///
/// let limits = Limits::default().max_bytes(1 << 20).max_side(4096);
/// assert_eq!(limits.max_pixels, 50_000_000);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Bytes of the file. Default 32 MiB.
    pub max_bytes: u64,
    /// Width times height. Default 50 million.
    pub max_pixels: u64,
    /// The longer side, in pixels. Default 16,384.
    pub max_side: u32,
    /// Bytes held at once while decoding, the file itself not counted. Default 640 MiB, which is enough for 50 million
    /// pixels in any of the formats.
    pub max_alloc: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { max_bytes: 32 << 20, max_pixels: 50_000_000, max_side: 16_384, max_alloc: 640 << 20 }
    }
}

impl Limits {
    /// Takes files of at most this many bytes.
    pub fn max_bytes(mut self, bytes: u64) -> Self {
        self.max_bytes = bytes;
        self
    }

    /// Takes pictures of at most this many pixels, width times height.
    pub fn max_pixels(mut self, pixels: u64) -> Self {
        self.max_pixels = pixels;
        self
    }

    /// Takes pictures whose longer side has at most this many pixels.
    pub fn max_side(mut self, pixels: u32) -> Self {
        self.max_side = pixels;
        self
    }

    /// Holds at most this many bytes at once while decoding.
    pub fn max_alloc(mut self, bytes: u64) -> Self {
        self.max_alloc = bytes;
        self
    }

    fn check_bytes(&self, given: usize) -> Result<(), DecodeError> {
        if given as u64 <= self.max_bytes {
            return Ok(());
        }
        Err(DecodeError::new(
            DecodeErrorKind::TooManyBytes,
            format!(
                "{} bytes, at most {}; scale the picture down or save it as JPEG",
                grouped(given as u64),
                grouped(self.max_bytes),
            ),
        ))
    }

    fn check_size(&self, width: u32, height: u32) -> Result<(), DecodeError> {
        let given = format!("{} x {} pixels", grouped(width.into()), grouped(height.into()));
        if width == 0 || height == 0 {
            return Err(DecodeError::new(
                DecodeErrorKind::Malformed,
                format!("{given}: there is nothing in this picture; save it again"),
            ));
        }
        if u64::from(width) * u64::from(height) > self.max_pixels {
            return Err(DecodeError::new(
                DecodeErrorKind::TooManyPixels,
                format!("{given}, at most {}; scale the picture down", grouped(self.max_pixels)),
            ));
        }
        if width.max(height) > self.max_side {
            return Err(DecodeError::new(
                DecodeErrorKind::SideTooLong,
                format!("{given}, at most {} a side; scale the picture down", grouped(self.max_side.into())),
            ));
        }
        Ok(())
    }

    fn check_alloc(&self, needed: u64) -> Result<(), DecodeError> {
        if needed <= self.max_alloc {
            return Ok(());
        }
        Err(DecodeError::new(
            DecodeErrorKind::TooMuchMemory,
            format!(
                "decoding needs {} bytes of memory, at most {}; scale the picture down",
                grouped(needed),
                grouped(self.max_alloc),
            ),
        ))
    }
}

pub(crate) fn decode(bytes: &[u8], limits: &Limits) -> Result<Picture, DecodeError> {
    limits.check_bytes(bytes.len())?;
    let format = container::sniff(bytes).ok_or_else(|| unknown_format(bytes))?;
    let outline = container::outline(format, bytes);
    if let Some((width, height)) = outline.size {
        limits.check_size(width, height)?;
    }
    if !outline.complete {
        return Err(truncated(format, bytes.len()));
    }
    // The decoders are other people's code fed with strangers' bytes: a bug there must cost this picture, not the caller.
    catch_unwind(AssertUnwindSafe(|| pixels(format, outline, bytes, limits))).unwrap_or_else(|_| {
        Err(DecodeError::new(
            DecodeErrorKind::Malformed,
            format!("the decoder gave up on this {}; save it again", format.name()),
        ))
    })
}

fn pixels(format: Format, outline: Outline, bytes: &[u8], limits: &Limits) -> Result<Picture, DecodeError> {
    let explain = |error| explain(format, bytes.len(), limits, error);
    let mut reader = ImageReader::with_format(Cursor::new(bytes), image_format(format));
    let mut decoder_limits = image::Limits::no_limits();
    decoder_limits.max_alloc = Some(limits.max_alloc);
    reader.limits(decoder_limits);
    let mut decoder = reader.into_decoder().map_err(explain)?;

    let (width, height) = decoder.dimensions();
    limits.check_size(width, height)?;
    let (widest, highest) = outline.size.unwrap_or_default();
    let pixels = u64::from(width.max(widest)) * u64::from(height.max(highest));
    limits.check_alloc(decoder.total_bytes().saturating_add(pixels.saturating_mul(working_bytes(format, outline))))?;

    // Damaged metadata does not spoil the pixels.
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let mut upright = DynamicImage::ImageRgb8(opaque(DynamicImage::from_decoder(decoder).map_err(explain)?));
    upright.apply_orientation(orientation);
    let rgb = upright.into_rgb8();
    Picture::from_rgb(rgb.width(), rgb.height(), rgb.into_raw())
}

/// Bytes a pixel held beside the decoded buffer, at worst: by the decoder, and after it by the copy that is made RGB or
/// turned upright.
fn working_bytes(format: Format, outline: Outline) -> u64 {
    match format {
        // Coefficients of 2 bytes for each of three components.
        Format::Jpeg if outline.progressive => 6,
        // Planes or a frame, its transparency, and an animation's canvas.
        Format::WebP => 8,
        _ => 4,
    }
}

/// Drops transparency by laying the picture over white.
fn opaque(picture: DynamicImage) -> image::RgbImage {
    if !picture.color().has_alpha() {
        return picture.into_rgb8();
    }
    let rgba = picture.into_rgba8();
    let (width, height) = rgba.dimensions();
    let mut bytes = rgba.into_raw();
    // In place, since 3 bytes are written where 4 were read.
    for pixel in 0..bytes.len() / 4 {
        let alpha = u32::from(bytes[4 * pixel + 3]);
        for channel in 0..3 {
            let value = u32::from(bytes[4 * pixel + channel]);
            bytes[3 * pixel + channel] = ((value * alpha + 255 * (255 - alpha) + 127) / 255) as u8;
        }
    }
    bytes.truncate(bytes.len() / 4 * 3);
    bytes.shrink_to_fit();
    image::RgbImage::from_raw(width, height, bytes).unwrap_or_default()
}

fn image_format(format: Format) -> ImageFormat {
    match format {
        Format::Jpeg => ImageFormat::Jpeg,
        Format::Png => ImageFormat::Png,
        Format::WebP => ImageFormat::WebP,
        Format::Gif => ImageFormat::Gif,
        Format::Bmp => ImageFormat::Bmp,
    }
}

fn explain(format: Format, given: usize, limits: &Limits, error: ImageError) -> DecodeError {
    let name = format.name();
    match error {
        ImageError::Limits(_) => DecodeError::new(
            DecodeErrorKind::TooMuchMemory,
            format!("decoding needs more than {} bytes of memory; scale the picture down", grouped(limits.max_alloc)),
        ),
        ImageError::Unsupported(error) => {
            DecodeError::new(DecodeErrorKind::Unsupported, format!("{error}; save the picture as a common {name}"))
        }
        ImageError::IoError(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => truncated(format, given),
        error => {
            DecodeError::new(DecodeErrorKind::Malformed, format!("damaged {name}: {error}; save the picture again"))
        }
    }
}

fn truncated(format: Format, given: usize) -> DecodeError {
    DecodeError::new(
        DecodeErrorKind::Truncated,
        format!("the {} was cut off after {} bytes; send the whole file", format.name(), grouped(given as u64)),
    )
}

fn unknown_format(bytes: &[u8]) -> DecodeError {
    const WAY_OUT: &str = "send a JPEG, PNG, WebP, GIF or BMP";
    let message = match image::guess_format(bytes) {
        _ if bytes.is_empty() => format!("not a picture: no bytes at all; {WAY_OUT}"),
        // Telephones send HEIC, and `image` knows only its sibling by sight.
        _ if bytes.get(4..8) == Some(b"ftyp") => format!("HEIC, AVIF and films are not read; {WAY_OUT}"),
        Ok(other) => format!("{other:?} is not read; {WAY_OUT}"),
        Err(_) => {
            let start = String::from_utf8_lossy(&bytes[..bytes.len().min(16)]);
            format!("not a picture: the bytes start with {start:?}; {WAY_OUT}")
        }
    };
    DecodeError::new(DecodeErrorKind::UnknownFormat, message)
}

/// 50000000 as "50,000,000".
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
