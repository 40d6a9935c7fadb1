//! What only the file can do, and the contract of every store.

use std::path::PathBuf;
use std::sync::Arc;

use image_intelligence_core::Later;
use tempfile::TempDir;

use super::*;
use crate::store::contract::{Lab, contract};

/// A folder with a file, and what time it is there.
pub(super) struct File {
    folder: TempDir,
    clock: Clock,
}

impl File {
    fn path(&self) -> PathBuf {
        self.folder.path().join("inbox.db")
    }

    fn options(&self) -> SqliteOptions {
        SqliteOptions { clock: self.clock.clone(), ..SqliteOptions::default() }
    }

    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), clock: Clock::default() }
    }
}

impl Lab for File {
    fn fresh() -> Later<'static, Self> {
        Box::pin(async { Self::new() })
    }

    fn open(&self) -> Later<'_, Arc<dyn Store>> {
        Box::pin(async { SqliteStore::open(&self.path(), self.options()).unwrap() as Arc<dyn Store> })
    }
}

contract!(File);
