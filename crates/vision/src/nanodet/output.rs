//! Vision's reading of the model's answers: which cells saw a wanted class, and the boxes they drew.

use image_intelligence_core::{BoundingBox, ExclusionZones};

use super::input::SIDE;
use crate::{COCO_CLASSES, DetectError, DetectErrorKind, DetectOptions, Picture};

/// Pixels of the input from one cell to the next, for each of the model's three grids.
pub(super) const LEVELS: [usize; 3] = [8, 16, 32];
/// A distance is spread over this many bins, 0 to 10 strides.
pub(super) const BINS: usize = 11;

/// One grid of answers.
pub(super) struct Level<'a> {
    pub(super) stride: usize,
    /// Cells x 80, 0 to 1.
    pub(super) scores: &'a [f32],
    /// Cells x 4 sides (left, top, right, bottom) x `BINS` logits.
    pub(super) distances: &'a [f32],
}

/// A box that one cell drew for one class, before overlapping ones are merged.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Candidate {
    /// Index into `COCO_CLASSES`.
    pub(super) class: usize,
    pub(super) score: f32,
    /// In pixels of the picture, clipped to it.
    pub(super) area: BoundingBox,
}

/// What a caller wants of one picture.
pub(super) struct Query<'a> {
    wanted: Vec<Wanted<'a>>,
    threshold: f32,
    width: f64,
    height: f64,
}

/// A class, and the zones of every asking for it; one asking without zones allows the class everywhere.
struct Wanted<'a> {
    class: usize,
    zones: Vec<Option<&'a ExclusionZones>>,
}

impl<'a> Query<'a> {
    pub(super) fn new(options: &'a DetectOptions, picture: &Picture) -> Result<Self, DetectError> {
        let mut wanted: Vec<Wanted<'a>> = Vec::new();
        match &options.classes {
            None => wanted.extend((0..COCO_CLASSES.len()).map(|class| Wanted { class, zones: vec![None] })),
            Some(classes) => {
                for asked in classes {
                    let class = COCO_CLASSES
                        .iter()
                        .position(|&name| name == asked.name)
                        .ok_or_else(|| unknown_class(&asked.name))?;
                    match wanted.iter_mut().find(|wanted| wanted.class == class) {
                        Some(again) => again.zones.push(asked.zones.as_ref()),
                        None => wanted.push(Wanted { class, zones: vec![asked.zones.as_ref()] }),
                    }
                }
            }
        }
        Ok(Self {
            wanted,
            threshold: options.threshold,
            width: f64::from(picture.width()),
            height: f64::from(picture.height()),
        })
    }

    pub(super) fn is_empty(&self) -> bool {
        self.wanted.is_empty()
    }

    /// Adds the candidates of one grid. `scales` are the picture's pixels for one of the input, across and down.
    pub(super) fn gather(&self, level: &Level<'_>, scales: [f32; 2], candidates: &mut Vec<Candidate>) {
        let side = SIDE / level.stride;
        let cells = level.scores.chunks_exact(COCO_CLASSES.len()).zip(level.distances.chunks_exact(4 * BINS));
        for (cell, (scores, distances)) in cells.enumerate() {
            // Most cells see nothing, so a box is read only where a score asks for it.
            let mut area = None;
            for wanted in &self.wanted {
                let score = scores[wanted.class];
                if !self.sure_enough(score) {
                    continue;
                }
                let area = *area.get_or_insert_with(|| {
                    let centre = [cell % side, cell / side].map(|index| (index as f32 + 0.5) * level.stride as f32);
                    self.clip(draw(centre, level.stride as f32, distances), scales)
                });
                if area.width() > 0.0 && area.height() > 0.0 && self.counts(wanted, area) {
                    candidates.push(Candidate { class: wanted.class, score: score.min(1.0), area });
                }
            }
        }
    }

    /// False where either is not a number.
    fn sure_enough(&self, score: f32) -> bool {
        score >= self.threshold
    }

    /// From pixels of the input to pixels of the picture, cut at its edges.
    fn clip(&self, [left, top, right, bottom]: [f32; 4], [across, down]: [f32; 2]) -> BoundingBox {
        let x = |value: f32| f64::from(value * across).clamp(0.0, self.width);
        let y = |value: f32| f64::from(value * down).clamp(0.0, self.height);
        BoundingBox::new(x(left), y(top), x(right), y(bottom))
    }

    fn counts(&self, wanted: &Wanted<'_>, area: BoundingBox) -> bool {
        let x = f64::midpoint(area.x_min, area.x_max) / self.width;
        let y = f64::midpoint(area.y_min, area.y_max) / self.height;
        wanted.zones.iter().any(|zones| zones.is_none_or(|zones| !zones.excludes(x, y)))
    }
}

/// A cell's box in pixels of the input: each distance is the mean of its bins, weighted by their softmax.
fn draw([x, y]: [f32; 2], stride: f32, logits: &[f32]) -> [f32; 4] {
    let mut reach = [0.0; 4];
    for (reach, logits) in reach.iter_mut().zip(logits.chunks_exact(BINS)) {
        let highest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let (mut sum, mut weighted) = (0.0, 0.0);
        for (bin, logit) in logits.iter().enumerate() {
            let weight = (logit - highest).exp();
            sum += weight;
            weighted += weight * bin as f32;
        }
        *reach = weighted / sum * stride;
    }
    let [left, top, right, bottom] = reach;
    [x - left, y - top, x + right, y + bottom]
}

fn unknown_class(name: &str) -> DetectError {
    DetectError::new(
        DetectErrorKind::UnknownClass,
        format!("class {name:?} is not one of the 80 this model knows (person, car, dog, ..., in lower case)"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A grid of stride 32 where one cell sees one class, reaching one stride to every side.
    fn one_sighting(cell: usize, class: usize, score: f32) -> (Vec<f32>, Vec<f32>) {
        let mut scores = vec![0.0; 169 * 80];
        scores[cell * 80 + class] = score;
        let mut distances = vec![0.0; 169 * 44];
        for side in 0..4 {
            distances[cell * 44 + side * BINS + 1] = 100.0;
        }
        (scores, distances)
    }

    fn gather(cell: usize, options: &DetectOptions) -> Vec<Candidate> {
        let picture = Picture::from_rgb(832, 832, vec![0; 832 * 832 * 3]).unwrap();
        let (scores, distances) = one_sighting(cell, 0, 0.9);
        let mut candidates = Vec::new();
        let level = Level { stride: 32, scores: &scores, distances: &distances };
        Query::new(options, &picture).unwrap().gather(&level, [2.0, 2.0], &mut candidates);
        candidates
    }

    #[test]
    fn a_cell_draws_its_box_around_its_centre_in_the_picture() {
        let found = gather(13 + 2, &DetectOptions::default());
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].class, found[0].score), (0, 0.9));
        let BoundingBox { x_min, y_min, x_max, y_max, .. } = found[0].area;
        let expected = [2.0 * (80.0 - 32.0), 2.0 * (48.0 - 32.0), 2.0 * (80.0 + 32.0), 2.0 * (48.0 + 32.0)];
        for (edge, expected) in [x_min, y_min, x_max, y_max].into_iter().zip(expected) {
            assert!((edge - expected).abs() < 0.01, "{edge} is not {expected}");
        }
    }

    #[test]
    fn a_box_is_cut_at_the_edges() {
        let area = gather(0, &DetectOptions::default())[0].area;
        assert!(area.x_min.abs() < 1e-9 && area.y_min.abs() < 1e-9);
        assert!((area.x_max - 96.0).abs() < 0.01);
    }

    #[test]
    fn classes_below_the_threshold_or_not_asked_for_are_not_seen() {
        assert!(gather(15, &DetectOptions::default().threshold(0.91)).is_empty());
        assert!(gather(15, &DetectOptions::default().class("cat", None)).is_empty());
        assert!(gather(15, &DetectOptions::default().threshold(f32::NAN)).is_empty());
    }

    #[test]
    fn a_class_asked_for_twice_counts_where_either_allows() {
        let (left, right) =
            (ExclusionZones::grid(vec![vec![1, 0], vec![1, 0]]), ExclusionZones::grid(vec![vec![0, 1], vec![0, 1]]));
        let only_right = DetectOptions::default().class("person", Some(left));
        assert!(gather(15, &only_right).is_empty());
        assert_eq!(gather(15, &only_right.class("person", Some(right))).len(), 1);
    }

    #[test]
    fn hopeless_numbers_make_no_box() {
        let picture = Picture::from_rgb(1, 1, vec![0; 3]).unwrap();
        let options = DetectOptions::default();
        let query = Query::new(&options, &picture).unwrap();
        let (mut scores, mut distances) = (vec![f32::NAN; 169 * 80], vec![f32::NAN; 169 * 44]);
        scores[0] = f32::INFINITY;
        distances[44] = f32::INFINITY;
        let mut candidates = Vec::new();
        query.gather(&Level { stride: 32, scores: &scores, distances: &distances }, [1.0, 1.0], &mut candidates);
        assert!(candidates.is_empty());
    }
}
