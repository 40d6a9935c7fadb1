//! Which result belongs to which of the caller's pictures: by customId, else by URL, never by position.

use std::collections::HashMap;

use serde::Serialize;
use serde_json::{Value, json};

use crate::describe::{self, Definitions};
use crate::json::{Broken, Json};
use crate::model::{self, Shape};
use crate::{ImageRequest, Rid};

/// One of the caller's pictures.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "uniffi", derive(uniffi::Record))]
#[non_exhaustive]
pub struct Input {
    /// Its place in the list that was passed in, from 0.
    pub index: usize,
    /// What was passed in: a URL, or the file's name; empty where it is not known (a resumed job).
    pub source: String,
}

impl Input {
    /// The picture at that place, and what was passed in for it.
    pub fn new(index: usize, source: impl Into<String>) -> Self {
        Self { index, source: source.into() }
    }
}

/// We say it and no server does: it is written for other languages, and never read.
impl Shape for Input {
    const REQUIRED: bool = true;

    fn exact(json: &mut Json<'_>) -> Result<(), Broken> {
        model::odd(json)
    }

    fn schema(definitions: &mut Definitions) -> Value {
        definitions.refer("Input", |_| {
            let index = "Its place in the list that was passed in, from 0.".to_owned();
            let source = "What was passed in: a URL, or the file's name; empty where it is not known (a resumed job).";
            describe::object(
                &["One of the caller's pictures."],
                vec![
                    ("index", index, json!({"type": "integer"}), true),
                    ("source", source.to_owned(), json!({"type": "string"}), true),
                ],
            )
        })
    }
}

/// The pictures of a submit, remembered to tie results to them.
///
/// ```
/// use image_intelligence_core::{ImageRequest, Inputs, Rid};
///
/// let rid = Rid::from_bytes([7; 16]);
/// let mut images = [ImageRequest::bytes(b"..")];
/// let inputs = Inputs::stamp(rid, &mut images, ["astronaut.jpg".to_owned()]);
/// assert_eq!(images[0].custom_id, Some(rid.stamp(0)));
///
/// let mut echoed = images[0].custom_id.clone();
/// assert_eq!(inputs.find(&mut echoed, None).unwrap().source, "astronaut.jpg");
/// assert_eq!(echoed, None); // our own stamp is not shown to the caller
/// ```
#[derive(Debug, Clone)]
pub struct Inputs {
    rid: Rid,
    /// What was submitted; not known of a resumed job.
    submitted: Option<Box<Submitted>>,
}

#[derive(Debug, Clone, Default)]
struct Submitted {
    /// Whether we stamped each picture.
    stamped: Vec<bool>,
    sources: Vec<String>,
    by_custom_id: HashMap<String, Option<usize>>,
    by_url: HashMap<String, Option<usize>>,
}

impl Inputs {
    /// Gives a customId to each picture that has none, and remembers them all. `sources` are the caller's words for the
    /// pictures, in the same order.
    pub fn stamp(rid: Rid, images: &mut [ImageRequest], sources: impl IntoIterator<Item = String>) -> Self {
        let mut submitted = Box::<Submitted>::default();
        submitted.stamped = images.iter().map(|image| image.custom_id.is_none()).collect();
        for (index, image) in images.iter_mut().enumerate() {
            let note = |known: &mut HashMap<_, _>, key: &str| {
                // A second picture of the same name makes the name useless, not wrong.
                known.entry(key.to_owned()).and_modify(|found| *found = None).or_insert(Some(index));
            };
            if let Some(id) = &image.custom_id {
                note(&mut submitted.by_custom_id, id);
            } else {
                image.custom_id = Some(rid.stamp(index));
            }
            if let Some(url) = &image.url {
                note(&mut submitted.by_url, url);
            }
        }
        submitted.sources = sources.into_iter().collect();
        Self { rid, submitted: Some(submitted) }
    }

    /// For a job that is resumed by its token: only the stamped customIds are known.
    pub fn of_resumed(rid: Rid) -> Self {
        Self { rid, submitted: None }
    }

    /// The caller's picture with this customId, else with this URL, where that is certain. A customId that we stamped is
    /// taken away.
    pub fn find(&self, custom_id: &mut Option<String>, url: Option<&str>) -> Option<Input> {
        let submitted = self.submitted.as_deref();
        let ours = |index: &usize| submitted.is_none_or(|submitted| submitted.stamped.get(*index) == Some(&true));
        let stamped = custom_id.as_deref().and_then(|id| self.rid.stamped(id)).filter(ours);
        if stamped.is_some() {
            *custom_id = None;
        }
        let named = || submitted?.by_custom_id.get(custom_id.as_deref()?).copied().flatten();
        let located = || submitted?.by_url.get(url?).copied().flatten();
        let index = stamped.or_else(named).or_else(located)?;
        let source = submitted.and_then(|submitted| submitted.sources.get(index)).cloned();
        Some(Input { index, source: source.unwrap_or_default() })
    }
}
