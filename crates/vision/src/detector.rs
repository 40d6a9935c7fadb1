//! Vision's contract with detectors: what one is asked and what it answers.

use image_intelligence_core::{BoundingBox, ExclusionZones};

use crate::{DetectError, Picture};

/// Something that finds objects in pictures.
///
/// One detector serves many threads at once. The same picture and options always give the same answer.
pub trait Detector: Send + Sync {
    /// The classes it knows, spelt as they are asked for and answered.
    fn classes(&self) -> &[&'static str];

    /// Looks at a picture and answers what it saw: the surest first, ties in a fixed order.
    ///
    /// # Errors
    ///
    /// A class that is not in [`classes`](Self::classes), or a detector that broke down.
    fn detect(&self, picture: &Picture, options: &DetectOptions) -> Result<Vec<Detection>, DetectError>;
}

/// One object that was seen.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Detection {
    /// What it is: one of [`Detector::classes`].
    pub class: &'static str,
    /// How sure the detector is, 0 to 1.
    pub confidence: f32,
    /// Where it is, in pixels of the upright picture and inside it.
    pub bounding_box: BoundingBox,
}

/// What to look for, and how sure to be.
///
/// ```
/// use image_intelligence_core::ExclusionZones;
/// use image_intelligence_vision::DetectOptions;
///
/// // Cats anywhere, people anywhere but in the upper right quarter.
/// let options = DetectOptions::default()
///     .class("cat", None)
///     .class("person", Some(ExclusionZones::grid(vec![vec![0, 1], vec![0, 0]])))
///     .threshold(0.5);
/// assert_eq!(options.classes.map(|classes| classes.len()), Some(2));
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct DetectOptions {
    /// The classes to look for, `None` for all. Those not wanted cost nothing.
    pub classes: Option<Vec<WantedClass>>,
    /// What is less sure than this is not reported, 0 to 1. Default 0.4.
    pub threshold: f32,
    /// Two boxes of one class that overlap by more than this (intersection over union, 0 to 1) are one object, the
    /// surer. Default 0.5.
    pub overlap: f32,
}

impl Default for DetectOptions {
    fn default() -> Self {
        Self { classes: None, threshold: 0.4, overlap: 0.5 }
    }
}

impl DetectOptions {
    /// Looks for this class too, leaving out what lies in `zones`; the first call ends "all classes".
    ///
    /// A class asked for twice is found where either asking allows it.
    pub fn class(mut self, name: impl Into<String>, zones: Option<ExclusionZones>) -> Self {
        self.classes.get_or_insert_default().push(WantedClass { name: name.into(), zones });
        self
    }

    /// Reports what is at least this sure, 0 to 1.
    pub fn threshold(mut self, threshold: f32) -> Self {
        self.threshold = threshold;
        self
    }

    /// Takes boxes of one class for one object above this intersection over union, 0 to 1.
    pub fn overlap(mut self, overlap: f32) -> Self {
        self.overlap = overlap;
        self
    }
}

/// A class to look for.
///
/// **Exclusion zones.** An object lies where the centre of its box lies. If that is in a cell left out, the object does
/// not count for this class, however far its edges reach; if it is in a cell that is kept, the object counts, however
/// much of it hangs over into cells left out. That is what someone who draws "nothing in the upper right quarter"
/// sees on the screen. Cells are taken away before overlapping boxes are merged, so a box that is left out never
/// swallows one that is kept. Pixels are not blacked out: one class's zones change nothing for another class.
#[derive(Debug, Clone, PartialEq)]
pub struct WantedClass {
    /// One of [`Detector::classes`], spelt as there.
    pub name: String,
    /// Where not to look for it.
    pub zones: Option<ExclusionZones>,
}
