//! Against a real Postgres: what only it can do, and the contract of every store.

pub(crate) mod cluster;
mod encrypted;
mod opening;
mod sharing;

use std::sync::Arc;

use image_intelligence_core::{Later, Result};

use super::{PostgresOptions, PostgresStore};
use crate::clock::Clock;
use crate::store::Store;
use crate::store::contract::{Lab, contract};

/// Opens a store as users do.
async fn open(url: &str) -> Result<Arc<PostgresStore>> {
    PostgresStore::open(url, PostgresOptions::default()).await
}

/// A schema of one test's own, and what time it is there.
struct Schema {
    url: String,
    clock: Clock,
}

impl Lab for Schema {
    fn fresh() -> Later<'static, Self> {
        Box::pin(async { Self { url: cluster::shared().schema(), clock: Clock::default() } })
    }

    fn open(&self) -> Later<'_, Arc<dyn Store>> {
        Box::pin(async {
            let options = PostgresOptions { clock: self.clock.clone(), ..PostgresOptions::default() };
            PostgresStore::open(&self.url, options).await.unwrap() as Arc<dyn Store>
        })
    }
}

contract!(Schema);
