//! Vision: pixels to detections.
//!
//! This room owns three things: reading a picture from bytes nobody vouches for ([`Picture`], [`Limits`]), what a
//! detector is ([`Detector`]), and the one that is built in ([`NanoDet`], 80 everyday classes, no download, no GPU).
//! It does no other I/O, reads no clock and prints nothing.
//!
#![cfg_attr(feature = "nanodet", doc = "```")]
#![cfg_attr(not(feature = "nanodet"), doc = "```ignore")]
//! use image_intelligence_vision::{DetectOptions, Detector, Limits, NanoDet, Picture};
//!
//! let bytes = std::fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/photos/astronaut.jpg"))?;
//! let picture = Picture::decode(&bytes, &Limits::default())?;
//! let detector = NanoDet::embedded()?;
//! let found = detector.detect(&picture, &DetectOptions::default())?;
//!
//! assert_eq!(found[0].class, "person");
//! assert!(found[0].confidence > 0.7);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Features
//!
//! `nanodet` (on by default) brings the embedded model, 7.6 MB, and the engine that runs it. Without it the crate still
//! reads pictures and defines [`Detector`].
#![cfg_attr(not(feature = "nanodet"), allow(rustdoc::broken_intra_doc_links))]

mod classes;
mod container;
mod decode;
mod detector;
mod error;
#[cfg(feature = "nanodet")]
mod nanodet;
mod picture;

pub use classes::COCO_CLASSES;
pub use decode::Limits;
pub use detector::{DetectOptions, Detection, Detector, WantedClass};
pub use error::{DecodeError, DecodeErrorKind, DetectError, DetectErrorKind};
#[cfg(feature = "nanodet")]
pub use nanodet::NanoDet;
pub use picture::Picture;
