//! Recognition: four rooms of a namespace, which are read and searched alike.

use std::sync::Arc;

use image_intelligence::{Recognition, Row, Rows};
use image_intelligence_core::{
    FaceGroup, FaceImage, Identity, IdentityChange, IdentityRequest, RecognitionSearch, RecognizeJob, Result,
};
use tokio::sync::Mutex;

use crate::cancel::Cancel;
use crate::failure::Failure;
use crate::run::run;

/// What is looked for.
#[derive(Debug, Clone, Copy, uniffi::Enum)]
pub enum Room {
    /// Recognize jobs.
    Jobs,
    /// Identities.
    Identities,
    /// Pictures of faces.
    Images,
    /// Groups of faces.
    Groups,
}

/// What is found, in each room its own.
#[derive(Debug, uniffi::Enum)]
pub enum Found {
    /// A recognize job.
    Job {
        /// The job.
        job: RecognizeJob,
    },
    /// Somebody.
    Identity {
        /// Who.
        identity: Identity,
    },
    /// A picture of a face.
    Image {
        /// The picture.
        image: FaceImage,
    },
    /// A group of faces.
    Group {
        /// The group.
        group: FaceGroup,
    },
}

macro_rules! found {
    ($($variant:ident $field:ident: $model:ident),+) => {$(
        impl From<$model> for Found {
            fn from($field: $model) -> Self {
                Self::$variant { $field }
            }
        }
    )+};
}
found!(Job job: RecognizeJob, Identity identity: Identity, Image image: FaceImage, Group group: FaceGroup);

/// Recognition in one namespace.
#[derive(uniffi::Object)]
pub struct NativeRecognition(Recognition);

impl NativeRecognition {
    pub(crate) fn new(recognition: Recognition) -> Arc<Self> {
        Arc::new(Self(recognition))
    }
}

/// What each room does alike.
macro_rules! each {
    ($at:expr, $room:expr, $one:ident => $call:expr) => {
        match $room {
            Room::Jobs => {
                let $one = $at.jobs();
                $call
            }
            Room::Identities => {
                let $one = $at.identities();
                $call
            }
            Room::Images => {
                let $one = $at.images();
                $call
            }
            Room::Groups => {
                let $one = $at.groups();
                $call
            }
        }
    };
}

#[uniffi::export]
impl NativeRecognition {
    /// One of a room, by its id.
    pub async fn get(&self, room: Room, id: String, cancel: Option<Arc<Cancel>>) -> Result<Found, Failure> {
        let at = self.0.clone();
        run(cancel, async move { each!(at, room, rows => rows.get(&id).await.map(Found::from)) }).await
    }

    /// One page of a search.
    pub async fn search(
        &self,
        room: Room,
        search: RecognitionSearch,
        cancel: Option<Arc<Cancel>>,
    ) -> Result<Vec<Found>, Failure> {
        let at = self.0.clone();
        run(cancel, async move { each!(at, room, rows => rows.search(&search).await.map(all)) }).await
    }

    /// Every row of a search.
    pub fn all(&self, room: Room, search: RecognitionSearch) -> Arc<NativeRows> {
        Arc::new(NativeRows(Arc::new(Mutex::new(match room {
            Room::Jobs => AnyRows::Jobs(self.0.jobs().all(search)),
            Room::Identities => AnyRows::Identities(self.0.identities().all(search)),
            Room::Images => AnyRows::Images(self.0.images().all(search)),
            Room::Groups => AnyRows::Groups(self.0.groups().all(search)),
        }))))
    }

    /// Makes somebody known.
    pub async fn create_identity(
        &self,
        custom_id: Option<String>,
        image_ids: Option<Vec<String>>,
        cancel: Option<Arc<Cancel>>,
    ) -> Result<Identity, Failure> {
        let identities = self.0.identities();
        let mut request = IdentityRequest::new();
        (request.custom_id, request.image_ids) = (custom_id, image_ids);
        run(cancel, async move { identities.create(request).await }).await
    }

    /// Changes what is known of somebody.
    pub async fn update_identity(
        &self,
        id: String,
        custom_id: Option<String>,
        add: Vec<String>,
        remove: Vec<String>,
        cancel: Option<Arc<Cancel>>,
    ) -> Result<Identity, Failure> {
        let identities = self.0.identities();
        let mut change = IdentityChange::new();
        change.custom_id = custom_id;
        if !(add.is_empty() && remove.is_empty()) {
            change = change.add_images(add).remove_images(remove);
        }
        run(cancel, async move { identities.update(&id, change).await }).await
    }

    /// Forgets somebody.
    pub async fn delete_identity(&self, id: String, cancel: Option<Arc<Cancel>>) -> Result<(), Failure> {
        let identities = self.0.identities();
        run(cancel, async move { identities.delete(&id).await }).await
    }

    /// The picture itself.
    pub async fn picture(&self, id: String, cancel: Option<Arc<Cancel>>) -> Result<Vec<u8>, Failure> {
        let images = self.0.images();
        run(cancel, async move { Ok(images.picture(&id).await?.into()) }).await
    }
}

fn all<T>(rows: Vec<T>) -> Vec<Found>
where
    Found: From<T>,
{
    rows.into_iter().map(Found::from).collect()
}

enum AnyRows {
    Jobs(Rows<RecognizeJob>),
    Identities(Rows<Identity>),
    Images(Rows<FaceImage>),
    Groups(Rows<FaceGroup>),
}

impl AnyRows {
    async fn next_page(&mut self) -> Result<Option<Vec<Found>>> {
        async fn page<R: Row>(rows: &mut Rows<R>) -> Result<Option<Vec<Found>>>
        where
            Found: From<R>,
        {
            Ok(rows.next_page().await?.map(all))
        }
        match self {
            Self::Jobs(rows) => page(rows).await,
            Self::Identities(rows) => page(rows).await,
            Self::Images(rows) => page(rows).await,
            Self::Groups(rows) => page(rows).await,
        }
    }
}

/// Rows, a page at a time.
#[derive(uniffi::Object)]
pub struct NativeRows(Arc<Mutex<AnyRows>>);

#[uniffi::export]
impl NativeRows {
    /// The next rows; none after the last. One call after the other.
    pub async fn next_page(&self, cancel: Option<Arc<Cancel>>) -> Result<Option<Vec<Found>>, Failure> {
        let rows = Arc::clone(&self.0);
        run(cancel, async move { rows.lock().await.next_page().await }).await
    }
}
