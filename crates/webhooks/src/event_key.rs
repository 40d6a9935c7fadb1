//! What makes two webhooks the same event.

use image_intelligence_core::Rid;
use sha2::{Digest as _, Sha256};

/// Two webhooks of one key are one event: 32 bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct EventKey(pub(crate) [u8; 32]);

impl EventKey {
    /// The end of one of our own jobs, by whichever way it came.
    pub(crate) fn ours(rid: Rid) -> Self {
        Self::of(b"rid\0", rid.as_bytes())
    }

    /// The end of a job that somebody else sent, by the service's name for it.
    pub(crate) fn foreign(id: &str) -> Self {
        Self::of(b"ext\0", id.as_bytes())
    }

    /// An event without a name of its own, and what cannot be read: the very bytes. A duplicate only within 24 hours.
    pub(crate) fn raw(body: &[u8]) -> Self {
        Self::of(b"raw\0", &Sha256::digest(body))
    }

    fn of(sort: &[u8], name: &[u8]) -> Self {
        Self(Sha256::new().chain_update(sort).chain_update(name).finalize().into())
    }
}
