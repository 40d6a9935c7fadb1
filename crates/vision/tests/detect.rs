//! Vision, from outside: what the built-in detector finds on the photographs of `examples/photos`.
#![cfg(feature = "nanodet")]
#![allow(clippy::unwrap_used, reason = "a fixture that cannot be made is a failed test")]

use std::sync::LazyLock;

use image_intelligence_core::ExclusionZones;
use image_intelligence_vision::{
    COCO_CLASSES, DetectErrorKind, DetectOptions, Detection, Detector, Limits, NanoDet, Picture,
};

static DETECTOR: LazyLock<NanoDet> = LazyLock::new(|| NanoDet::embedded().unwrap());

fn photo(name: &str) -> Picture {
    let path = format!("{}/../../examples/photos/{name}.jpg", env!("CARGO_MANIFEST_DIR"));
    Picture::decode(&std::fs::read(path).unwrap(), &Limits::default()).unwrap()
}

fn detect(name: &str, options: &DetectOptions) -> Vec<Detection> {
    DETECTOR.detect(&photo(name), options).unwrap()
}

fn classes(found: &[Detection]) -> Vec<&str> {
    found.iter().map(|detection| detection.class).collect()
}

fn zones<const N: usize>(rows: [[u8; N]; N]) -> ExclusionZones {
    ExclusionZones::grid(rows.iter().map(|row| row.to_vec()).collect())
}

#[track_caller]
fn assert_is(found: &Detection, class: &str, confidence: f32, edges: [f64; 4]) {
    assert_eq!(found.class, class);
    assert!((found.confidence - confidence).abs() < 0.03, "{found:?}");
    let area = found.bounding_box;
    for (edge, expected) in [area.x_min, area.y_min, area.x_max, area.y_max].into_iter().zip(edges) {
        assert!((edge - expected).abs() <= 3.0, "{found:?} is not at {edges:?}");
    }
}

#[test]
fn it_finds_what_the_reference_found() {
    let all = DetectOptions::default();
    let astronaut = detect("astronaut", &all);
    assert_eq!(classes(&astronaut), ["person"]);
    assert_is(&astronaut[0], "person", 0.73, [15.0, 14.0, 363.0, 508.0]);

    let chelsea = detect("chelsea", &all);
    assert_eq!(classes(&chelsea), ["cat", "dog"]);
    assert_is(&chelsea[0], "cat", 0.53, [2.0, 3.0, 435.0, 295.0]);
    assert!((chelsea[1].confidence - 0.42).abs() < 0.03);

    let coffee = detect("coffee", &all);
    assert_eq!(classes(&coffee), ["dining table"]);
    assert_is(&coffee[0], "dining table", 0.43, [10.0, 7.0, 585.0, 394.0]);

    assert!(detect("rocket", &all).is_empty());
}

#[test]
fn only_the_classes_asked_for_are_answered() {
    assert_eq!(classes(&detect("chelsea", &DetectOptions::default().class("dog", None))), ["dog"]);
    let mut nothing = DetectOptions::default();
    nothing.classes = Some(Vec::new());
    assert!(detect("chelsea", &nothing).is_empty());
}

#[test]
fn a_class_it_does_not_know_is_an_error() {
    let error = DETECTOR.detect(&photo("rocket"), &DetectOptions::default().class("rocket", None)).unwrap_err();
    assert_eq!(error.kind(), DetectErrorKind::UnknownClass);
    assert_eq!(
        error.to_string(),
        r#"class "rocket" is not one of the 80 this model knows (person, car, dog, ..., in lower case)"#
    );
    assert_eq!(DETECTOR.classes(), COCO_CLASSES);
}

#[test]
fn an_object_counts_where_its_centre_is() {
    let person = |zones| classes(&detect("astronaut", &DetectOptions::default().class("person", Some(zones)))).len();
    // Its box reaches into all four quarters; its centre is left of the middle.
    assert_eq!(person(zones([[0, 1], [0, 0]])), 1);
    assert_eq!(person(zones([[0, 1], [0, 1]])), 1);
    assert_eq!(person(zones([[1, 0], [1, 0]])), 0);
    assert_eq!(person(zones([[1]])), 0);
    assert_eq!(person(zones([[0]])), 1);
}

#[test]
fn the_zones_of_one_class_change_nothing_for_another() {
    let alone = detect("chelsea", &DetectOptions::default().class("dog", None));
    let middle_column = zones([[0, 1, 0], [0, 1, 0], [0, 1, 0]]);
    let both = detect("chelsea", &DetectOptions::default().class("cat", Some(middle_column)).class("dog", None));
    assert_eq!(both, alone);
}

#[test]
fn boxes_stay_in_the_picture_and_the_surest_comes_first() {
    for name in ["astronaut", "chelsea", "coffee", "rocket"] {
        let picture = photo(name);
        let found = DETECTOR.detect(&picture, &DetectOptions::default().threshold(0.05)).unwrap();
        assert!(found.is_sorted_by(|a, b| a.confidence >= b.confidence));
        for Detection { confidence, bounding_box: area, .. } in found {
            assert!((0.05..=1.0).contains(&confidence));
            assert!(0.0 <= area.x_min && area.x_min < area.x_max && area.x_max <= f64::from(picture.width()));
            assert!(0.0 <= area.y_min && area.y_min < area.y_max && area.y_max <= f64::from(picture.height()));
        }
    }
}

#[test]
fn the_same_picture_gives_the_same_answer_in_every_thread() {
    let picture = photo("coffee");
    let options = DetectOptions::default().threshold(0.1);
    let expected = DETECTOR.detect(&picture, &options).unwrap();
    assert!(expected.len() > 1);
    let many_threads = DETECTOR.clone().threads(3);
    std::thread::scope(|scope| {
        let workers: Vec<_> = [&*DETECTOR, &many_threads, &DETECTOR, &many_threads]
            .map(|detector| scope.spawn(|| detector.detect(&picture, &options).unwrap()))
            .into();
        for worker in workers {
            assert_eq!(worker.join().unwrap(), expected);
        }
    });
}

#[test]
fn every_size_and_shape_can_be_looked_at() {
    for (width, height) in [(1, 1), (1, 3000), (3000, 1), (416, 416), (5000, 40)] {
        let picture = Picture::from_rgb(width, height, vec![90; (3 * width * height) as usize]).unwrap();
        assert!(DETECTOR.detect(&picture, &DetectOptions::default()).is_ok());
    }
}

#[test]
fn a_threshold_of_zero_is_bounded_work() {
    let found = detect("coffee", &DetectOptions::default().threshold(0.0).overlap(1.0));
    assert!(found.len() <= 80 * 1000);
}

#[test]
fn a_model_of_another_kind_is_refused() {
    let model = include_bytes!("../assets/nanodet-g-416-fp16.onnx");
    for bytes in [&b""[..], b"not a model", &model[..model.len() / 2]] {
        let error = NanoDet::from_bytes(bytes.to_vec()).unwrap_err();
        assert_eq!(error.kind(), DetectErrorKind::BadModel);
        assert!(error.to_string().starts_with("not a NanoDet-g model of 416 x 416 and 80 classes: "), "{error}");
    }
    assert!(NanoDet::from_bytes(model.to_vec()).is_ok());
}
