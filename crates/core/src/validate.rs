//! The limits of a request, and errors that name the field, the limit and the way out.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use crate::{Error, ExclusionZones, Result};

/// The limits of the API. Lengths count Unicode code points.
///
/// ```
/// use image_intelligence_core::Limits;
///
/// let mut limits = Limits::default();
/// assert_eq!((limits.images, limits.url, limits.custom_id), (64, 512, 64));
/// limits.url = 2048; // for a server that takes longer ones
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Pictures in a job: 64.
    pub images: usize,
    /// Characters in the URL of a picture or a webhook: 512 in the documents; a changelog once says 2048.
    pub url: usize,
    /// Characters in a `customId` or `feedId`: 64.
    pub custom_id: usize,
    /// Classes in a job: 256. The documents name no limit; something must keep a mistake from becoming a flood.
    pub classes: usize,
    /// Characters in the name of a class: 128. The documents name no limit.
    pub class: usize,
    /// Pictures that show a match job's target, and those of one side of an ask job's examples: 3.
    pub reference_images: usize,
    /// Characters in a question: 256.
    pub question: usize,
    /// Characters in the URL of a registered webhook, or in that of a recognize job's: 2048.
    pub long_url: usize,
    /// Characters in a namespace: 128.
    pub namespace: usize,
    /// Characters in the `customId` of an identity: 256.
    pub identity_custom_id: usize,
    /// Pictures that one change adds to an identity, and that it takes away: 20 each.
    pub identity_images: usize,
    /// Rows of one page of a recognition search: 100. Also how many rows may be passed over, and how many ids asked for.
    pub search_rows: usize,
    /// Feeds, and custom ids, that a recognition search asks for: 20 each.
    pub search_names: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            images: 64,
            url: 512,
            custom_id: 64,
            classes: 256,
            class: 128,
            reference_images: 3,
            question: 256,
            long_url: 2048,
            namespace: 128,
            identity_custom_id: 256,
            identity_images: 20,
            search_rows: 100,
            search_names: 20,
        }
    }
}

/// The place of a value in a request, as the wire names it: `images[3].url`.
pub(crate) struct Field(String);

impl Field {
    pub(crate) fn new(name: &str) -> Self {
        Self(name.to_owned())
    }

    pub(crate) fn at(&self, index: usize) -> Self {
        Self(format!("{}[{index}]", self.0))
    }

    pub(crate) fn key(&self, key: &str) -> Self {
        Self(format!("{}.{key}", self.0))
    }

    pub(crate) fn name(&self) -> &str {
        &self.0
    }

    pub(crate) fn refuse<T>(&self, problem: impl std::fmt::Display) -> Result<T> {
        Err(Error::invalid_request(&self.0, problem))
    }

    pub(crate) fn at_most(&self, text: &str, most: usize) -> Result<()> {
        let given = text.chars().count();
        if given > most {
            return self.refuse(format_args!("{given} characters given, at most {most}"));
        }
        Ok(())
    }

    pub(crate) fn not_blank(&self, text: &str) -> Result<()> {
        if text.trim().is_empty() {
            return self.refuse("empty; say what to look for, such as \"person\"");
        }
        Ok(())
    }

    pub(crate) fn url(&self, text: &str, most: usize) -> Result<()> {
        self.at_most(text, most)?;
        if is_url(text) {
            return Ok(());
        }
        self.refuse(format_args!("\"{}\" is not a URL; one starts with https://", excerpt(text)))
    }

    /// The URL of a picture, in whose place many pass the name of a file.
    pub(crate) fn picture_url(&self, text: &str, most: usize) -> Result<()> {
        self.at_most(text, most)?;
        if is_url(text) {
            return Ok(());
        }
        self.refuse(format_args!(
            "\"{}\" is not a URL (one starts with https://); for a file, pass the file and not its name",
            excerpt(text)
        ))
    }

    /// 1 to `most` URLs.
    pub(crate) fn urls(&self, urls: &[String], most: usize, longest: usize) -> Result<()> {
        self.count(urls.len(), most)?;
        urls.iter().enumerate().try_for_each(|(index, url)| self.at(index).url(url, longest))
    }

    /// 1 to `most` of something.
    pub(crate) fn count(&self, given: usize, most: usize) -> Result<()> {
        match given {
            0 => self.refuse(format_args!("none given, 1 to {most} wanted; leave it out where there is none")),
            given if given > most => self.refuse(format_args!("{given} given, at most {most}")),
            _ => Ok(()),
        }
    }

    /// At most `most` ids, each once and none empty.
    pub(crate) fn ids(&self, ids: &[String], most: usize) -> Result<()> {
        if ids.len() > most {
            return self.refuse(format_args!("{} given, at most {most}", ids.len()));
        }
        for (index, id) in ids.iter().enumerate() {
            if id.is_empty() {
                return self.at(index).refuse("empty; pass an id");
            }
            if let Some(first) = ids[..index].iter().position(|other| other == id) {
                return self.at(index).refuse(format_args!("the same as [{first}]; give each once"));
            }
        }
        Ok(())
    }

    pub(crate) fn base64(&self, blob: &str) -> Result<()> {
        if blob.is_empty() {
            return self.refuse("empty; send the bytes of the picture in base64");
        }
        if blob.starts_with("data:") {
            return self.refuse("a data: URL given; send only what follows the comma");
        }
        let text = blob.trim_end_matches('=');
        let padding = blob.len() - text.len();
        let odd = text.bytes().position(|byte| !matches!(byte, b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'+' | b'/'));
        if let Some(position) = odd {
            return self.refuse(format_args!("not base64 of the standard alphabet: see character {}", position + 1));
        }
        if text.len() % 4 == 1 || (padding > 0 && (padding > 2 || !blob.len().is_multiple_of(4))) {
            return self.refuse(format_args!("not base64: {} characters cannot be; was it cut?", blob.len()));
        }
        Ok(())
    }
}

/// Checks that a text has at most so many characters. `field` is the place that the error names, such as `images[3].url`.
///
/// ```
/// use image_intelligence_core::check_length;
///
/// let error = check_length("feedId", "door", 3).unwrap_err();
/// assert_eq!(error.message(), "feedId: 4 characters given, at most 3");
/// ```
pub fn check_length(field: &str, text: &str, most: usize) -> Result<()> {
    Field::new(field).at_most(text, most)
}

/// Checks the name of a namespace, which becomes part of a path.
///
/// ```
/// use image_intelligence_core::{Limits, check_namespace};
///
/// assert!(check_namespace("staff", &Limits::default()).is_ok());
/// assert!(check_namespace("", &Limits::default()).is_err());
/// ```
pub fn check_namespace(namespace: &str, limits: &Limits) -> Result<()> {
    let field = Field::new("namespace");
    if namespace.trim().is_empty() {
        return field.refuse("empty; give your identities a namespace, such as \"staff\"");
    }
    if matches!(namespace, "." | "..") || namespace.chars().any(char::is_control) {
        return field.refuse("dots alone or control characters given, which no path can carry; use letters and digits");
    }
    field.at_most(namespace, limits.namespace)
}

pub(crate) fn is_url(text: &str) -> bool {
    url::Url::parse(text).is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
}

/// The first 80 characters of what a caller gave, without control characters.
pub(crate) fn excerpt(text: &str) -> String {
    let mut out = String::new();
    for character in text.chars().take(80) {
        if character.is_control() {
            let _ = write!(out, "{}", character.escape_default());
        } else {
            out.push(character);
        }
    }
    if text.chars().nth(80).is_some() {
        out.push_str("..");
    }
    out
}

/// The bytes of a `blob`, with or without padding.
///
/// `field` is the place that an error names, such as `images[3].blob`.
///
/// ```
/// use image_intelligence_core::decode_blob;
///
/// assert_eq!(decode_blob("images[0].blob", "aGVsbG8=").unwrap(), b"hello");
/// assert!(decode_blob("images[0].blob", "not base64!").is_err());
/// ```
pub fn decode_blob(field: &str, blob: &str) -> Result<Vec<u8>> {
    const ENGINE: GeneralPurpose = GeneralPurpose::new(
        &alphabet::STANDARD,
        GeneralPurposeConfig::new()
            .with_decode_padding_mode(DecodePaddingMode::Indifferent)
            .with_decode_allow_trailing_bits(true),
    );
    Field::new(field).base64(blob)?;
    ENGINE.decode(blob).map_err(|error| Error::invalid_request(field, format_args!("not base64: {error}")))
}

pub(crate) fn check_zones(field: &Field, zones: &ExclusionZones) -> Result<()> {
    if zones.kind != "GRID" {
        return field.key("type").refuse(format_args!("\"{}\" given, only GRID is known", excerpt(&zones.kind)));
    }
    if !ExclusionZones::SIZES.contains(&zones.size) {
        return field.key("size").refuse(format_args!("{} given, one of 16, 32, 64, 128 wanted", zones.size));
    }
    let rows = zones.zones.len();
    let field = field.key("zones");
    if rows == 0 {
        return field.refuse("no rows given; a grid has at least one");
    }
    if rows > zones.size as usize {
        return field.refuse(format_args!("{rows} rows given, at most {} with this size", zones.size));
    }
    for (index, row) in zones.zones.iter().enumerate() {
        let field = field.at(index);
        if row.len() != rows {
            return field.refuse(format_args!("{} cells given in a grid of {rows} rows; it must be square", row.len()));
        }
        if let Some(cell) = row.iter().find(|&&cell| cell > 1) {
            return field.refuse(format_args!("a cell is {cell}; 1 leaves it out, 0 keeps it"));
        }
    }
    Ok(())
}
