//! Which result belongs to which of the caller's pictures: by customId, else by URL, never by position.

use std::borrow::Cow;
use std::collections::HashMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::describe::{self, Definitions};
use crate::json::{Broken, Json};
use crate::model::{self, Shape};
use crate::{CallbackToken, ImageRequest, Rid};

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
///
/// // Kept as JSON, they serve another process.
/// assert_eq!(Inputs::from_json(&inputs.to_json()), Some(inputs));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inputs {
    rid: Rid,
    /// What was submitted; not known of a resumed job.
    submitted: Option<Box<Submitted>>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Submitted {
    pictures: Vec<Picture>,
    by_custom_id: HashMap<String, Option<usize>>,
    by_url: HashMap<String, Option<usize>>,
}

/// One of them, and what it was called before we stamped it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Picture {
    source: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    custom_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    url: Option<String>,
}

/// As it is kept.
#[derive(Serialize, Deserialize)]
struct Kept<'a> {
    rid: Cow<'a, str>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pictures: Option<Cow<'a, [Picture]>>,
}

impl Submitted {
    fn new(pictures: Vec<Picture>) -> Self {
        let (mut by_custom_id, mut by_url) = (HashMap::new(), HashMap::new());
        for (index, picture) in pictures.iter().enumerate() {
            let note = |known: &mut HashMap<_, _>, key: &Option<String>| {
                if let Some(key) = key {
                    // A second picture of the same name makes the name useless, not wrong.
                    known.entry(key.clone()).and_modify(|found| *found = None).or_insert(Some(index));
                }
            };
            note(&mut by_custom_id, &picture.custom_id);
            note(&mut by_url, &picture.url);
        }
        Self { pictures, by_custom_id, by_url }
    }
}

impl Inputs {
    /// Gives a customId to each picture that has none, and remembers them all. `sources` are the caller's words for the
    /// pictures, in the same order.
    pub fn stamp(rid: Rid, images: &mut [ImageRequest], sources: impl IntoIterator<Item = String>) -> Self {
        let mut sources = sources.into_iter();
        let picture = |(index, image): (usize, &mut ImageRequest)| {
            let custom_id = image.custom_id.clone();
            image.custom_id.get_or_insert_with(|| rid.stamp(index));
            Picture { source: sources.next().unwrap_or_default(), custom_id, url: image.url.clone() }
        };
        let submitted = Submitted::new(images.iter_mut().enumerate().map(picture).collect());
        Self { rid, submitted: Some(Box::new(submitted)) }
    }

    /// For a job that is resumed by its token: only the stamped customIds are known.
    pub fn of_resumed(rid: Rid) -> Self {
        Self { rid, submitted: None }
    }

    /// All that is known, for whoever keeps it until the job is done.
    pub fn to_json(&self) -> Vec<u8> {
        let pictures = self.submitted.as_ref().map(|submitted| Cow::from(&submitted.pictures));
        // Of texts alone, so it never fails.
        serde_json::to_vec(&Kept { rid: self.rid.to_string().into(), pictures }).unwrap_or_default()
    }

    /// What [`to_json`](Self::to_json) gave; `None` where it is something else.
    pub fn from_json(json: &[u8]) -> Option<Self> {
        let Kept { rid, pictures } = serde_json::from_slice(json).ok()?;
        let submitted = pictures.map(|pictures| Box::new(Submitted::new(pictures.into_owned())));
        Some(Self { rid: Rid::from_hex(&rid)?, submitted })
    }

    /// Takes away a callback URL that was minted for this job.
    pub(crate) fn hide_minted(&self, webhook_url: &mut Option<String>) {
        webhook_url.take_if(|url| CallbackToken::named_in(url) == Some(self.rid));
    }

    /// The caller's picture with this customId, else with this URL, where that is certain. A customId that we stamped is
    /// taken away.
    pub fn find(&self, custom_id: &mut Option<String>, url: Option<&str>) -> Option<Input> {
        let submitted = self.submitted.as_deref();
        let picture = |index: usize| submitted?.pictures.get(index);
        let ours =
            |index: &usize| submitted.is_none() || picture(*index).is_some_and(|picture| picture.custom_id.is_none());
        let stamped = custom_id.as_deref().and_then(|id| self.rid.stamped(id)).filter(ours);
        if stamped.is_some() {
            *custom_id = None;
        }
        let named = || submitted?.by_custom_id.get(custom_id.as_deref()?).copied().flatten();
        let located = || submitted?.by_url.get(url?).copied().flatten();
        let index = stamped.or_else(named).or_else(located)?;
        let source = picture(index).map(|picture| picture.source.clone());
        Some(Input { index, source: source.unwrap_or_default() })
    }
}
