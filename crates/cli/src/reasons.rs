//! Why a picture was refused: the API says only that it was, but the file is at hand.

use std::collections::BTreeMap;
use std::io::Read as _;

use image_intelligence::ImageStatus;
use image_intelligence_vision as vision;

use crate::output::Shown;
use crate::pictures::Picture;

/// By the index of the picture, for those whose format was refused and that cannot be read here either. One after the
/// other, so that no more than one is held.
pub(crate) async fn find(shown: &Shown, picture: impl Fn(usize) -> Option<Picture>) -> BTreeMap<usize, String> {
    let refused = |status: Option<&ImageStatus>| status == Some(&ImageStatus::InvalidImageFormatError);
    let refused = shown.images.iter().filter(|(_, image)| refused(image.status()));
    let mut reasons = BTreeMap::new();
    for index in refused.filter_map(|(index, _)| *index) {
        let Some(picture) = picture(index) else { continue };
        if let Ok(Some(reason)) = tokio::task::spawn_blocking(move || reason(&picture)).await {
            reasons.insert(index, reason);
        }
    }
    reasons
}

/// Why a picture cannot be read here, if it cannot.
pub(crate) fn reason(picture: &Picture) -> Option<String> {
    let limits = vision::Limits::default();
    let too_many = |bytes: u64| {
        (bytes > limits.max_bytes).then(|| format!("{bytes} bytes, at most {}; scale it down", limits.max_bytes))
    };
    let decode = |bytes: &[u8]| vision::Picture::decode(bytes, &limits).err().map(|error| error.to_string());
    match picture {
        Picture::Url(_) => None,
        Picture::Bytes { bytes, .. } => too_many(bytes.len() as u64).or_else(|| decode(bytes)),
        Picture::File(path) => {
            let file = std::fs::File::open(path).ok()?;
            too_many(file.metadata().ok()?.len()).or_else(|| {
                let mut bytes = Vec::new();
                file.take(limits.max_bytes).read_to_end(&mut bytes).ok()?;
                decode(&bytes)
            })
        }
    }
}
