//! A detector of vision behind the server's own trait: all that feature `vision` adds.

use std::collections::HashMap;
use std::sync::Arc;

use image_intelligence_core::{ImageStatus, Kind};
use image_intelligence_vision::{DetectOptions, Detector, Limits, Picture};

use crate::job::class_key;
use crate::script::{Answer, AskedPicture, Found, Script};

/// Decodes pictures and has the detector look at them.
pub(crate) struct Seeing {
    detector: Arc<dyn Detector>,
    /// The detector's own spelling of each class.
    classes: HashMap<String, &'static str>,
}

impl Seeing {
    pub(crate) fn new(detector: Arc<dyn Detector>) -> Self {
        let classes = detector.classes().iter().map(|&class| (class_key(class), class)).collect();
        Self { detector, classes }
    }
}

impl Script for Seeing {
    fn answer(&self, picture: &AskedPicture<'_>) -> Option<Answer> {
        let decoded = match Picture::decode(picture.bytes?, &Limits::default()) {
            Ok(decoded) => decoded,
            Err(error) => {
                // Its message may quote the bytes, and what a caller sent is not for the log.
                tracing::warn!(kind = ?error.kind(), "a picture cannot be decoded");
                return Some(Answer::status(ImageStatus::InvalidImageFormatError));
            }
        };
        // It knows objects, and nothing of targets, questions and faces.
        if picture.kind != Kind::Detect {
            return None;
        }
        // None would mean all classes, even where the model knows none of those asked for.
        let mut options = DetectOptions::default();
        options.classes = Some(Vec::new());
        let mut unknown = 0;
        for asked in picture.classes {
            match self.classes.get(&class_key(&asked.class)) {
                Some(&class) => options = options.class(class, asked.exclusion_zones.clone()),
                None => unknown += 1,
            }
        }
        let mut answer = match self.detector.detect(&decoded, &options) {
            Ok(found) => Answer::found(found.into_iter().map(|detection| {
                // an f32 has about 7 digits; the rest would be noise on the wire
                let confidence = (f64::from(detection.confidence) * 1e6).round() / 1e6;
                Found::new(detection.class, confidence).bounding_box(detection.bounding_box)
            })),
            Err(error) => {
                tracing::error!(%error, "the detector failed");
                return Some(Answer::status(ImageStatus::DetectionEngineError));
            }
        };
        if unknown > 0 {
            tracing::warn!(unknown, "classes were asked for that the model does not know");
            answer.status = ImageStatus::ModelServiceError;
        }
        Some(answer)
    }
}
