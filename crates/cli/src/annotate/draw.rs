//! Boxes and their labels, drawn on pixels.

use font8x8::UnicodeFonts as _;
use image::{Rgb, RgbImage};
use image_intelligence::{BoundingBox, DetectedObject};

/// Told apart by most eyes, on light and on dark.
const COLOURS: [[u8; 3]; 8] = [
    [0xff, 0xd6, 0x00],
    [0x00, 0xc8, 0xff],
    [0xff, 0x4d, 0x6d],
    [0x3d, 0xdc, 0x84],
    [0xff, 0x8c, 0x1a],
    [0xb3, 0x88, 0xff],
    [0xf5, 0xf5, 0xf5],
    [0xa5, 0xff, 0x3d],
];
/// Dark enough to be read on each of them.
const INK: Rgb<u8> = Rgb([0x10, 0x10, 0x10]);
const GLYPH: i64 = 8;

/// Draws every object that has a box; the surest last, so that its label is on top. `classes` fixes the colours.
pub(crate) fn objects(canvas: &mut RgbImage, objects: &[DetectedObject], classes: &[String]) {
    let mut objects: Vec<_> = objects.iter().collect();
    objects.sort_by(|a, b| a.confidence.total_cmp(&b.confidence));
    for object in objects {
        let Some(place) = &object.bounding_box else { continue };
        let number = classes.iter().position(|class| *class == object.class).unwrap_or_default();
        let colour = Rgb(COLOURS[number % COLOURS.len()]);
        draw(canvas, place, &format!("{} {:.2}", object.class, object.confidence), colour);
    }
}

fn draw(canvas: &mut RgbImage, place: &BoundingBox, label: &str, colour: Rgb<u8>) {
    let (width, height) = (f64::from(canvas.width()), f64::from(canvas.height()));
    // Our server writes pixels; others have been seen to write fractions of the picture.
    let fractions = place.x_max <= 1.0 && place.y_max <= 1.0;
    let (across, down) = if fractions { (width, height) } else { (1.0, 1.0) };
    let pixel = |value: f64, scale: f64, most: f64| (value * scale).round().clamp(0.0, most) as i64;
    let (left, right) = (pixel(place.x_min, across, width), pixel(place.x_max, across, width));
    let (top, bottom) = (pixel(place.y_min, down, height), pixel(place.y_max, down, height));

    // Thin on a thumbnail, visible on a large photo.
    let shorter = i64::from(canvas.width().min(canvas.height()));
    let line = (shorter / 200).max(2);
    fill(canvas, [left, top, right, top + line], colour);
    fill(canvas, [left, bottom - line, right, bottom], colour);
    fill(canvas, [left, top, left + line, bottom], colour);
    fill(canvas, [right - line, top, right, bottom], colour);

    let scale = (shorter / 250).clamp(1, 8);
    let label_width = (label.chars().map(|_| GLYPH).sum::<i64>() + 4) * scale;
    let label_height = (GLYPH + 4) * scale;
    // Above the box; inside it where there is no room above, and never out of the picture to the right.
    let label_top = if top >= label_height { top - label_height } else { top };
    let label_left = left.min(width as i64 - label_width).max(0);
    fill(canvas, [label_left, label_top, label_left + label_width, label_top + label_height], colour);
    write(canvas, label_left + 2 * scale, label_top + 2 * scale, label, scale);
}

/// Fills a rectangle as far as it lies in the picture.
fn fill(canvas: &mut RgbImage, [left, top, right, bottom]: [i64; 4], colour: Rgb<u8>) {
    let clamp = |value: i64, most: u32| value.clamp(0, i64::from(most)) as u32;
    for y in clamp(top, canvas.height())..clamp(bottom, canvas.height()) {
        for x in clamp(left, canvas.width())..clamp(right, canvas.width()) {
            canvas.put_pixel(x, y, colour);
        }
    }
}

fn write(canvas: &mut RgbImage, left: i64, top: i64, text: &str, scale: i64) {
    for (index, character) in (0..).zip(text.chars()) {
        let glyph = font8x8::BASIC_FONTS
            .get(character)
            .or_else(|| font8x8::LATIN_FONTS.get(character))
            .or_else(|| font8x8::BASIC_FONTS.get('?'))
            .unwrap_or_default();
        for (row, bits) in (0..).zip(glyph) {
            for column in 0..8 {
                if bits & (1 << column) != 0 {
                    let x = left + (index * GLYPH + column) * scale;
                    let y = top + row * scale;
                    fill(canvas, [x, y, x + scale, y + scale], INK);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_box_is_drawn_where_it_is_and_nowhere_else() {
        let mut canvas = RgbImage::new(200, 200);
        let mut object = DetectedObject::new("cat", 0.5);
        object.bounding_box = Some(BoundingBox::new(50.0, 60.0, 150.0, 160.0));
        objects(&mut canvas, &[object], &["cat".to_owned()]);
        let yellow = Rgb(COLOURS[0]);
        for (x, y) in [(50, 100), (149, 100), (100, 60), (100, 159), (51, 49)] {
            assert_eq!(*canvas.get_pixel(x, y), yellow, "{x},{y}");
        }
        for (x, y) in [(100, 100), (49, 100), (151, 100), (100, 170), (100, 30)] {
            assert_eq!(*canvas.get_pixel(x, y), Rgb([0, 0, 0]), "{x},{y}");
        }
    }

    #[test]
    fn fractions_are_taken_for_fractions() {
        let mut canvas = RgbImage::new(200, 100);
        let mut object = DetectedObject::new("cat", 0.5);
        object.bounding_box = Some(BoundingBox::new(0.5, 0.5, 1.0, 1.0));
        objects(&mut canvas, &[object], &["cat".to_owned()]);
        assert_eq!(*canvas.get_pixel(100, 70), Rgb(COLOURS[0]));
        assert_eq!(*canvas.get_pixel(20, 70), Rgb([0, 0, 0]));
    }

    #[test]
    fn boxes_out_of_the_picture_and_odd_numbers_do_no_harm() {
        let mut canvas = RgbImage::new(3, 3);
        let mut object = DetectedObject::new("ein sehr langer Name \u{1f600}", f64::NAN);
        for place in [
            BoundingBox::new(-1e9, -5.0, 1e300, 2e9),
            BoundingBox::new(f64::NAN, 0.0, f64::INFINITY, 0.0),
            BoundingBox::new(5.0, 5.0, 2.0, 2.0),
        ] {
            object.bounding_box = Some(place);
            objects(&mut canvas, std::slice::from_ref(&object), &[]);
        }
    }
}
