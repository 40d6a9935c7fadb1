//! The outbox: each webhook that is to go out or went, with every attempt at it.

use image_intelligence_core::{EventName, Kind, Secret, Timestamp};
use rusqlite::{OptionalExtension as _, Row, named_params, params, params_from_iter};

use super::{Recorded, Records};
use crate::clock::Clock;
use crate::delivery::{Delivery, DeliveryAttempt, DeliveryState, Scheduled, redacted, target};
use crate::faults::{WebhookFault, webhook};
use crate::store::{StoreError, json, read};

/// A delivery whose job is not complete: nothing is to be delivered yet, and nothing is shown.
const WAITING: &str = "waiting";
/// Of one delivery so many attempts are kept, the newest.
const MOST_ATTEMPTS: usize = 200;
/// How many bytes of events memory keeps.
const MOST_BODY_BYTES: usize = 64 << 20;

/// A delivery as it is taken up.
#[derive(Debug, Clone, Default)]
pub(crate) struct NewDelivery {
    pub(crate) id: String,
    /// The client id by whose doing it is made.
    pub(crate) owner: String,
    pub(crate) url: String,
    /// Where `proxyUrl`s begin, where that is not the server's own word.
    pub(crate) origin: Option<String>,
    pub(crate) faults: Vec<WebhookFault>,
}

/// What is to be sent.
#[derive(Debug, Clone)]
pub(crate) enum What {
    Job { id: String },
    Event { body: Vec<u8>, secret: Option<Secret> },
}

/// A delivery that is about to be tried.
#[derive(Debug, Clone)]
pub(crate) struct Due {
    pub(crate) owner: String,
    pub(crate) url: String,
    pub(crate) origin: Option<String>,
    pub(crate) what: What,
    pub(crate) faults: Vec<WebhookFault>,
    /// Attempts of this round that are over.
    pub(crate) tries: u32,
}

/// What a try comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    Delivered,
    GivenUp,
    Again(Timestamp),
}

/// Which deliveries are listed.
#[derive(Debug, Clone, Default)]
pub(crate) struct Listing {
    pub(crate) id: Option<String>,
    pub(crate) job: Option<String>,
    pub(crate) state: Option<DeliveryState>,
    pub(crate) most: Option<usize>,
}

impl Records<'_> {
    /// Takes up a delivery of a job that has yet to end. Fails where there is no room.
    pub(crate) fn await_job(&self, new: &NewDelivery, job: &str, kind: Kind, now: Timestamp) -> Recorded<()> {
        self.make_room_for_delivery(0)?;
        self.connection
            .prepare_cached(
                "INSERT INTO delivery (id, owner, job, kind, url, origin, faults, state, created_at)
                 VALUES (:id, :owner, :job, :kind, :url, :origin, :faults, 'waiting', :now)",
            )?
            .execute(named_params! {
                ":id": new.id, ":owner": new.owner, ":job": job, ":kind": kind.as_str(), ":url": new.url,
                ":origin": new.origin, ":faults": json(&new.faults)?, ":now": now.as_millis(),
            })?;
        Ok(())
    }

    /// Forgets the delivery of a job that was not taken on after all.
    pub(crate) fn forget_delivery(&self, id: &str) -> Recorded<()> {
        self.connection.execute("DELETE FROM delivery WHERE id = ?", [id])?;
        Ok(())
    }

    /// Has the delivery of a job go out, where one waits: not before `due`, when the job is shown as complete.
    pub(crate) fn release(&self, job: &str, due: Timestamp, clock: &Clock) -> Recorded<Vec<Scheduled>> {
        let mut statement = self
            .connection
            .prepare_cached("SELECT id, url, faults FROM delivery WHERE job = ? AND state = 'waiting'")?;
        let waiting = statement
            .query_map([job], |row| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?, row.get::<_, String>(2)?)))?
            .collect::<Result<Vec<_>, _>>()?;
        let mut released = Vec::new();
        for (id, url, faults) in waiting {
            let faults: Vec<WebhookFault> = read(&faults)?;
            let first = clock.later(due, webhook::delay(&faults));
            self.connection
                .prepare_cached("UPDATE delivery SET state = 'pending', created_at = ?, due = ? WHERE id = ?")?
                .execute(params![due.as_millis(), first.as_millis(), id])?;
            released.push(Scheduled {
                id,
                round: 0,
                target: target(&url),
                due: first,
                held: webhook::reorder(&faults),
            });
        }
        Ok(released)
    }

    /// The jobs for whose end a delivery waits: their owners and ids.
    pub(crate) fn awaited_jobs(&self) -> Recorded<Vec<(String, String)>> {
        let mut statement = self.connection.prepare_cached(
            "SELECT owner, job FROM delivery WHERE state = 'waiting' AND job IS NOT NULL ORDER BY place",
        )?;
        Ok(statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect::<Result<Vec<_>, _>>()?)
    }

    /// All that is to go out, as a restart finds it.
    pub(crate) fn scheduled(&self) -> Recorded<Vec<Scheduled>> {
        let mut statement = self.connection.prepare_cached(
            "SELECT id, round, tries, url, due, faults FROM delivery WHERE state = 'pending' ORDER BY place",
        )?;
        let mut rows = statement.query([])?;
        let mut scheduled = Vec::new();
        while let Some(row) = rows.next()? {
            let (round, tries): (u32, u32) = (row.get("round")?, row.get("tries")?);
            let faults: Vec<WebhookFault> = read(text(row, "faults")?)?;
            scheduled.push(Scheduled {
                id: row.get("id")?,
                round,
                target: target(text(row, "url")?),
                due: Timestamp::from_millis(row.get::<_, Option<i64>>("due")?.unwrap_or_default()),
                held: if (round, tries) == (0, 0) { webhook::reorder(&faults) } else { None },
            });
        }
        Ok(scheduled)
    }

    /// What a try needs, where the delivery still is to go out in this round.
    pub(crate) fn due_delivery(&self, id: &str, round: u32) -> Recorded<Option<Due>> {
        let mut statement = self.connection.prepare_cached(
            "SELECT owner, job, delivery.url, origin, body, secret_key, faults, tries
             FROM delivery LEFT JOIN webhook ON webhook.id = delivery.webhook
             WHERE delivery.id = ? AND round = ? AND state = 'pending'",
        )?;
        let mut rows = statement.query(params![id, round])?;
        let Some(row) = rows.next()? else { return Ok(None) };
        let what = match row.get::<_, Option<String>>("job")? {
            Some(id) => What::Job { id },
            None => What::Event {
                body: row.get::<_, Option<Vec<u8>>>("body")?.unwrap_or_default(),
                secret: row.get::<_, Option<String>>("secret_key")?.map(Secret::from),
            },
        };
        Ok(Some(Due {
            owner: row.get("owner")?,
            url: row.get("url")?,
            origin: row.get("origin")?,
            what,
            // What was asked for is played once; a round that somebody asks for later is a clean one.
            faults: if round == 0 { read(text(row, "faults")?)? } else { Vec::new() },
            tries: row.get("tries")?,
        }))
    }

    /// Keeps what a try came to. Where a new round began meanwhile, that one's fate is its own.
    pub(crate) fn tried(
        &self,
        id: &str,
        round: u32,
        attempts: Vec<DeliveryAttempt>,
        verdict: Verdict,
    ) -> Recorded<bool> {
        let mut statement = self.connection.prepare_cached("SELECT attempts FROM delivery WHERE id = ?")?;
        let Some(kept) = statement.query_row([id], |row| row.get::<_, String>(0)).optional()? else { return Ok(false) };
        let mut all: Vec<DeliveryAttempt> = read(&kept)?;
        all.extend(attempts);
        all.drain(..all.len().saturating_sub(MOST_ATTEMPTS));
        let (state, due) = match verdict {
            Verdict::Delivered => (DeliveryState::Delivered, None),
            Verdict::GivenUp => (DeliveryState::GivenUp, None),
            Verdict::Again(due) => (DeliveryState::Pending, Some(due.as_millis())),
        };
        self.connection
            .prepare_cached("UPDATE delivery SET attempts = ? WHERE id = ?")?
            .execute(params![json(&all)?, id])?;
        let changed = self
            .connection
            .prepare_cached("UPDATE delivery SET tries = tries + 1, state = ?, due = ? WHERE id = ? AND round = ?")?
            .execute(params![state.as_str(), due, id, round])?;
        Ok(changed > 0)
    }

    /// Begins a new round of attempts at once; `None` where there is no such delivery.
    pub(crate) fn redeliver(&self, id: &str, now: Timestamp) -> Recorded<Option<Scheduled>> {
        let mut statement = self.connection.prepare_cached(
            "UPDATE delivery SET round = round + 1, tries = 0, state = 'pending', due = ?
             WHERE id = ? AND state <> 'waiting' RETURNING round, url",
        )?;
        let begun =
            statement.query_row(params![now.as_millis(), id], |row| Ok((row.get(0)?, row.get::<_, String>(1)?)));
        let scheduled = |(round, url): (u32, String)| Scheduled {
            id: id.to_owned(),
            round,
            target: target(&url),
            due: now,
            held: None,
        };
        Ok(begun.optional()?.map(scheduled))
    }

    /// Deliveries, the newest first.
    pub(crate) fn deliveries(&self, listing: &Listing) -> Recorded<Vec<Delivery>> {
        let mut sql = format!(
            "SELECT id, job, kind, event, url, state, created_at, due, attempts FROM delivery WHERE state <> '{WAITING}'"
        );
        let mut values: Vec<rusqlite::types::Value> = Vec::new();
        let state = listing.state.map(|state| state.as_str().to_owned());
        for (column, value) in [("id", listing.id.clone()), ("job", listing.job.clone()), ("state", state)] {
            if let Some(value) = value {
                sql = format!("{sql} AND {column} = ?");
                values.push(value.into());
            }
        }
        values.push(listing.most.map_or(-1, |most| i64::try_from(most).unwrap_or(i64::MAX)).into());
        let mut statement = self.connection.prepare_cached(&format!("{sql} ORDER BY place DESC LIMIT ?"))?;
        let mut rows = statement.query(params_from_iter(values))?;
        let mut deliveries = Vec::new();
        while let Some(row) = rows.next()? {
            deliveries.push(delivery(row)?);
        }
        Ok(deliveries)
    }

    /// Throws out the oldest that is over, where there are too many, or too many bytes of bodies.
    pub(super) fn make_room_for_delivery(&self, body: usize) -> Recorded<()> {
        let Some(most) = self.bounds.deliveries else { return Ok(()) };
        let number = |sql| {
            let number: i64 = self.connection.prepare_cached(sql)?.query_row([], |row| row.get(0))?;
            Ok::<_, StoreError>(usize::try_from(number).unwrap_or_default())
        };
        // Those of jobs have no body of their own.
        let bodies = "SELECT coalesce(sum(octet_length(body)), 0) FROM delivery WHERE webhook IS NOT NULL";
        while number("SELECT count(*) FROM delivery")? >= most.max(1)
            || (body > 0 && number(bodies)? + body > MOST_BODY_BYTES)
        {
            let gone = self.connection.execute(
                "DELETE FROM delivery WHERE place =
                 (SELECT min(place) FROM delivery WHERE state IN ('delivered', 'given_up') AND (? = 0 OR body IS NOT NULL))",
                [i64::from(number("SELECT count(*) FROM delivery")? < most.max(1))],
            )?;
            if gone == 0 {
                return Err(StoreError::Full.into());
            }
        }
        Ok(())
    }
}

fn text<'a>(row: &'a Row<'_>, column: &str) -> Result<&'a str, StoreError> {
    Ok(row.get_ref(column)?.as_str().map_err(rusqlite::Error::from)?)
}

fn delivery(row: &Row<'_>) -> Recorded<Delivery> {
    let state: String = row.get("state")?;
    let state = DeliveryState::from_name(&state)
        .ok_or_else(|| StoreError::Failed(format!("a delivery has the unknown state {state}")))?;
    Ok(Delivery {
        id: row.get("id")?,
        job: row.get("job")?,
        kind: row.get::<_, Option<String>>("kind")?.and_then(|kind| Kind::from_name(&kind)),
        event: row.get::<_, Option<String>>("event")?.map(|event| EventName::from(event.as_str())),
        url: redacted(text(row, "url")?),
        state,
        created_at: Timestamp::from_millis(row.get("created_at")?),
        next_attempt_at: row.get::<_, Option<i64>>("due")?.map(Timestamp::from_millis),
        attempts: read(text(row, "attempts")?)?,
    })
}
