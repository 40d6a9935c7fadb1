//! What stderr says of single pictures: those that could not be looked at, and those that the answer leaves out.

use std::borrow::Cow;
use std::fmt::Write as _;

use console::style;
use image_intelligence::ImageStatus;

use crate::kinds::Picture;
use crate::output::printable;
use crate::output::shown::Shown;

impl Shown {
    /// What to do about a picture's error: what is wrong with this very file, where that is known.
    pub(crate) fn advice(&self, index: Option<usize>, status: &ImageStatus) -> Option<Cow<'_, str>> {
        let reason = index.and_then(|index| self.reasons.get(&index));
        match reason.filter(|_| *status == ImageStatus::InvalidImageFormatError) {
            Some(reason) => Some(reason.into()),
            None => status.advice().map(Cow::from),
        }
    }
}

/// What could not be looked at, and what to do about it.
pub(crate) fn errors(shown: &Shown) -> String {
    let mut out = String::new();
    for (index, image) in shown.completed() {
        let Some(status) = image.status() else { continue };
        let name = shown.name(index, &image.view());
        let (name, word) = (printable(&name), printable(status.as_str()));
        let empty = match &image {
            Picture::Objects(image) => image.objects.is_empty(),
            Picture::Faces(image) => image.objects.is_empty(),
            Picture::Plain(_) => true,
        };
        if status.is_error() {
            let _ = if empty {
                write!(out, "{} {name}: {word}", style("not looked at:").red().for_stderr())
            } else {
                write!(out, "{name}: found something, but {word}")
            };
            if let Some(advice) = shown.advice(index, status) {
                let _ = write!(out, ": {}", printable(&advice));
            }
            out.push('\n');
        } else if matches!(status, ImageStatus::Unknown(_)) && !word.is_empty() {
            let _ = writeln!(out, "{name}: status {word}, which this version does not know");
        } else if !status.is_success() && shown.job.status.is_done() {
            let word = if word.is_empty() { "no status".into() } else { format!("status {word}") };
            let _ = writeln!(out, "{name}: {word}, though the job is done");
        }
    }
    for index in shown.missing() {
        if let Some(given) = shown.pictures.get(&index) {
            let _ = writeln!(out, "{}: not in the answer", printable(&given.name));
        }
    }
    out
}

/// Which pictures have no copy with boxes, and why.
pub(crate) fn uncopied(shown: &Shown) -> String {
    let mut out = String::new();
    for (index, image) in &shown.images {
        if let Some(Err(why)) = index.and_then(|index| shown.copies.get(&index)) {
            let name = shown.name(*index, &image.view());
            let label = style("no copy with boxes:").yellow().for_stderr();
            let _ = writeln!(out, "{label} {}: {}", printable(&name), printable(why));
        }
    }
    out
}
