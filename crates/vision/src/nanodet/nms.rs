//! Vision's merging of boxes: non-maximum suppression, class by class.

use std::cmp::Ordering;

use image_intelligence_core::BoundingBox;

use super::output::Candidate;

/// Of one class, only the surest this many are compared, which bounds the work when the threshold is near zero.
const MOST_A_CLASS: usize = 1000;

/// Keeps the surest of the boxes of one class that overlap by more than `overlap` (intersection over union).
///
/// The surest comes first; of equals the earlier class, then the box nearer to the left, the top, the right edge, the
/// bottom edge: the order never depends on the order given.
pub(super) fn keep_best(mut candidates: Vec<Candidate>, overlap: f32) -> Vec<Candidate> {
    candidates.sort_by(order);
    let mut kept: Vec<Candidate> = Vec::new();
    let classes = candidates.iter().map(|candidate| candidate.class + 1).max().unwrap_or(0);
    let mut compared = vec![0; classes];
    let mut kept_of_class = vec![Vec::<BoundingBox>::new(); classes];
    for candidate in candidates {
        let rivals = &mut kept_of_class[candidate.class];
        compared[candidate.class] += 1;
        if compared[candidate.class] > MOST_A_CLASS
            || rivals.iter().any(|rival| intersection_over_union(rival, &candidate.area) > f64::from(overlap))
        {
            continue;
        }
        rivals.push(candidate.area);
        kept.push(candidate);
    }
    kept
}

fn order(a: &Candidate, b: &Candidate) -> Ordering {
    let corners = |candidate: &Candidate| {
        let BoundingBox { x_min, y_min, x_max, y_max, .. } = candidate.area;
        [x_min, y_min, x_max, y_max]
    };
    b.score.total_cmp(&a.score).then(a.class.cmp(&b.class)).then_with(|| {
        corners(a)
            .iter()
            .zip(corners(b))
            .map(|(a, b)| a.total_cmp(&b))
            .find(|order| order.is_ne())
            .unwrap_or(Ordering::Equal)
    })
}

fn intersection_over_union(a: &BoundingBox, b: &BoundingBox) -> f64 {
    let size = |area: &BoundingBox| area.width() * area.height();
    let both =
        size(&BoundingBox::new(a.x_min.max(b.x_min), a.y_min.max(b.y_min), a.x_max.min(b.x_max), a.y_max.min(b.y_max)));
    let either = size(a) + size(b) - both;
    if either > 0.0 { both / either } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn candidate(class: usize, score: f32, [x_min, y_min, x_max, y_max]: [f64; 4]) -> Candidate {
        Candidate { class, score, area: BoundingBox::new(x_min, y_min, x_max, y_max) }
    }

    #[test]
    fn intersection_over_union_is_what_its_name_says() {
        let iou =
            |a: [f64; 4], b: [f64; 4]| intersection_over_union(&candidate(0, 1.0, a).area, &candidate(0, 1.0, b).area);
        assert!((iou([0.0, 0.0, 10.0, 10.0], [0.0, 0.0, 10.0, 10.0]) - 1.0).abs() < 1e-9);
        assert!((iou([0.0, 0.0, 10.0, 10.0], [5.0, 0.0, 15.0, 10.0]) - 1.0 / 3.0).abs() < 1e-9);
        assert!(iou([0.0, 0.0, 10.0, 10.0], [10.0, 0.0, 20.0, 10.0]).abs() < 1e-9);
        assert!(iou([0.0, 0.0, 10.0, 10.0], [20.0, 20.0, 30.0, 30.0]).abs() < 1e-9);
        assert!(iou([5.0, 5.0, 5.0, 5.0], [5.0, 5.0, 5.0, 5.0]).abs() < 1e-9);
    }

    #[test]
    fn the_surest_of_a_class_swallows_those_it_overlaps() {
        let sure = candidate(0, 0.9, [0.0, 0.0, 10.0, 10.0]);
        let shadow = candidate(0, 0.8, [1.0, 0.0, 11.0, 10.0]);
        let apart = candidate(0, 0.7, [5.0, 0.0, 15.0, 10.0]);
        assert_eq!(keep_best(vec![apart, shadow, sure], 0.5), [sure, apart]);
        assert_eq!(keep_best(vec![apart, shadow, sure], 0.3), [sure]);
        assert_eq!(keep_best(vec![apart, shadow, sure], 1.0), [sure, shadow, apart]);
    }

    #[test]
    fn another_class_is_never_swallowed() {
        let cat = candidate(15, 0.5, [0.0, 0.0, 10.0, 10.0]);
        let dog = candidate(16, 0.4, [0.0, 0.0, 10.0, 10.0]);
        assert_eq!(keep_best(vec![dog, cat], 0.5), [cat, dog]);
    }

    #[test]
    fn what_was_swallowed_swallows_nothing() {
        let first = candidate(0, 0.9, [0.0, 0.0, 10.0, 10.0]);
        let second = candidate(0, 0.8, [3.0, 0.0, 13.0, 10.0]);
        let third = candidate(0, 0.7, [6.0, 0.0, 16.0, 10.0]);
        assert_eq!(keep_best(vec![first, second, third], 0.5), [first, third]);
    }

    #[test]
    fn equals_come_in_one_order_however_they_are_given() {
        let equals = [
            candidate(0, 0.5, [0.0, 0.0, 10.0, 10.0]),
            candidate(0, 0.5, [0.0, 50.0, 10.0, 60.0]),
            candidate(0, 0.5, [50.0, 0.0, 60.0, 10.0]),
            candidate(1, 0.5, [0.0, 0.0, 10.0, 10.0]),
        ];
        let mut given = equals.to_vec();
        for _ in 0..equals.len() {
            given.rotate_left(1);
            assert_eq!(keep_best(given.clone(), 0.5), equals);
        }
        given.reverse();
        assert_eq!(keep_best(given, 0.5), equals);
    }

    #[test]
    fn nothing_gives_nothing() {
        assert!(keep_best(Vec::new(), 0.5).is_empty());
    }
}
