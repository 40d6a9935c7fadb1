//! Vision's first look at a file: which format it is, how large the picture, and whether the file is whole.
//!
//! The decoders cannot be asked: some fill what a cut-off file lacks with grey, and some want pixels before they tell
//! the size. So the few bytes of structure are walked here, without allocating.

/// A format that is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    Jpeg,
    Png,
    WebP,
    Gif,
    Bmp,
}

impl Format {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Jpeg => "JPEG",
            Self::Png => "PNG",
            Self::WebP => "WebP",
            Self::Gif => "GIF",
            Self::Bmp => "BMP",
        }
    }
}

/// What the structure of a file says.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Outline {
    /// Width and height as stored, before any turning, of the largest part; `None` where the file ends (or goes wrong) before saying.
    pub(crate) size: Option<(u32, u32)>,
    /// Whether the file reaches its own end mark.
    pub(crate) complete: bool,
    /// Whether a JPEG is progressive: all its coefficients are held at once.
    pub(crate) progressive: bool,
}

/// Which format the bytes are, by their first few.
pub(crate) fn sniff(bytes: &[u8]) -> Option<Format> {
    if bytes.starts_with(&[0xFF, 0xD8, 0xFF]) {
        Some(Format::Jpeg)
    } else if bytes.starts_with(b"\x89PNG\r\n\x1a\n") {
        Some(Format::Png)
    } else if bytes.starts_with(b"RIFF") && bytes.get(8..12) == Some(b"WEBP") {
        Some(Format::WebP)
    } else if bytes.starts_with(b"GIF87a") || bytes.starts_with(b"GIF89a") {
        Some(Format::Gif)
    } else if bytes.starts_with(b"BM") {
        Some(Format::Bmp)
    } else {
        None
    }
}

/// Walks the structure of a file of the given format.
pub(crate) fn outline(format: Format, bytes: &[u8]) -> Outline {
    match format {
        Format::Jpeg => jpeg(bytes),
        Format::Png => png(bytes),
        Format::WebP => webp(bytes),
        Format::Gif => gif(bytes),
        Format::Bmp => bmp(bytes),
    }
}

fn array<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    bytes.get(at..at.checked_add(N)?)?.try_into().ok()
}

fn be16(bytes: &[u8], at: usize) -> Option<u32> {
    array(bytes, at).map(|b| u32::from(u16::from_be_bytes(b)))
}

fn le16(bytes: &[u8], at: usize) -> Option<u32> {
    array(bytes, at).map(|b| u32::from(u16::from_le_bytes(b)))
}

fn be32(bytes: &[u8], at: usize) -> Option<u32> {
    array(bytes, at).map(u32::from_be_bytes)
}

fn le32(bytes: &[u8], at: usize) -> Option<u32> {
    array(bytes, at).map(u32::from_le_bytes)
}

/// Segments by their lengths (so a thumbnail's end mark inside one is not taken for the picture's), scan data by its
/// markers, to the end-of-image mark.
fn jpeg(bytes: &[u8]) -> Outline {
    let mut outline = Outline::default();
    let mut at = 2;
    while let Some(distance) = bytes.get(at..).and_then(|rest| rest.iter().position(|&b| b == 0xFF)) {
        at += distance + 1;
        match bytes.get(at) {
            Some(0xD9) => {
                outline.complete = true;
                break;
            }
            // A fill byte is itself the start of a marker.
            Some(0xFF) => {}
            // A stuffed zero in scan data, and the markers that stand alone.
            Some(0x00 | 0x01 | 0xD0..=0xD8) => at += 1,
            Some(&marker) => {
                let frame = matches!(marker, 0xC0..=0xCF) && !matches!(marker, 0xC4 | 0xC8 | 0xCC);
                if frame && outline.size.is_none() {
                    outline.size = be16(bytes, at + 6).zip(be16(bytes, at + 4));
                    outline.progressive = matches!(marker, 0xC2 | 0xC6 | 0xCA | 0xCE);
                }
                let Some(length) = be16(bytes, at + 1) else { break };
                at += 1 + length as usize;
            }
            None => break,
        }
    }
    outline
}

/// Chunks by their lengths, to IEND.
fn png(bytes: &[u8]) -> Outline {
    let mut outline = Outline { size: be32(bytes, 16).zip(be32(bytes, 20)), ..Outline::default() };
    let mut at = 8_usize;
    while let Some((length, kind)) = be32(bytes, at).zip(array::<4>(bytes, at + 4)) {
        let Some(next) = at.checked_add(12).and_then(|end| end.checked_add(length as usize)) else { break };
        if &kind == b"IEND" {
            outline.complete = next <= bytes.len();
            break;
        }
        at = next;
    }
    outline
}

/// The length the file gives of itself, and the largest of the sizes in its chunks: a decoder makes room for the pixels
/// of a frame before it sees that they do not fit the canvas.
fn webp(bytes: &[u8]) -> Outline {
    let complete = le32(bytes, 4).is_some_and(|length| u64::from(length) + 8 <= bytes.len() as u64);
    let mut size = None;
    let mut at = 12;
    while let Some((kind, end)) = webp_chunk(bytes, at) {
        if &kind == b"ANMF" {
            // A frame: 16 bytes about it, then its transparency if any, then its pixels.
            let first = at + 24;
            let second = webp_chunk(bytes, first).map_or(usize::MAX, |(_, end)| end);
            size = larger(size, larger(webp_size(bytes, first), webp_size(bytes, second)));
        } else {
            size = larger(size, webp_size(bytes, at));
        }
        at = end;
    }
    Outline { size, complete, progressive: false }
}

/// The kind of the chunk that starts here, and where it ends; chunks are padded to even lengths.
fn webp_chunk(bytes: &[u8], at: usize) -> Option<([u8; 4], usize)> {
    let length = le32(bytes, at.checked_add(4)?)? as usize;
    Some((array(bytes, at)?, at.checked_add(8)?.checked_add(length)?.checked_add(length & 1)?))
}

fn webp_size(bytes: &[u8], at: usize) -> Option<(u32, u32)> {
    match &array::<4>(bytes, at)? {
        b"VP8X" => array::<6>(bytes, at + 12)
            .map(|[a, b, c, d, e, f]| (u32::from_le_bytes([a, b, c, 0]) + 1, u32::from_le_bytes([d, e, f, 0]) + 1)),
        b"VP8L" => le32(bytes, at + 9).map(|bits| ((bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1)),
        b"VP8 " => le16(bytes, at + 14).zip(le16(bytes, at + 16)).map(|(w, h)| (w & 0x3FFF, h & 0x3FFF)),
        _ => None,
    }
}

fn larger(a: Option<(u32, u32)>, b: Option<(u32, u32)>) -> Option<(u32, u32)> {
    match (a, b) {
        (Some((a_width, a_height)), Some((b_width, b_height))) => Some((a_width.max(b_width), a_height.max(b_height))),
        (a, b) => a.or(b),
    }
}

/// Blocks by their sub-blocks' lengths, to the trailer.
fn gif(bytes: &[u8]) -> Outline {
    let size = le16(bytes, 6).zip(le16(bytes, 8));
    let complete = gif_reaches_trailer(bytes).is_some();
    Outline { size, complete, progressive: false }
}

fn gif_reaches_trailer(bytes: &[u8]) -> Option<()> {
    let colours = |flags: u8| if flags & 0x80 == 0 { 0 } else { 3 << ((flags & 7) + 1) };
    let mut at = 13 + colours(*bytes.get(10)?);
    loop {
        match bytes.get(at)? {
            0x2C => at += 11 + colours(*bytes.get(at + 9)?),
            0x21 => at += 2,
            // The trailer, or what is no block at all: about that the decoder knows better what to say.
            _ => return Some(()),
        }
        while let length @ 1.. = *bytes.get(at)? {
            at += 1 + usize::from(length);
        }
        at += 1;
    }
}

/// Uncompressed rows counted out; run-length ones are left to the decoder, which refuses a missing end.
fn bmp(bytes: &[u8]) -> Outline {
    let size = match le32(bytes, 14) {
        Some(12) => le16(bytes, 18).zip(le16(bytes, 20)),
        // A negative height means rows from the top.
        Some(_) => le32(bytes, 18).zip(le32(bytes, 22).map(|height| height.cast_signed().unsigned_abs())),
        None => None,
    };
    let complete = bmp_has_its_rows(bytes, size).unwrap_or(false);
    Outline { size, complete, progressive: false }
}

fn bmp_has_its_rows(bytes: &[u8], size: Option<(u32, u32)>) -> Option<bool> {
    let (width, height) = size?;
    let (bits, compression) =
        if le32(bytes, 14)? == 12 { (le16(bytes, 24)?, 0) } else { (le16(bytes, 28)?, le32(bytes, 30)?) };
    if !matches!(compression, 0 | 3) {
        return Some(true);
    }
    let row = (u64::from(width) * u64::from(bits)).div_ceil(32) * 4;
    let needed = row.saturating_mul(u64::from(height)).saturating_add(u64::from(le32(bytes, 10)?));
    Some(needed <= bytes.len() as u64)
}
