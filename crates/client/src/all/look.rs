//! A look at a picture before it is sent: whether it is there, and how much room it takes.

use std::path::Path;

use image_intelligence_core::{Error, Result};
use tokio::task::JoinHandle;

use super::item::Meta;
use crate::image::{Image, Source, no_file, unreadable};

/// A picture that may be sent.
pub(crate) struct Picture {
    pub(crate) meta: Meta,
    pub(crate) image: Image,
    /// How many bytes it takes in a request.
    pub(crate) size: usize,
}

/// A picture that is being looked at.
pub(crate) struct Looking {
    pub(crate) meta: Meta,
    pub(crate) task: JoinHandle<Result<(Image, usize)>>,
}

/// What a look at a picture needs: nothing more where all is known, or a while.
pub(crate) enum Look {
    Known(Picture),
    Later(Looking),
}

/// Looks at a picture: at a file on a thread that may block.
pub(crate) fn look(meta: Meta, image: Image) -> Look {
    let size = match &image.source {
        Source::Url(url) => url.len(),
        Source::Bytes(bytes) => encoded(bytes.len() as u64),
        // It never comes so far.
        Source::Refused(_) => 0,
        Source::File(_) => {
            let index = meta.index;
            let task = tokio::task::spawn_blocking(move || {
                let Source::File(path) = &image.source else { return Ok((image, 0)) };
                let size = size_of(index, path)?;
                Ok((image, size))
            });
            return Look::Later(Looking { meta, task });
        }
    };
    Look::Known(Picture { meta, image, size })
}

fn size_of(index: usize, path: &Path) -> Result<usize, Error> {
    let about = std::fs::metadata(path).map_err(|error| unreadable(index, path, error))?;
    if !about.is_file() {
        return Err(no_file(index, path));
    }
    Ok(encoded(about.len()))
}

/// How many characters so many bytes are in base64.
fn encoded(bytes: u64) -> usize {
    usize::try_from(bytes.div_ceil(3).saturating_mul(4)).unwrap_or(usize::MAX)
}
