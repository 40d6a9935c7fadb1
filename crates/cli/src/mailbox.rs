//! An inbox: at the place that the user names, or in a folder of its own that goes when the command ends.

use std::path::Path;

use image_intelligence_webhooks::{Inbox, InboxBuilder, Target};
use tempfile::TempDir;

use crate::failure::Failure;

/// An inbox in a folder that is removed with it.
pub(crate) struct Temporary {
    pub(crate) inbox: Inbox,
    folder: TempDir,
}

impl Temporary {
    /// Makes the folder, and an inbox in it.
    pub(crate) async fn open(set: impl FnOnce(InboxBuilder) -> InboxBuilder) -> Result<Self, Failure> {
        let folder = tempfile::Builder::new().prefix("ii-inbox-").tempdir().map_err(|error| {
            Failure::config(format!("no folder can be made in {}: {error}", std::env::temp_dir().display()))
        })?;
        let inbox = set(Inbox::builder(folder.path().join("inbox.db"))).open().await?;
        Ok(Self { inbox, folder })
    }

    /// Closes the inbox and removes its folder.
    pub(crate) async fn remove(self) {
        self.inbox.shutdown().await;
        drop(self.inbox);
        if let Err(error) = self.folder.close() {
            tracing::warn!(%error, "the folder of the inbox cannot be removed");
        }
    }
}

/// What the user names: a file, or the URL of a database.
pub(crate) fn target(place: &Path) -> Target {
    place.to_str().map_or_else(|| place.into(), Into::into)
}

/// The same for people: the URL of a database may hold a password.
pub(crate) fn shown(place: &Path) -> String {
    let text = place.display().to_string();
    match text.split_once("://") {
        Some((scheme, _)) if scheme.to_ascii_lowercase().starts_with("postgres") => format!("{scheme}://.."),
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_not_shown() {
        assert_eq!(shown(Path::new("postgres://me:hunter2@h.test/x")), "postgres://..");
        assert_eq!(shown(Path::new("PostgreSQL://me:hunter2@h.test/x")), "PostgreSQL://..");
        assert_eq!(shown(Path::new("a/inbox.db")), "a/inbox.db");
    }
}
