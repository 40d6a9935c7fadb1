//! Where things are in a picture, and which parts of it to leave out.

use serde::{Deserialize, Serialize};

use crate::model::model;
use crate::read::{deserialize_from_text, from_text};
use crate::request::at_most;

model! {
/// A rectangle in a picture, origin at the top left.
///
/// The API has been seen to write pixels in one place and fractions of the picture in another, so the unit is whatever
/// the server sent. Our own server writes pixels of the upright picture.
///
/// ```
/// use image_intelligence_core::BoundingBox;
///
/// let found = BoundingBox::new(15.0, 14.0, 363.0, 508.0);
/// assert_eq!(found.width(), 348.0);
/// assert_eq!(found.height(), 494.0);
/// ```
pub struct BoundingBox {
    /// Left edge.
    "xMin" => pub x_min: f64,
    /// Top edge.
    "yMin" => pub y_min: f64,
    /// Right edge.
    "xMax" => pub x_max: f64,
    /// Bottom edge.
    "yMax" => pub y_max: f64,
}
}

impl Copy for BoundingBox {}

impl BoundingBox {
    /// A rectangle from its left, top, right and bottom edges.
    pub const fn new(x_min: f64, y_min: f64, x_max: f64, y_max: f64) -> Self {
        Self { x_min, y_min, x_max, y_max }
    }

    /// How wide it is, never below zero.
    pub fn width(&self) -> f64 {
        (self.x_max - self.x_min).max(0.0)
    }

    /// How high it is, never below zero.
    pub fn height(&self) -> f64 {
        (self.y_max - self.y_min).max(0.0)
    }
}

deserialize_from_text!(BoundingBox, |text| from_text::<Option<BoundingBox>>(text)
    .ok()
    .flatten()
    .ok_or("expected an object with xMin, yMin, xMax and yMax"));

/// Cells of a square grid, laid evenly over the picture, in which a class is not looked for.
///
/// ```
/// use image_intelligence_core::ExclusionZones;
///
/// // Leave out the upper right quarter.
/// let zones = ExclusionZones::grid(vec![vec![0, 1], vec![0, 0]]);
/// assert_eq!(zones.size, 64);
/// assert!(zones.excludes(0.9, 0.1));
/// assert!(!zones.excludes(0.9, 0.9));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(expecting = "an object with type, size and zones")]
#[cfg_attr(feature = "uniffi", derive(uniffi::Record))]
#[non_exhaustive]
pub struct ExclusionZones {
    /// Always `GRID`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The finest grid the service may use: 16, 32, 64 or 128. A grid of fewer rows is fine.
    #[serde(default = "default_size", deserialize_with = "size_or_default")]
    pub size: u32,
    /// Rows from the top, each from the left: 1 leaves the cell out, 0 keeps it.
    #[serde(deserialize_with = "rows")]
    pub zones: Vec<Vec<u8>>,
}

const fn default_size() -> u32 {
    ExclusionZones::DEFAULT_SIZE
}

fn size_or_default<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or(ExclusionZones::DEFAULT_SIZE))
}

/// Reads no more rows and cells than the finest grid has, and one that shows there are too many.
fn rows<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Vec<Vec<u8>>, D::Error> {
    #[derive(Deserialize)]
    struct Row(#[serde(deserialize_with = "at_most::<256, _, _>")] Vec<u8>);

    let rows: Vec<Row> = at_most::<256, _, _>(deserializer)?;
    Ok(rows.into_iter().map(|row| row.0).collect())
}

impl ExclusionZones {
    /// The sizes a server takes.
    pub const SIZES: [u32; 4] = [16, 32, 64, 128];
    /// The size where none is given.
    pub const DEFAULT_SIZE: u32 = 64;

    /// A grid of the given rows: as many rows as columns, at most 64 (or [`size`](Self::with_size)).
    pub fn grid(zones: Vec<Vec<u8>>) -> Self {
        Self { kind: "GRID".into(), size: Self::DEFAULT_SIZE, zones }
    }

    /// Says another size than 64: 16, 32 or 128.
    pub fn with_size(mut self, size: u32) -> Self {
        self.size = size;
        self
    }

    /// Whether the point (as fractions of the picture, 0 to 1, from the top left) lies in a cell that is left out.
    pub fn excludes(&self, x: f64, y: f64) -> bool {
        let cell = |fraction: f64, cells: usize| {
            ((fraction.clamp(0.0, 1.0) * cells as f64) as usize).min(cells.saturating_sub(1))
        };
        self.zones
            .get(cell(y, self.zones.len()))
            .and_then(|row| row.get(cell(x, row.len())))
            .is_some_and(|&cell| cell == 1)
    }
}
