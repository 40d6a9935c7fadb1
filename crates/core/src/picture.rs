//! The pictures of results: which of the caller's they are, and what became of them.

use crate::inputs::Input;
use crate::model::model;
use crate::{ImageStatus, Inputs};

model! {
    /// A picture that was chosen as the answer of a job.
    pub struct JobImage {
        /// The service's name for the picture.
        "id" => pub id: Option<String>,
        /// Where it was fetched; absent for one that was sent along.
        "url" (not_empty) => pub url: Option<String>,
        /// Where the service keeps it.
        "proxyUrl" (not_empty) => pub proxy_url: Option<String>,
        /// The caller's name for it.
        "customId" => pub custom_id: Option<String>,
        /// Which of the caller's pictures it is, where that is certain.
        "input" (ours) => pub input: Option<Input>,
    }
}

model! {
    /// What became of one picture of a match or ask job.
    pub struct ImageResult {
        /// The service's name for the picture.
        "id" => pub id: Option<String>,
        /// Where it was fetched; absent for one that was sent along.
        "url" (not_empty) => pub url: Option<String>,
        /// Where the service keeps it.
        "proxyUrl" (not_empty) => pub proxy_url: Option<String>,
        /// The caller's name for it.
        "customId" => pub custom_id: Option<String>,
        /// What became of it.
        "status" => pub status: ImageStatus,
        /// Which of the caller's pictures it is, where that is certain.
        "input" (ours) => pub input: Option<Input>,
    }
}

/// Which picture a result speaks of.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct ImageView<'a> {
    /// The service's name for it.
    pub id: Option<&'a str>,
    /// Where it was fetched.
    pub url: Option<&'a str>,
    /// Where the service keeps it.
    pub proxy_url: Option<&'a str>,
    /// The caller's name for it.
    pub custom_id: Option<&'a str>,
    /// Which of the caller's pictures it is, where that is certain.
    pub input: Option<&'a Input>,
}

impl<'a> ImageView<'a> {
    /// The name that says most to a person: the caller's customId, else the URL or file that was passed in, else the
    /// service's id.
    pub fn custom_id_or_url(&self) -> &'a str {
        let source = self.input.map(|input| input.source.as_str());
        [self.custom_id, self.url, source, self.id].into_iter().flatten().find(|name| !name.is_empty()).unwrap_or("")
    }

    /// Whether both may be one picture: the first name that both have decides, and where they share none, nothing speaks
    /// against it.
    pub(crate) fn may_be(&self, other: &Self) -> bool {
        fn same<T: PartialEq>(one: Option<T>, other: Option<T>) -> Option<bool> {
            Some(one? == other?)
        }
        same(self.id, other.id)
            .or_else(|| same(self.input.map(|input| input.index), other.input.map(|input| input.index)))
            .or_else(|| same(self.custom_id, other.custom_id))
            .or_else(|| same(self.url, other.url))
            .or_else(|| same(self.proxy_url, other.proxy_url))
            .unwrap_or(true)
    }
}

/// A picture of a result: it can be looked at, and tied to the caller's.
pub(crate) trait Pictured {
    /// Says which of the caller's pictures it is, and hides the customId that we stamped.
    fn tie(&mut self, inputs: &Inputs);
}

/// Ties pictures to the caller's.
pub(crate) fn tie_all<'a, P: Pictured + 'a>(pictures: impl IntoIterator<Item = &'a mut P>, inputs: &Inputs) {
    pictures.into_iter().for_each(|picture| picture.tie(inputs));
}

macro_rules! pictured {
    ($($model:ty),+) => {$(
        impl $model {
            /// Which picture this is.
            pub fn view(&self) -> $crate::ImageView<'_> {
                $crate::ImageView {
                    id: self.id.as_deref(),
                    url: self.url.as_deref(),
                    proxy_url: self.proxy_url.as_deref(),
                    custom_id: self.custom_id.as_deref(),
                    input: self.input.as_ref(),
                }
            }
        }

        impl $crate::picture::Pictured for $model {
            fn tie(&mut self, inputs: &$crate::Inputs) {
                self.input = inputs.find(&mut self.custom_id, self.url.as_deref());
            }
        }
    )+};
}
pub(crate) use pictured;

pictured!(JobImage, ImageResult);
