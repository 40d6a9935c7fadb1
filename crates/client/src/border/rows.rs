//! Rows of any sort, a page at a time.

use image_intelligence_core::{FaceGroup, FaceImage, Identity, RecognizeJob, Result};

use super::RawJson;
use crate::rows::{Row, Rows};

/// Every row of a recognition search.
#[doc(hidden)]
#[derive(Debug)]
pub enum AnyRows {
    /// Recognize jobs.
    Jobs(Rows<RecognizeJob>),
    /// Identities.
    Identities(Rows<Identity>),
    /// Pictures of faces.
    Images(Rows<FaceImage>),
    /// Groups of faces.
    Groups(Rows<FaceGroup>),
}

impl AnyRows {
    /// The next rows, as many as one request brought; `None` after the last.
    pub async fn next_page(&mut self) -> Result<Option<Vec<RawJson>>> {
        match self {
            Self::Jobs(rows) => page(rows).await,
            Self::Identities(rows) => page(rows).await,
            Self::Images(rows) => page(rows).await,
            Self::Groups(rows) => page(rows).await,
        }
    }
}

async fn page<R: Row>(rows: &mut Rows<R>) -> Result<Option<Vec<RawJson>>>
where
    for<'a> RawJson: From<&'a R>,
{
    Ok(rows.next_page().await?.map(|page| page.iter().map(RawJson::from).collect()))
}
