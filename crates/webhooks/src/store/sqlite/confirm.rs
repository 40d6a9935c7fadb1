//! What an unsigned webhook said is confirmed, or not.

use std::time::Duration;

use image_intelligence_core::{Rid, Timestamp};
use rusqlite::{named_params, params};

use super::errand::Within;
use super::fault::{Fault, Ruled};
use super::jobs::{job_ref, kind, label, millis, number};
use crate::store::{Hint, Seen, Terminal, Unconfirmed};

pub(super) fn unconfirmed(within: Within<'_>, most: usize, lease: Duration) -> Ruled<Vec<Unconfirmed>> {
    let mut select = within.db.prepare_cached(
        "SELECT event.seq, event.version, event.label, event.rid, event.kind, event.job_id, event.tries,
             event.received_at, job.namespace, job.id, job.created_at
         FROM event LEFT JOIN job USING (rid)
         WHERE event.state = 'received' AND event.due <= ? ORDER BY event.due, event.seq LIMIT ?",
    )?;
    let mut rows = select.query(params![within.now, number(most)])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let hint = row.get::<_, Option<String>>(5)?;
        let origin = match (row.get::<_, Option<_>>(3)?.map(Rid::from_bytes), hint) {
            (Some(rid), hint) => {
                let kind = kind(row, 4)?;
                let sure = job_ref(row, kind, 8)?.map(Hint::Sure);
                let known = sure.or(hint.map(Hint::Body)).unwrap_or(Hint::None);
                Seen::Ours { rid, kind, namespace: row.get(8)?, known }
            }
            (None, Some(id)) => Seen::Foreign { id },
            (None, None) => return Err(Fault::unreadable("an event to confirm")),
        };
        found.push(Unconfirmed {
            seq: row.get(0)?,
            version: row.get(1)?,
            label: label(row, 2)?,
            origin,
            tries: row.get(6)?,
            received_at: Timestamp::from_millis(row.get(7)?),
        });
    }
    let mut take =
        within.db.prepare_cached("UPDATE event SET due = ?2, tries = tries + 1, by_holder = ?3 WHERE seq = ?1")?;
    for one in &found {
        take.execute(params![one.seq, within.now + millis(lease), within.holder])?;
    }
    Ok(found)
}

pub(super) fn confirm(within: Within<'_>, seq: i64, terminal: &Terminal) -> Ruled<bool> {
    let mut event = within.db.prepare_cached(
        "UPDATE event SET state = 'ready', due = :now, confirmed_at = :now, label = :label, size = :size
         WHERE seq = :seq AND state = 'received'",
    )?;
    let changed = event.execute(named_params! {
        ":now": within.now, ":label": terminal.label.as_str(), ":size": number(terminal.body.len()), ":seq": seq,
    })?;
    if changed > 0 {
        let mut body = within.db.prepare_cached("UPDATE body SET body = ? WHERE seq = ?")?;
        body.execute(params![&terminal.body[..], seq])?;
    }
    Ok(changed > 0)
}

pub(super) fn discard(within: Within<'_>, seq: i64, version: i64, why: &str) -> Ruled<bool> {
    let mut delete =
        within.db.prepare_cached("DELETE FROM event WHERE seq = ? AND version = ? AND state = 'received'")?;
    if delete.execute([seq, version])? > 0 {
        within.db.prepare_cached("DELETE FROM body WHERE seq = ?")?.execute([seq])?;
        return Ok(true);
    }
    // Another body has come meanwhile, and nobody else looks at it before the lease is over.
    let mut again = within
        .db
        .prepare_cached("UPDATE event SET due = ?, by_holder = 0, error = ? WHERE seq = ? AND state = 'received'")?;
    again.execute(params![within.now, why, seq])?;
    Ok(false)
}

pub(super) fn confirm_later(within: Within<'_>, seq: i64, pause: Duration) -> Ruled<()> {
    let mut later =
        within.db.prepare_cached("UPDATE event SET due = ?, by_holder = 0 WHERE seq = ? AND state = 'received'")?;
    later.execute([within.now + millis(pause), seq])?;
    Ok(())
}
