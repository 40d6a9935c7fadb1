//! A look at a picture before it is sent: whether it is there, and how much room it takes.

use std::path::Path;

use image_intelligence_core::{Error, Result};
use tokio::task::JoinHandle;

use super::item::Meta;
use super::key::Key;
use crate::image::{Image, Source, no_file, unreadable};

/// A picture that may be sent.
pub(crate) struct Picture {
    pub(crate) meta: Meta,
    pub(crate) image: Image,
    /// How many bytes it takes in a request.
    pub(crate) size: usize,
    /// By what a later run knows it again, where that is wanted.
    pub(crate) key: Option<Key>,
}

/// A picture that is being looked at.
pub(crate) struct Looking {
    pub(crate) meta: Meta,
    pub(crate) task: JoinHandle<Result<(Image, usize, Option<Key>)>>,
}

/// What a look at a picture needs: nothing more where all is known, or a while.
pub(crate) enum Look {
    Known(Picture),
    Later(Looking),
}

/// Looks at a picture: at a file, and at bytes that are to be known again, on a thread that may block.
pub(crate) fn look(meta: Meta, image: Image, keyed: bool) -> Look {
    let custom_id = meta.custom_id.clone();
    match &image.source {
        Source::Url(url) => {
            let (size, key) = (url.len(), keyed.then(|| Key::url(url).named(custom_id)));
            return Look::Known(Picture { meta, image, size, key });
        }
        Source::Bytes(bytes) if !keyed => {
            let size = encoded(bytes.len() as u64);
            return Look::Known(Picture { meta, image, size, key: None });
        }
        Source::Bytes(_) | Source::File(_) | Source::Loaded(_) | Source::Refused(_) => {}
    }
    let index = meta.index;
    let task = tokio::task::spawn_blocking(move || {
        let (size, key) = match &image.source {
            Source::Url(url) => (url.len() as u64, Key::url(url)),
            Source::Bytes(bytes) => (bytes.len() as u64, Key::bytes(bytes)),
            Source::File(path) => {
                let about = about(index, path)?;
                (about.len(), Key::file(path, &about))
            }
            Source::Loaded(blob) => ((blob.len() / 4 * 3) as u64, Key::bytes(blob.as_bytes())),
            Source::Refused(error) => return Err((**error).clone()),
        };
        Ok((image, encoded(size), keyed.then(|| key.named(custom_id))))
    });
    Look::Later(Looking { meta, task })
}

fn about(index: usize, path: &Path) -> Result<std::fs::Metadata, Error> {
    let about = std::fs::metadata(path).map_err(|error| unreadable(index, path, error))?;
    if about.is_file() { Ok(about) } else { Err(no_file(index, path)) }
}

/// How many characters so many bytes are in base64.
fn encoded(bytes: u64) -> usize {
    usize::try_from(bytes.div_ceil(3).saturating_mul(4)).unwrap_or(usize::MAX)
}
