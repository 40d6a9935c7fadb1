//! Vision's input to the model: the picture fitted into the top left of a black square, as normalised planes.

use crate::Picture;

/// Side of the model's square input, in pixels.
pub(crate) const SIDE: usize = 416;

/// Blue, green, red: the order of the planes.
const MEAN: [f32; 3] = [103.53, 116.28, 123.675];
const DEVIATION: [f32; 3] = [57.375, 57.12, 58.395];

/// A picture made ready for the model.
pub(crate) struct Letterbox {
    /// 3 planes (blue, green, red) of `SIDE` x `SIDE` values.
    pub(crate) pixels: Vec<f32>,
    /// Pixels of the picture for one of the input, across.
    pub(crate) x_scale: f32,
    /// The same, down.
    pub(crate) y_scale: f32,
}

impl Letterbox {
    /// Scales a picture so that its longer side fills the square.
    ///
    /// The filter is bilinear, widened when shrinking so that every pixel of the picture counts: plain bilinear skips
    /// most pixels of a large photograph, and small things flicker away.
    pub(crate) fn new(picture: &Picture) -> Self {
        let (width, height) = (picture.width() as usize, picture.height() as usize);
        let fit = SIDE as f64 / width.max(height) as f64;
        let scaled = |side: usize| ((side as f64 * fit).round() as usize).clamp(1, SIDE);
        let (columns, rows) = (scaled(width), scaled(height));

        let mut pixels = Vec::with_capacity(3 * SIDE * SIDE);
        for plane in 0..3 {
            pixels.resize((plane + 1) * SIDE * SIDE, -MEAN[plane] / DEVIATION[plane]);
        }
        let across = taps(width, columns);
        // Down first, row by row: the inner loops run over contiguous bytes, and only one row is held.
        let mut row = vec![0_f32; 3 * width];
        for (y, down) in taps(height, rows).iter().enumerate() {
            row.fill(0.0);
            let lines = picture.rgb().chunks_exact(3 * width).skip(down.first);
            for (line, &weight) in lines.zip(&down.weights) {
                for (sum, &value) in row.iter_mut().zip(line) {
                    *sum += weight * f32::from(value);
                }
            }
            for (x, tap) in across.iter().enumerate() {
                let mut rgb = [0_f32; 3];
                for (pixel, &weight) in row[3 * tap.first..].chunks_exact(3).zip(&tap.weights) {
                    for channel in 0..3 {
                        rgb[channel] += weight * pixel[channel];
                    }
                }
                for plane in 0..3 {
                    pixels[(plane * SIDE + y) * SIDE + x] = (rgb[2 - plane] - MEAN[plane]) / DEVIATION[plane];
                }
            }
        }
        Self { pixels, x_scale: width as f32 / columns as f32, y_scale: height as f32 / rows as f32 }
    }
}

/// Which source pixels make one target pixel, and how much each counts; the weights sum to 1.
struct Tap {
    first: usize,
    weights: Vec<f32>,
}

fn taps(source: usize, target: usize) -> Vec<Tap> {
    let scale = source as f64 / target as f64;
    let reach = scale.max(1.0);
    (0..target)
        .map(|index| {
            let centre = (index as f64 + 0.5) * scale;
            let first = ((centre - reach).max(0.0)).floor() as usize;
            let end = ((centre + reach).ceil() as usize).min(source);
            let weight = |pixel: usize| (1.0 - (pixel as f64 + 0.5 - centre).abs() / reach).max(0.0);
            let sum: f64 = (first..end).map(weight).sum();
            Tap { first, weights: (first..end).map(|pixel| (weight(pixel) / sum) as f32).collect() }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grey(width: u32, height: u32, value: u8) -> Picture {
        Picture::from_rgb(width, height, vec![value; (width * height * 3) as usize]).unwrap()
    }

    #[test]
    fn weights_sum_to_one_and_stay_inside_for_any_pair_of_sides() {
        for source in [1, 2, 3, 415, 416, 417, 451, 640, 4000, 16_384] {
            for target in [1, 2, 277, 415, 416] {
                for tap in taps(source, target) {
                    assert!(tap.first + tap.weights.len() <= source);
                    assert!((tap.weights.iter().sum::<f32>() - 1.0).abs() < 1e-4);
                }
            }
        }
    }

    #[test]
    fn a_picture_fills_the_top_left_and_black_the_rest() {
        let Letterbox { pixels, x_scale, y_scale } = Letterbox::new(&grey(832, 416, 200));
        assert!((x_scale - 2.0).abs() < 1e-6 && (y_scale - 2.0).abs() < 1e-6);
        for plane in 0..3 {
            let at = |x: usize, y: usize| pixels[(plane * SIDE + y) * SIDE + x] * DEVIATION[plane] + MEAN[plane];
            assert!((at(0, 0) - 200.0).abs() < 0.01);
            assert!((at(415, 207) - 200.0).abs() < 0.01);
            assert!(at(0, 208).abs() < 0.01);
            assert!(at(415, 415).abs() < 0.01);
        }
    }

    #[test]
    fn the_planes_are_blue_green_red() {
        let blue = Picture::from_rgb(1, 1, vec![0, 0, 255]).unwrap();
        let pixels = Letterbox::new(&blue).pixels;
        assert!(pixels[0] > 0.0);
        assert!(pixels[SIDE * SIDE] < 0.0);
        assert!(pixels[2 * SIDE * SIDE] < 0.0);
    }

    #[test]
    fn the_thinnest_pictures_are_no_trouble() {
        for (width, height) in [(1, 1), (16_384, 1), (1, 16_384), (417, 2)] {
            assert!(Letterbox::new(&grey(width, height, 7)).pixels.iter().all(|value| value.is_finite()));
        }
    }
}
