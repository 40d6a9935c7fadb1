//! `--annotate`: a copy of each picture with the boxes of what was found drawn on it. Inputs are never written to.

mod draw;
mod fetch;
mod naming;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use image_intelligence::{Class, Client, DetectImageResult, DetectJob, DetectedObject};
use image_intelligence_vision as vision;

use crate::annotate::naming::Names;
use crate::failure::Failure;
use crate::pictures::Picture;

/// Draws boxes on copies in one directory.
pub(crate) struct Annotator {
    directory: PathBuf,
    names: Names,
    /// Each has a colour of its own, by its place.
    classes: Vec<String>,
}

/// What became of the copies.
#[derive(Default)]
pub(crate) struct Drawn {
    /// By the index of the picture: the copy, or why there is none.
    pub(crate) copies: BTreeMap<usize, Result<PathBuf, String>>,
    /// What stopped it: the disk, for example.
    pub(crate) failure: Option<Failure>,
}

impl Annotator {
    /// Makes the directory where there is none. Fails where it cannot be written to. These pictures, as any file that is
    /// there, are not written over.
    pub(crate) fn new(directory: &Path, classes: &[Class], pictures: &[Picture]) -> Result<Self, Failure> {
        let refuse = |error: std::io::Error| {
            Failure::config(format!("--annotate {}: it cannot be written to: {error}", directory.display()))
        };
        if directory.is_file() {
            let file = directory.display();
            return Err(Failure::config(format!("{file} is a file; --annotate takes a directory")));
        }
        std::fs::create_dir_all(directory).map_err(refuse)?;
        let probe = naming::unfinished(directory);
        std::fs::write(&probe, []).and_then(|()| std::fs::remove_file(&probe)).map_err(refuse)?;
        let classes = classes.iter().map(|class| class.class.clone()).collect();
        Ok(Self { directory: directory.to_owned(), names: Names::new(directory, pictures), classes })
    }

    /// Draws a copy of each picture that was looked at and that is known to be one of these.
    pub(crate) async fn run(mut self, job: &DetectJob, pictures: &[Picture], client: &Client) -> Drawn {
        let mut drawn = Drawn::default();
        for result in job.image_results.iter().filter(|result| result.status.is_success()) {
            let Some(index) = result.input.as_ref().map(|input| input.index) else { continue };
            let Some(picture) = pictures.get(index) else { continue };
            match self.draw(picture, result, client).await {
                Ok(copy) => drop(drawn.copies.insert(index, copy)),
                Err(failure) => {
                    drawn.failure = Some(failure);
                    return drawn;
                }
            }
        }
        drawn
    }

    /// Draws a copy of a picture, or says why there is none. Fails where it cannot be written.
    pub(crate) async fn draw(
        &mut self,
        picture: &Picture,
        result: &DetectImageResult,
        client: &Client,
    ) -> Result<Result<PathBuf, String>, Failure> {
        let (bytes, extension) = match draw_copy(picture, result, &self.classes, client).await {
            Ok(drawn) => drawn,
            Err(why) => return Ok(Err(why)),
        };
        let path = self.names.take(picture, extension);
        match self.write(&path, &bytes) {
            Ok(()) => Ok(Ok(path)),
            Err(error) => Err(Failure::config(format!("--annotate: {} cannot be written: {error}", path.display()))),
        }
    }

    /// In one step: a copy is there whole or not at all, and a link under its name is replaced, not followed.
    fn write(&self, path: &Path, bytes: &[u8]) -> std::io::Result<()> {
        let unfinished = naming::unfinished(&self.directory);
        std::fs::write(&unfinished, bytes).and_then(|()| std::fs::rename(&unfinished, path)).inspect_err(|_| {
            let _ = std::fs::remove_file(&unfinished);
        })
    }
}

/// The copy as a file and the file's extension, or why there is none.
async fn draw_copy(
    picture: &Picture,
    result: &DetectImageResult,
    classes: &[String],
    client: &Client,
) -> Result<(Vec<u8>, &'static str), String> {
    if !result.objects.is_empty() && result.objects.iter().all(|object| object.bounding_box.is_none()) {
        return Err("the server does not say where things are".to_owned());
    }
    let bytes = match picture {
        Picture::File(path) => std::fs::read(path).map_err(|error| format!("it cannot be read again: {error}"))?,
        Picture::Bytes { bytes, .. } => bytes.clone(),
        Picture::Url(_) => fetch::stored(client, result.proxy_url.as_deref()).await?,
    };
    let (objects, classes) = (result.objects.clone(), classes.to_vec());
    let drawing = tokio::task::spawn_blocking(move || annotate(&bytes, &objects, &classes));
    drawing.await.map_err(|error| error.to_string())?
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
