//! Vision's figures: what a picture and the model cost on one thread. `cargo bench -p image-intelligence-vision`

// The detector's own file, so that its first half can be timed alone without being public.
#[expect(dead_code, reason = "only timed here, and its tests run elsewhere")]
#[path = "../src/nanodet/input.rs"]
mod input;

use std::error::Error;
use std::time::Instant;

use image_intelligence_vision::{DetectOptions, Detector, Limits, NanoDet, Picture};

const RUNS: usize = 21;
const LOADS: usize = 10;

fn main() -> Result<(), Box<dyn Error>> {
    let load = median(LOADS, || NanoDet::embedded().map(drop))?;
    println!("model load  {load:>6.1} ms  (median of {LOADS}; goal 60)");

    let detector = NanoDet::embedded()?;
    let options = DetectOptions::default();
    println!("\npicture           decode  resize  infer   total ms  (medians of {RUNS}, one thread; goal 100)");
    for name in ["astronaut", "chelsea", "coffee", "rocket"] {
        let path = format!("{}/../../examples/photos/{name}.jpg", env!("CARGO_MANIFEST_DIR"));
        let bytes = std::fs::read(path)?;
        let picture = Picture::decode(&bytes, &Limits::default())?;
        detector.detect(&picture, &options)?;

        let decode = median(RUNS, || Picture::decode(&bytes, &Limits::default()).map(drop))?;
        let resize = median(RUNS, || {
            std::hint::black_box(input::Letterbox::new(&picture));
            Ok::<_, Box<dyn Error>>(())
        })?;
        let detect = median(RUNS, || detector.detect(&picture, &options).map(drop))?;
        let size = format!("{}x{}", picture.width(), picture.height());
        println!("{name:<9} {size:>7} {decode:>7.1} {resize:>7.1} {:>6.1} {:>8.1}", detect - resize, decode + detect);
    }
    Ok(())
}

/// The median time of `runs` runs, in milliseconds.
fn median<E>(runs: usize, mut run: impl FnMut() -> Result<(), E>) -> Result<f64, E> {
    let mut times = Vec::with_capacity(runs);
    for _ in 0..runs {
        let start = Instant::now();
        run()?;
        times.push(start.elapsed().as_secs_f64() * 1e3);
    }
    times.sort_by(f64::total_cmp);
    Ok(times[runs / 2])
}
