//! A picture to send: a URL, bytes or a file.

use std::fmt;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use image_intelligence_core::{Dialect, Error, ErrorKind, ImageRequest, Limits, Result, check_length};
use tokio::io::AsyncReadExt as _;

use crate::jobs::check_name;

/// A picture to send.
///
/// A string is a URL; a path is a file, read when the job is sent.
///
/// ```
/// use std::path::Path;
/// use image_intelligence::Image;
///
/// let street = Image::url("https://example.com/street.jpg").custom_id("street");
/// let astronaut = Image::from(Path::new("astronaut.jpg"));
/// let frame = Image::bytes(vec![0xff, 0xd8]).custom_id("frame-7");
/// ```
#[derive(Clone)]
#[must_use]
pub struct Image {
    pub(crate) source: Source,
    pub(crate) custom_id: Option<String>,
}

/// Where a picture is.
#[derive(Clone)]
pub(crate) enum Source {
    Url(String),
    Bytes(Bytes),
    File(PathBuf),
    /// Bytes in base64, as they were sent before.
    Loaded(String),
    /// What the host found to be no picture, and why.
    Refused(Box<Error>),
}

impl Image {
    /// A picture that the service fetches: at most 512 characters of URL, public, answering with the picture itself.
    pub fn url(url: impl Into<String>) -> Self {
        Self { source: Source::Url(url.into()), custom_id: None }
    }

    /// A picture that goes along: the bytes of the file, JPEG or the like, not base64.
    pub fn bytes(bytes: impl Into<Bytes>) -> Self {
        Self { source: Source::Bytes(bytes.into()), custom_id: None }
    }

    /// A file that goes along. It is read when the job is sent.
    pub fn file(path: impl Into<PathBuf>) -> Self {
        Self { source: Source::File(path.into()), custom_id: None }
    }

    /// What a host was given and could not make a picture of: in a run it gets this error, as other pictures get theirs.
    #[doc(hidden)]
    pub fn refused(error: Error) -> Self {
        Self { source: Source::Refused(Box::new(error)), custom_id: None }
    }

    /// A picture as it was sent before, which is not read anew, and the name that the caller gave it.
    pub(crate) fn sent(request: ImageRequest, custom_id: Option<String>) -> Self {
        let ImageRequest { url, blob, .. } = request;
        let source = match (url, blob) {
            (_, Some(blob)) => Source::Loaded(blob),
            (url, None) => Source::Url(url.unwrap_or_default()),
        };
        Self { source, custom_id }
    }

    /// Gives it a name of your own, at most 64 characters, which comes back with its result.
    pub fn custom_id(mut self, id: impl Into<String>) -> Self {
        self.custom_id = Some(id.into());
        self
    }

    /// What the caller passed in, in words: for results and messages.
    pub(crate) fn source(&self, index: usize) -> String {
        match &self.source {
            Source::Url(url) => url.clone(),
            Source::File(path) => path.display().to_string(),
            Source::Bytes(_) | Source::Loaded(_) | Source::Refused(_) => format!("images[{index}]"),
        }
    }

    /// Checks what can be checked before anything is read.
    pub(crate) fn check(&self, index: usize, dialect: Dialect, limits: &Limits) -> Result<()> {
        if let Some(id) = &self.custom_id {
            let field = format!("images[{index}].customId");
            check_name(&field, Some(id))?;
            check_length(&field, id, limits.custom_id)?;
        }
        match &self.source {
            Source::Url(url) => {
                let field = format!("images[{index}].url");
                dialect.check_picture_url(&field, url)?;
                check_length(&field, url, limits.url)
            }
            Source::Bytes(bytes) if bytes.is_empty() => {
                let problem = "no bytes given; pass the picture's file as it is, JPEG or the like";
                Err(Error::invalid_request(&format!("images[{index}]"), problem))
            }
            Source::Bytes(_) | Source::File(_) | Source::Loaded(_) => Ok(()),
            Source::Refused(error) => Err((**error).clone()),
        }
    }

    /// The picture as it travels. `left` is how many bytes the request may still grow by.
    pub(crate) async fn load(self, index: usize, left: &mut usize) -> Result<ImageRequest> {
        let request = match self.source {
            Source::Url(url) => ImageRequest::url(url),
            Source::Bytes(bytes) => {
                take(index, "the picture", bytes.len() as u64, left)?;
                ImageRequest::bytes(&bytes)
            }
            Source::File(path) => {
                let bytes = read(index, &path, left).await?;
                if bytes.is_empty() {
                    let problem = format_args!("{} is empty", path.display());
                    return Err(Error::invalid_request(&format!("images[{index}]"), problem));
                }
                ImageRequest::bytes(&bytes)
            }
            Source::Loaded(blob) => {
                take(index, "the picture", (blob.len() / 4 * 3) as u64, left)?;
                let mut request = ImageRequest::default();
                request.blob = Some(blob);
                request
            }
            Source::Refused(error) => return Err(*error),
        };
        Ok(match self.custom_id {
            Some(id) => request.custom_id(id),
            None => request,
        })
    }
}

/// Reads a file that fits into what is left, and no byte more: it may grow meanwhile, or have no end.
async fn read(index: usize, path: &Path, left: &mut usize) -> Result<Vec<u8>> {
    let about = tokio::fs::metadata(path).await.map_err(|error| unreadable(index, path, error))?;
    if !about.is_file() {
        return Err(no_file(index, path));
    }
    let mut fits = *left;
    take(index, path.display(), about.len(), &mut fits)?;
    let file = tokio::fs::File::open(path).await.map_err(|error| unreadable(index, path, error))?;
    let mut bytes = Vec::with_capacity(usize::try_from(about.len()).unwrap_or_default());
    let most = (*left / 4 * 3) as u64;
    file.take(most + 1).read_to_end(&mut bytes).await.map_err(|error| unreadable(index, path, error))?;
    take(index, path.display(), bytes.len() as u64, left)?;
    Ok(bytes)
}

/// A path at which there is something else than a file.
pub(crate) fn no_file(index: usize, path: &Path) -> Error {
    let problem = format!("{} is no file but a folder, a device or a pipe; pass a file, or its bytes", path.display());
    Error::invalid_request(&format!("images[{index}]"), problem)
}

fn take(index: usize, what: impl fmt::Display, bytes: u64, left: &mut usize) -> Result<()> {
    let encoded = bytes.div_ceil(3).saturating_mul(4);
    match usize::try_from(encoded).ok().and_then(|encoded| left.checked_sub(encoded)) {
        Some(rest) => {
            *left = rest;
            Ok(())
        }
        None => Err(Error::new(
            ErrorKind::TooLarge,
            format!(
                "images[{index}]: {what} has {bytes} bytes, and the request has room for {} more; send fewer pictures a job, smaller ones, or URLs",
                *left / 4 * 3
            ),
        )),
    }
}

/// A file that cannot be read, or of which nothing can be learnt.
pub(crate) fn unreadable(index: usize, path: &Path, error: std::io::Error) -> Error {
    Error::invalid_request(&format!("images[{index}]"), format_args!("{} cannot be read: {error}", path.display()))
        .with_source(error)
}

impl fmt::Debug for Image {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = f.debug_struct("Image");
        match &self.source {
            Source::Url(url) => out.field("url", url),
            Source::Bytes(bytes) => out.field("bytes", &bytes.len()),
            Source::File(path) => out.field("file", path),
            Source::Loaded(blob) => out.field("base64", &blob.len()),
            Source::Refused(error) => out.field("refused", error),
        };
        out.field("custom_id", &self.custom_id).finish()
    }
}

impl From<&str> for Image {
    fn from(url: &str) -> Self {
        Self::url(url)
    }
}

impl From<String> for Image {
    fn from(url: String) -> Self {
        Self::url(url)
    }
}

impl From<&Path> for Image {
    fn from(path: &Path) -> Self {
        Self::file(path)
    }
}

impl From<PathBuf> for Image {
    fn from(path: PathBuf) -> Self {
        Self::file(path)
    }
}

impl From<Vec<u8>> for Image {
    fn from(bytes: Vec<u8>) -> Self {
        Self::bytes(bytes)
    }
}
