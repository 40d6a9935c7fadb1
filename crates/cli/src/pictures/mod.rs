//! What a job is given: files, patterns, directories, URLs and stdin, made into pictures one after the other.

mod pattern;
mod stdin;
mod walk;

use std::path::PathBuf;

use image_intelligence::Image;

pub(crate) use stdin::{is_picture, lines};
pub(crate) use walk::Walk;

/// How many pictures one job takes.
pub(crate) const MOST: usize = 64;

/// One picture to send.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Picture {
    File(PathBuf),
    Url(String),
    /// Bytes that are at hand: from stdin, or compiled in.
    Bytes {
        name: String,
        bytes: Vec<u8>,
    },
}

impl Picture {
    /// Its name for a person: as it was given.
    pub(crate) fn name(&self) -> String {
        match self {
            Self::File(path) => path.display().to_string(),
            Self::Url(url) => url.clone(),
            Self::Bytes { name, .. } => name.clone(),
        }
    }

    /// How it travels, in a word.
    pub(crate) fn sent_as(&self) -> &'static str {
        match self {
            Self::Url(_) => "url",
            Self::File(_) | Self::Bytes { .. } => "file",
        }
    }

    pub(crate) fn to_image(&self) -> Image {
        match self {
            Self::File(path) => Image::file(path),
            Self::Url(url) => Image::url(url),
            Self::Bytes { bytes, .. } => Image::bytes(bytes.clone()),
        }
    }
}

/// A number of pictures, in words.
pub(crate) fn count(pictures: usize) -> String {
    if pictures == 1 { "1 picture".to_owned() } else { format!("{} pictures", grouped(pictures)) }
}

/// A number with a comma between thousands.
pub(crate) fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_easy_to_read() {
        assert_eq!([0, 999, 1000, 1_234_567].map(grouped), ["0", "999", "1,000", "1,234,567"]);
        assert_eq!([1, 5000].map(count), ["1 picture", "5,000 pictures"]);
    }
}
