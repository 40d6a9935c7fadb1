mod memory;
mod timing;

use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Handle;

use super::Inbox;
use super::builder::Settings;
use crate::store::Store;

/// An inbox over that store, with the default settings changed by `change`.
fn over(store: &Arc<impl Store>, change: impl FnOnce(&mut Settings)) -> Inbox {
    let mut settings = Settings::default();
    change(&mut settings);
    Inbox::over(store.clone(), settings, Handle::current())
}

const fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}
