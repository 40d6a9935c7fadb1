//! Vision's class names: the 80 of the COCO data set, in the order the model scores them.

/// The 80 classes of COCO, in the order of the model's scores.
///
/// ```
/// assert_eq!(image_intelligence_vision::COCO_CLASSES[0], "person");
/// assert!(image_intelligence_vision::COCO_CLASSES.contains(&"dining table"));
/// ```
pub const COCO_CLASSES: [&str; 80] = [
    "person",
    "bicycle",
    "car",
    "motorcycle",
    "airplane",
    "bus",
    "train",
    "truck",
    "boat",
    "traffic light",
    "fire hydrant",
    "stop sign",
    "parking meter",
    "bench",
    "bird",
    "cat",
    "dog",
    "horse",
    "sheep",
    "cow",
    "elephant",
    "bear",
    "zebra",
    "giraffe",
    "backpack",
    "umbrella",
    "handbag",
    "tie",
    "suitcase",
    "frisbee",
    "skis",
    "snowboard",
    "sports ball",
    "kite",
    "baseball bat",
    "baseball glove",
    "skateboard",
    "surfboard",
    "tennis racket",
    "bottle",
    "wine glass",
    "cup",
    "fork",
    "knife",
    "spoon",
    "bowl",
    "banana",
    "apple",
    "sandwich",
    "orange",
    "broccoli",
    "carrot",
    "hot dog",
    "pizza",
    "donut",
    "cake",
    "chair",
    "couch",
    "potted plant",
    "bed",
    "dining table",
    "toilet",
    "tv",
    "laptop",
    "mouse",
    "remote",
    "keyboard",
    "cell phone",
    "microwave",
    "oven",
    "toaster",
    "sink",
    "refrigerator",
    "book",
    "clock",
    "vase",
    "scissors",
    "teddy bear",
    "hair drier",
    "toothbrush",
];

#[cfg(test)]
mod tests {
    use super::COCO_CLASSES;

    #[test]
    fn every_name_is_there_once_and_lower_case() {
        let distinct: std::collections::BTreeSet<_> = COCO_CLASSES.iter().collect();
        assert_eq!(distinct.len(), 80);
        assert!(COCO_CLASSES.iter().all(|name| name.chars().all(|c| c.is_ascii_lowercase() || c == ' ')));
    }
}
