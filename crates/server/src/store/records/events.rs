//! Events of registered webhooks: somebody new is known, or what is known of somebody has changed.

use std::collections::BTreeSet;

use image_intelligence_core::{EventName, Identity, Timestamp};
use rusqlite::{OptionalExtension as _, named_params};
use serde::Serialize;
use uuid::Uuid;

use super::identities::Changed;
use super::{IdentityRow, Recorded, Records, Space};
use crate::clock::Clock;
use crate::delivery::{Scheduled, target};
use crate::faults::{WebhookFault, webhook};
use crate::job::{Job, Outcome};
use crate::store::{Ending, StoreError, json};

/// Whose events they are: their webhook is that of the application.
#[derive(Debug, Clone)]
pub(crate) struct Audience {
    /// The client id.
    pub(crate) owner: String,
    pub(crate) organisation: String,
    pub(crate) application: String,
    /// Where this server is reached, for the pictures of an identity.
    pub(crate) origin: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Body<'a> {
    event: &'a str,
    created_at: Timestamp,
    identity: &'a Identity,
}

impl Records<'_> {
    /// Has a change of an identity told, and that those whose faces it took have changed. `faults` says what the delivery
    /// of an id has to suffer.
    pub(crate) fn tell(
        &self,
        audience: &Audience,
        space: &Space,
        name: &EventName,
        changed: &Changed,
        clock: &Clock,
        faults: &mut dyn FnMut(&str) -> Vec<WebhookFault>,
    ) -> Recorded<Vec<Scheduled>> {
        let mut scheduled = Vec::new();
        scheduled.extend(self.queue_event(audience, name, changed.identity.clone(), clock, faults)?);
        for id in &changed.robbed {
            let robbed = self.identity(space, id)?;
            scheduled.extend(self.queue_event(audience, &EventName::IdentityUpdated, robbed, clock, faults)?);
        }
        Ok(scheduled)
    }

    /// Keeps the faces that a job found, and has it told whose they turned out to be.
    pub(crate) fn end_faces(
        &self,
        job: &Job,
        outcomes: &mut [Outcome],
        ending: &Ending,
        kept: &dyn Fn(&str) -> Result<bool, StoreError>,
    ) -> Recorded<Vec<Scheduled>> {
        let clock = &ending.gate.clock;
        let gained: BTreeSet<String> = self.keep_faces(job, outcomes, clock.now(), kept)?;
        let (Some(audience), Some(namespace)) = (&ending.audience, job.request.namespace()) else {
            return Ok(Vec::new());
        };
        let space = Space { owner: job.owner.clone(), namespace: namespace.to_owned() };
        let mut scheduled = Vec::new();
        for id in gained {
            let identity = self.identity(&space, &id)?;
            let event = self.queue_event(audience, &EventName::IdentityUpdated, identity, clock, &mut |_| Vec::new());
            scheduled.extend(event?);
        }
        Ok(scheduled)
    }

    /// Writes an event down, where the application has a webhook.
    fn queue_event(
        &self,
        audience: &Audience,
        name: &EventName,
        identity: IdentityRow,
        clock: &Clock,
        faults: &mut dyn FnMut(&str) -> Vec<WebhookFault>,
    ) -> Recorded<Option<Scheduled>> {
        let mut registered =
            self.connection.prepare_cached("SELECT id, url FROM webhook WHERE organisation = ? AND application = ?")?;
        let registered = registered
            .query_row([&audience.organisation, &audience.application], |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()?;
        let Some((webhook, url)): Option<(String, String)> = registered else { return Ok(None) };
        // No two events of one webhook have one body, or a receiver would take the second for the first come again.
        let last: Option<i64> = self
            .connection
            .prepare_cached("SELECT max(created_at) FROM delivery WHERE webhook = ?")?
            .query_row([&webhook], |row| row.get(0))?;
        let now = clock.now();
        let created_at = last.map_or(now, |last| now.max(Timestamp::from_millis(last.saturating_add(1))));
        let identity = identity.answer(&audience.origin);
        let body = serde_json::to_vec(&Body { event: name.as_str(), created_at, identity: &identity })?;
        self.make_room_for_delivery(body.len())?;
        let id = Uuid::new_v4().to_string();
        let faults = faults(&id);
        let due = clock.later(now, webhook::delay(&faults));
        self.connection
            .prepare_cached(
                "INSERT INTO delivery (id, owner, webhook, event, url, body, faults, state, due, created_at)
                 VALUES (:id, :owner, :webhook, :event, :url, :body, :faults, 'pending', :due, :created_at)",
            )?
            .execute(named_params! {
                ":id": id, ":owner": audience.owner, ":webhook": webhook, ":event": name.as_str(), ":url": url,
                ":body": body, ":faults": json(&faults)?, ":due": due.as_millis(), ":created_at": created_at.as_millis(),
            })?;
        Ok(Some(Scheduled { id, round: 0, target: target(&url), due, held: webhook::reorder(&faults) }))
    }
}
