//! Vision, from outside: what becomes a picture, what is refused, and how it says so.
#![allow(clippy::unwrap_used, reason = "a fixture that cannot be made is a failed test")]

use std::io::Cursor;

use image::{DynamicImage, ImageFormat, Rgb, RgbImage, Rgba, RgbaImage};
use image_intelligence_vision::{DecodeErrorKind as Kind, Limits, Picture};

const FORMATS: [ImageFormat; 5] =
    [ImageFormat::Jpeg, ImageFormat::Png, ImageFormat::WebP, ImageFormat::Gif, ImageFormat::Bmp];

fn photo(name: &str) -> Vec<u8> {
    std::fs::read(format!("{}/../../examples/photos/{name}.jpg", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

fn encode(picture: &DynamicImage, format: ImageFormat) -> Vec<u8> {
    let mut file = Cursor::new(Vec::new());
    picture.write_to(&mut file, format).unwrap();
    file.into_inner()
}

/// 40 x 20, the left half red, the right half blue.
fn halves() -> DynamicImage {
    let colour = |x| if x < 20 { Rgb([255, 0, 0]) } else { Rgb([0, 0, 255]) };
    DynamicImage::ImageRgb8(RgbImage::from_fn(40, 20, |x, _| colour(x)))
}

fn decode(bytes: &[u8]) -> Result<Picture, Kind> {
    Picture::decode(bytes, &Limits::default()).map_err(|error| error.kind())
}

/// Kind and message of the refusal.
fn refusal(bytes: &[u8], limits: &Limits) -> (Kind, String) {
    let error = Picture::decode(bytes, limits).unwrap_err();
    (error.kind(), error.to_string())
}

fn pixel(picture: &Picture, x: u32, y: u32) -> [u8; 3] {
    let at = 3 * (y * picture.width() + x) as usize;
    picture.rgb()[at..at + 3].try_into().unwrap()
}

fn is_red([red, _, blue]: [u8; 3]) -> bool {
    red > 200 && blue < 50
}

#[test]
fn five_formats_are_read_by_their_bytes_alone() {
    for format in FORMATS {
        let picture = decode(&encode(&halves(), format)).unwrap();
        assert_eq!((picture.width(), picture.height()), (40, 20), "{format:?}");
        assert!(is_red(pixel(&picture, 5, 10)) && !is_red(pixel(&picture, 35, 10)), "{format:?}");
    }
}

#[test]
fn a_file_cut_off_anywhere_is_refused() {
    for format in FORMATS {
        let whole = encode(&halves(), format);
        for length in 0..whole.len() {
            let kind = decode(&whole[..length]).unwrap_err();
            let expected = if length < 12 { vec![Kind::Truncated, Kind::UnknownFormat] } else { vec![Kind::Truncated] };
            assert!(expected.contains(&kind), "{format:?} after {length} of {} bytes: {kind:?}", whole.len());
        }
    }
    let whole = photo("astronaut");
    for length in (100..whole.len()).step_by(997).chain([whole.len() - 1]) {
        assert_eq!(decode(&whole[..length]), Err(Kind::Truncated), "after {length} bytes");
    }
    assert_eq!(
        refusal(&whole[..30_000], &Limits::default()).1,
        "the JPEG was cut off after 30,000 bytes; send the whole file"
    );
}

#[test]
fn the_end_of_a_thumbnail_is_not_the_end_of_the_picture() {
    let whole = encode(&halves(), ImageFormat::Jpeg);
    let mut with_thumbnail = whole[..2].to_vec();
    with_thumbnail.extend([0xFF, 0xE1, 0x00, 0x06, 0xFF, 0xD8, 0xFF, 0xD9]);
    with_thumbnail.extend(&whole[2..]);
    assert!(decode(&with_thumbnail).is_ok());
    with_thumbnail.truncate(with_thumbnail.len() - 30);
    assert_eq!(decode(&with_thumbnail), Err(Kind::Truncated));
}

#[test]
fn what_follows_the_end_is_no_matter() {
    for format in FORMATS {
        let mut file = encode(&halves(), format);
        file.extend(b"\r\n");
        assert!(decode(&file).is_ok(), "{format:?}");
    }
}

#[test]
fn the_picture_is_turned_upright() {
    let stored = encode(&halves(), ImageFormat::Jpeg);
    let oriented = |orientation: u8| {
        // One little-endian TIFF directory with one entry: tag 0x0112, a short, once.
        let mut exif = b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0".to_vec();
        exif.extend([orientation, 0, 0, 0, 0, 0, 0, 0]);
        let mut file = stored[..2].to_vec();
        file.extend([0xFF, 0xE1, 0, exif.len() as u8 + 2]);
        file.extend(exif);
        file.extend(&stored[2..]);
        decode(&file).unwrap()
    };
    let as_stored = oriented(1);
    assert_eq!((as_stored.width(), as_stored.height()), (40, 20));
    assert!(is_red(pixel(&as_stored, 5, 10)));
    assert!(is_red(pixel(&oriented(3), 35, 10)));
    let clockwise = oriented(6);
    assert_eq!((clockwise.width(), clockwise.height()), (20, 40));
    assert!(is_red(pixel(&clockwise, 10, 5)));
    assert!(is_red(pixel(&oriented(8), 10, 35)));
}

#[test]
fn transparency_is_laid_over_white() {
    let mut picture = RgbaImage::from_pixel(3, 1, Rgba([0, 100, 0, 0]));
    picture.put_pixel(1, 0, Rgba([0, 100, 0, 255]));
    picture.put_pixel(2, 0, Rgba([0, 0, 0, 128]));
    let expected = [255, 255, 255, 0, 100, 0, 127, 127, 127];
    let deep = DynamicImage::ImageRgba16(DynamicImage::ImageRgba8(picture.clone()).into_rgba16());
    for file in [
        encode(&picture.clone().into(), ImageFormat::Png),
        encode(&picture.into(), ImageFormat::WebP),
        encode(&deep, ImageFormat::Png),
    ] {
        assert_eq!(decode(&file).unwrap().rgb(), expected);
    }
}

#[test]
fn grey_and_deep_pictures_become_rgb() {
    for picture in [DynamicImage::ImageLuma8(halves().into_luma8()), DynamicImage::ImageRgb16(halves().into_rgb16())] {
        assert_eq!(decode(&encode(&picture, ImageFormat::Png)).unwrap().rgb().len(), 40 * 20 * 3);
    }
}

#[test]
fn what_is_not_a_picture_is_named() {
    let message = |bytes: &[u8]| {
        let (kind, message) = refusal(bytes, &Limits::default());
        assert_eq!(kind, Kind::UnknownFormat);
        message
    };
    assert_eq!(message(b""), "not a picture: no bytes at all; send a JPEG, PNG, WebP, GIF or BMP");
    assert_eq!(
        message(b"hello\nworld"),
        r#"not a picture: the bytes start with "hello\nworld"; send a JPEG, PNG, WebP, GIF or BMP"#
    );
    assert_eq!(message(b"II*\0rest"), "Tiff is not read; send a JPEG, PNG, WebP, GIF or BMP");
    assert!(message(b"\0\0\0\x18ftypheic").starts_with("HEIC"));
}

/// A PNG that ends after its header.
fn png_header(width: u32, height: u32) -> Vec<u8> {
    let mut file = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec();
    file.extend(width.to_be_bytes());
    file.extend(height.to_be_bytes());
    file.extend([8, 2, 0, 0, 0, 0, 0, 0, 0]);
    file
}

#[test]
fn limits_are_checked_from_the_header_and_named() {
    let limits = Limits::default();
    assert_eq!(
        refusal(&png_header(30_000, 30_000), &limits),
        (Kind::TooManyPixels, "30,000 x 30,000 pixels, at most 50,000,000; scale the picture down".into())
    );
    assert_eq!(
        refusal(&png_header(20_000, 10), &limits),
        (Kind::SideTooLong, "20,000 x 10 pixels, at most 16,384 a side; scale the picture down".into())
    );
    assert_eq!(refusal(&png_header(0, 10), &limits).0, Kind::Malformed);
    assert_eq!(refusal(&png_header(u32::MAX, u32::MAX), &limits).0, Kind::TooManyPixels);
    assert_eq!(
        refusal(&vec![b'x'; (32 << 20) + 1], &limits),
        (Kind::TooManyBytes, "33,554,433 bytes, at most 33,554,432; scale the picture down or save it as JPEG".into())
    );
    for format in FORMATS {
        let file = encode(&halves(), format);
        assert_eq!(refusal(&file, &limits.max_pixels(799)).0, Kind::TooManyPixels, "{format:?}");
        assert_eq!(refusal(&file, &limits.max_side(39)).0, Kind::SideTooLong, "{format:?}");
        assert_eq!(refusal(&file, &limits.max_alloc(2_000)).0, Kind::TooMuchMemory, "{format:?}");
        assert_eq!(refusal(&file, &limits.max_bytes(file.len() as u64 - 1)).0, Kind::TooManyBytes, "{format:?}");
        let exact = limits.max_pixels(800).max_side(40).max_bytes(file.len() as u64);
        assert!(Picture::decode(&file, &exact).is_ok(), "{format:?}");
    }
}

#[test]
fn a_huge_frame_on_a_small_gif_costs_no_memory() {
    let mut file = encode(&halves(), ImageFormat::Gif);
    let frame = file.windows(9).position(|bytes| bytes == [0x2C, 0, 0, 0, 0, 40, 0, 20, 0]).unwrap();
    file[frame + 5..frame + 9].fill(0xFF);
    assert!(matches!(decode(&file), Err(Kind::TooMuchMemory | Kind::Malformed)));
}

#[test]
fn a_huge_frame_in_a_small_webp_costs_no_memory() {
    // The canvas is 1 x 1, the frame 16,383 x 16,383: a decoder makes room before it compares the two.
    let mut file = b"RIFF\x2C\0\0\0WEBPVP8X\x0A\0\0\0\0\0\0\0\0\0\0\0\0\0VP8 \x0E\0\0\0".to_vec();
    file.extend(b"\x10\0\0\x9D\x01\x2A\xFF\x3F\xFF\x3F\0\0\0\0");
    let (kind, message) = refusal(&file, &Limits::default());
    assert_eq!(kind, Kind::TooManyPixels, "{message}");
}

#[test]
fn damage_inside_a_whole_file_is_told_from_a_cut() {
    let mut file = encode(&halves(), ImageFormat::Png);
    let data = file.windows(4).position(|bytes| bytes == b"IDAT").unwrap();
    file[data + 6] ^= 0xFF;
    let (kind, message) = refusal(&file, &Limits::default());
    assert_eq!(kind, Kind::Malformed);
    assert!(message.starts_with("damaged PNG: ") && message.ends_with("; save the picture again"), "{message}");
}

#[test]
fn pixels_must_fit_the_size() {
    assert_eq!(Picture::from_rgb(2, 2, vec![0; 12]).unwrap().into_rgb(), [0; 12]);
    for (width, height, bytes) in [(2, 2, 11), (0, 0, 0), (u32::MAX, u32::MAX, 3)] {
        let error = Picture::from_rgb(width, height, vec![0; bytes]).unwrap_err();
        assert_eq!(error.kind(), Kind::WrongLength);
    }
}

/// A small generator (xorshift) with a fixed seed: a failure comes back at the next run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % end as u64) as usize
    }
}

#[test]
fn no_bytes_make_it_panic() {
    let mut dice = Dice(0x5EED);
    let limits = Limits::default().max_pixels(1_000_000).max_alloc(16 << 20);
    let small = image::load_from_memory(&photo("chelsea")).unwrap().thumbnail(64, 64);
    let transparent = DynamicImage::ImageRgba8(small.to_rgba8());
    let mut files: Vec<_> = FORMATS.iter().map(|&format| encode(&small, format)).collect();
    files.extend([ImageFormat::Png, ImageFormat::WebP].map(|format| encode(&transparent, format)));
    // What a decoder did wrong is caught and comes back as "gave up"; here it must not happen at all.
    for round in 0..2_000 {
        let mut file = files[round % files.len()].clone();
        // Headers are where sizes and offsets are, so half of the hits go there.
        let reach = if round % 2 == 0 { file.len() } else { file.len().min(64) };
        for _ in 0..=dice.below(6) {
            let at = dice.below(reach);
            match dice.below(4) {
                0 => file[at] ^= 1 << dice.below(8),
                1 => file[at] = [0x00, 0x7F, 0x80, 0xFF][dice.below(4)],
                2 => drop(file.splice(at..at, [0xFF, 0xD8, 0xFF, 0x00])),
                _ => drop(file.drain(at..(at + dice.below(8)).min(file.len()))),
            }
        }
        match Picture::decode(&file, &limits) {
            Ok(picture) => {
                let pixels = picture.width() as usize * picture.height() as usize;
                assert!(pixels <= 1_000_000 && picture.rgb().len() == 3 * pixels);
            }
            Err(error) => assert!(!error.to_string().contains("gave up"), "round {round}: {error}"),
        }
    }
    for length in 0..64 {
        let noise: Vec<u8> = (0..length).map(|_| dice.below(256) as u8).collect();
        assert!(decode(&noise).is_err());
        for start in [&b"\xFF\xD8\xFF"[..], b"\x89PNG\r\n\x1a\n", b"RIFF\x20\0\0\0WEBPVP8X", b"GIF89a", b"BM"] {
            assert!(decode(&[start, &noise].concat()).is_err());
        }
    }
}
