//! Confirming what an unsigned webhook said: received -> confirmed, ready.

use std::time::Duration;

use image_intelligence_core::Timestamp;

use super::db::Db;
use super::fault::Fault;
use super::jobs::{job, limit, millis};
use super::values::{Hidden, given, kind, label, rid};
use crate::store::{Hint, Seen, Terminal, Unconfirmed};

pub(super) async fn unconfirmed(db: &Db, most: usize, lease: Duration) -> Result<Vec<Unconfirmed>, Fault> {
    let sql = "WITH due AS MATERIALIZED (
            SELECT seq, next_at FROM {s}.event WHERE state = 'received' AND next_at <= {now}
            ORDER BY next_at, seq LIMIT $2 FOR UPDATE SKIP LOCKED),
        taken AS (
            UPDATE {s}.event e SET next_at = {now} + $3, tries = e.tries + 1 FROM due WHERE e.seq = due.seq
            RETURNING e.seq, version, label, rid, kind, job_id, tries - 1 AS tries, received_at, due.next_at AS was)
        SELECT t.seq, t.version, t.label, t.rid, t.kind, t.job_id, t.tries, t.received_at, j.namespace, j.job_id, j.created_at
        FROM taken t LEFT JOIN {s}.job j ON j.rid = t.rid ORDER BY t.was, t.seq";
    let rows = db.rows(sql, &[&db.ahead(), &limit(most), &millis(lease)]).await?;
    let each = rows.iter().map(|row| {
        let hint = row.get::<_, Option<String>>(5).map(given);
        let origin = match row.get::<_, Option<&[u8]>>(3).and_then(rid) {
            None => Seen::Foreign { id: hint.unwrap_or_default() },
            Some(rid) => {
                let kind = kind(row.get::<_, Option<&str>>(4).unwrap_or_default());
                let namespace = row.get::<_, Option<String>>(8).map(given);
                let known = match (job(row, kind, 9, 10, namespace.as_ref()), hint) {
                    (Some(job), _) => Hint::Sure(job),
                    (None, Some(id)) => Hint::Body(id),
                    (None, None) => Hint::None,
                };
                Seen::Ours { rid, kind, namespace, known }
            }
        };
        Unconfirmed {
            seq: row.get(0),
            version: row.get(1),
            label: label(row.get(2)),
            origin,
            tries: row.get::<_, i32>(6).unsigned_abs(),
            received_at: Timestamp::from_millis(row.get(7)),
        }
    });
    Ok(each.collect())
}

pub(super) async fn confirm(db: &Db, seq: i64, terminal: Terminal) -> Result<bool, Fault> {
    let sql =
        "UPDATE {s}.event SET state = 'ready', label = $3, body = $4::bytea, size = length($4::bytea), signed = false,
            confirmed_at = {now}, next_at = {now}
        WHERE seq = $2 AND state = 'received'";
    let body = Hidden(&terminal.body[..]);
    db.changes(sql, &[&db.ahead(), &seq, &terminal.label.as_str(), &body]).await
}

/// `why` goes to whoever reads the log: the event that it was of is no more.
pub(super) async fn discard(db: &Db, seq: i64, version: i64, why: String) -> Result<bool, Fault> {
    let gone = db
        .changes("DELETE FROM {s}.event WHERE seq = $1 AND version = $2 AND state = 'received'", &[&seq, &version])
        .await?;
    if gone {
        tracing::info!(seq, "a webhook's body was dropped: {why}");
    } else {
        // What came since is looked at now, not when the lease of the one before lapses.
        let sql = "UPDATE {s}.event SET next_at = {now} WHERE seq = $2 AND state = 'received'";
        db.changes(sql, &[&db.ahead(), &seq]).await?;
    }
    Ok(gone)
}

pub(super) async fn confirm_later(db: &Db, seq: i64, pause: Duration) -> Result<(), Fault> {
    let sql = "UPDATE {s}.event SET next_at = {now} + $3 WHERE seq = $2 AND state = 'received'";
    db.changes(sql, &[&db.ahead(), &seq, &millis(pause)]).await?;
    Ok(())
}
