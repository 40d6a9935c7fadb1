//! What the client knows of a receiver.

use std::sync::Weak;
use std::time::Duration;

use image_intelligence_core::{
    AnyJob, Callbacks, Error, Intent, JobRef, JobSource, Kind, Later, Result, Rid, Timestamp,
};

use super::Receiver;

impl Callbacks for Receiver {
    fn attach(&self, source: Weak<dyn JobSource>) {
        self.caller.attach(source);
    }

    fn mint(&self, kind: Kind, rid: Rid, now: Timestamp) -> Result<Option<String>> {
        self.caller.mint(kind, rid, now)
    }

    fn record(&self, intent: Intent) -> Later<'_, Result<()>> {
        self.caller.record(intent)
    }

    fn leaving(&self, rid: Rid) -> Later<'_, Result<()>> {
        self.caller.leaving(rid)
    }

    fn came_back(&self, rid: Rid) -> Later<'_, Result<()>> {
        self.caller.came_back(rid)
    }

    fn accepted(&self, rid: Rid, job: JobRef) -> Later<'_, Result<()>> {
        self.caller.accepted(rid, job)
    }

    fn refused(&self, rid: Rid, error: Error) -> Later<'_, Result<()>> {
        self.caller.refused(rid, error)
    }

    fn unknown(&self, rid: Rid, error: Error) -> Later<'_, Result<()>> {
        self.caller.unknown(rid, error)
    }

    fn patience(&self, kind: Kind) -> Option<Duration> {
        self.caller.patience(kind)
    }

    fn subscribe(&self, rid: Rid) -> Option<Later<'static, AnyJob>> {
        self.caller.subscribe(rid)
    }
}
