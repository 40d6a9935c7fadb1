//! The inbox: what was received and is durable, until a handler is done with it.

use std::sync::Arc;

use crate::hub::Hub;

/// Events that are on the disk, each until a handler is done with it. Cheap to clone.
#[derive(Clone)]
pub struct Inbox {
    pub(crate) hub: Arc<Hub>,
}
