//! Recognition: identities, the pictures of faces, and the groups that the service makes of them.

mod model;
mod request;
mod search;

pub use model::{FaceGroup, FaceImage, Identity, LinkModifier};
pub use request::{IdentityChange, IdentityRequest};
pub use search::{NameFilter, RecognitionSearch, SortOrder};
