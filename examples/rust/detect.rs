//! Ask which pictures show a person, and wait for the answer.
//!
//! ```sh
//! ii serve     # in another terminal; then set the three variables that it prints
//! cargo run -p image-intelligence-examples --bin detect -- street.jpg https://example.com/street.jpg
//! ```

use image_intelligence::{Class, Client, Image, Result, Verify};

#[tokio::main]
async fn main() -> Result<()> {
    let mut pictures: Vec<String> = std::env::args().skip(1).collect();
    if pictures.is_empty() {
        pictures.push(concat!(env!("CARGO_MANIFEST_DIR"), "/../photos/astronaut.jpg").to_owned());
    }
    // A string is a URL to the library, so a file is said to be one.
    let images =
        pictures.iter().map(|picture| if picture.contains("://") { Image::url(picture) } else { Image::file(picture) });

    let client = Client::from_env()?;
    let job = client
        .detect(images)
        .class("person")
        .class(Class::new("car").verify(Verify::Never))
        .send()
        .await? // Job<Detect>: an id, a resume token
        .wait()
        .await?; // DetectJob: the result

    for hit in job.found("person") {
        println!("{} {:.2}", hit.image.custom_id_or_url(), hit.confidence);
    }
    // A picture that could not be looked at is part of the result, not an error.
    for image in job.errors() {
        eprintln!("{}: {}", image.view().custom_id_or_url(), image.status);
    }
    Ok(())
}
