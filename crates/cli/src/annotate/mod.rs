//! `--annotate`: a copy of each picture with the boxes of what was found drawn on it. Inputs are never written to.

mod draw;
mod fetch;
mod naming;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use image_intelligence::{BaseUrl, DetectImageResult, DetectJob, DetectedObject};
use image_intelligence_vision as vision;

use crate::annotate::naming::Names;
use crate::failure::Failure;
use crate::pictures::Picture;

/// Draws boxes on copies in one directory.
pub(crate) struct Annotator {
    directory: PathBuf,
    names: Names,
}

/// What became of the copies.
#[derive(Default)]
pub(crate) struct Drawn {
    /// By the index of the picture.
    pub(crate) written: BTreeMap<usize, PathBuf>,
    /// Which pictures have no copy, and why.
    pub(crate) remarks: Vec<String>,
    /// What stopped it: the disk, for example.
    pub(crate) failure: Option<Failure>,
}

impl Annotator {
    /// Makes the directory where there is none. Fails where it cannot be written to.
    pub(crate) fn new(directory: &Path, pictures: &[Picture]) -> Result<Self, Failure> {
        let refuse = |error: std::io::Error| {
            Failure::config(format!("--annotate {}: it cannot be written to: {error}", directory.display()))
        };
        std::fs::create_dir_all(directory).map_err(refuse)?;
        let probe = naming::unfinished(directory);
        std::fs::write(&probe, []).and_then(|()| std::fs::remove_file(&probe)).map_err(refuse)?;
        Ok(Self { directory: directory.to_owned(), names: Names::new(directory, pictures) })
    }

    pub(crate) async fn run(mut self, job: &DetectJob, pictures: &[Picture], base: &BaseUrl) -> Drawn {
        let mut drawn = Drawn::default();
        let mut classes: Vec<String> = job.classes().into_iter().map(str::to_owned).collect();
        classes.extend(job.job_results.iter().map(|result| result.class.clone()));
        classes.sort_unstable();
        classes.dedup();
        let mut fetcher = fetch::Fetcher::new(base.clone());
        for result in &job.image_results {
            let Some((index, picture)) =
                result.input.as_ref().and_then(|input| Some((input.index, pictures.get(input.index)?)))
            else {
                drawn
                    .remarks
                    .push(format!("{}: it cannot be told which picture this is", result.view().custom_id_or_url()));
                continue;
            };
            if !result.status.is_success() {
                continue;
            }
            if !result.objects.is_empty() && result.objects.iter().all(|object| object.bounding_box.is_none()) {
                drawn.remarks.push(format!("{}: the server does not say where things are", picture.name()));
                continue;
            }
            let bytes = match bytes_of(picture, result, &mut fetcher).await {
                Ok(bytes) => bytes,
                Err(why) => {
                    drawn.remarks.push(format!("{}: {why}", picture.name()));
                    continue;
                }
            };
            let objects = result.objects.clone();
            let colours = classes.clone();
            let encoded = tokio::task::spawn_blocking(move || annotate(&bytes, &objects, &colours)).await;
            let (encoded, extension) = match encoded.map_err(|error| error.to_string()).and_then(|encoded| encoded) {
                Ok(encoded) => encoded,
                Err(why) => {
                    drawn.remarks.push(format!("{}: {why}", picture.name()));
                    continue;
                }
            };
            let path = self.names.take(picture, extension);
            if let Err(error) = self.write(&path, &encoded) {
                let message = format!("--annotate: {} cannot be written: {error}", path.display());
                drawn.failure = Some(Failure::local(message));
                return drawn;
            }
            drawn.written.insert(index, path);
        }
        drawn
    }

    /// In one step: a copy is there whole or not at all, and a link under its name is replaced, not followed.
    fn write(&self, path: &Path, bytes: &[u8]) -> std::io::Result<()> {
        let unfinished = naming::unfinished(&self.directory);
        std::fs::write(&unfinished, bytes).and_then(|()| std::fs::rename(&unfinished, path)).inspect_err(|_| {
            let _ = std::fs::remove_file(&unfinished);
        })
    }
}

async fn bytes_of(
    picture: &Picture,
    result: &DetectImageResult,
    fetcher: &mut fetch::Fetcher,
) -> Result<Vec<u8>, String> {
    match picture {
        Picture::File(path) => std::fs::read(path).map_err(|error| format!("it cannot be read again: {error}")),
        Picture::Bytes { bytes, .. } => Ok(bytes.clone()),
        Picture::Url(_) => fetcher.fetch(result.proxy_url.as_deref()).await,
    }
}

/// The picture with its boxes, as a file, and the file's extension.
fn annotate(bytes: &[u8], objects: &[DetectedObject], classes: &[String]) -> Result<(Vec<u8>, &'static str), String> {
    let picture = vision::Picture::decode(bytes, &vision::Limits::default()).map_err(|error| error.to_string())?;
    let (width, height) = (picture.width(), picture.height());
    let mut canvas =
        image::RgbImage::from_raw(width, height, picture.into_rgb()).ok_or("its pixels are not as many as it says")?;
    draw::objects(&mut canvas, objects, classes);
    let mut out = Vec::new();
    let encoded = if bytes.starts_with(&[0xff, 0xd8]) {
        canvas.write_with_encoder(image::codecs::jpeg::JpegEncoder::new_with_quality(&mut out, 92)).map(|()| "jpg")
    } else {
        canvas.write_with_encoder(image::codecs::png::PngEncoder::new(&mut out)).map(|()| "png")
    };
    encoded.map(|extension| (out, extension)).map_err(|error| format!("it cannot be encoded: {error}"))
}
