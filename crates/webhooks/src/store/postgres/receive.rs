//! Keeping what webhooks brought.

use std::collections::BTreeMap;

use super::db::Db;
use super::fault::Fault;
use super::values::{Hidden, kept, key};
use crate::event_key::EventKey;
use crate::failpoint;
use crate::store::{Incoming, Origin, Receipt};

/// Frees keys of raw bytes that are a day old. Sorted, as every statement locks events by key, so that none waits in a circle.
const FREE: &str = "UPDATE {s}.event SET live = false WHERE seq IN (
    SELECT seq FROM {s}.event WHERE key = ANY($2) AND live AND received_at <= {now} - 86400000 ORDER BY key FOR UPDATE)";

/// Keeps a batch in which each key is once. Jobs are locked before events, here as everywhere.
///
/// A body for a job that is at its end is counted and no more: its event is not `received`, so what is there stays.
const KEEP: &str = "
WITH clock AS MATERIALIZED (SELECT {now} AS now),
came AS MATERIALIZED (
    SELECT * FROM unnest($2::bytea[], $3::bytea[], $4::text[], $5::text[], $6::text[], $7::bytea[], $8::bool[], $9::bool[],
        $10::bigint[]) AS came(key, rid, kind, job_id, label, body, signed, confirm, times)),
held AS MATERIALIZED (
    SELECT rid, state IN ('completed', 'gave_up') AS ended, deliver FROM {s}.job
    WHERE rid = ANY($3) ORDER BY rid FOR UPDATE),
ended AS (
    UPDATE {s}.job j SET state = 'completed', ended_at = clock.now, due_at = NULL, by_webhook = true, why = NULL,
        job_id = coalesce(j.job_id, came.job_id)
    FROM came, held, clock
    WHERE j.rid = came.rid AND held.rid = came.rid AND NOT came.confirm AND NOT held.ended),
found AS (
    INSERT INTO {s}.job (rid, kind, custom_id, images, deliver, state, has_left, job_id, at, ended_at)
    SELECT came.rid, came.kind, encode(came.rid, 'hex'), 0, true, 'completed', true, came.job_id, now, now
    FROM came CROSS JOIN clock LEFT JOIN held USING (rid)
    WHERE came.rid IS NOT NULL AND NOT came.confirm AND held.rid IS NULL
    ORDER BY came.rid
    ON CONFLICT (rid) DO NOTHING)
INSERT INTO {s}.event AS e (key, rid, kind, job_id, label, state, body, size, signed, deliveries, received_at, done_at, next_at)
SELECT key, came.rid, kind, job_id, label,
    CASE WHEN confirm THEN 'received' WHEN coalesce(deliver, true) THEN 'ready' ELSE 'done' END,
    body, length(body), signed, times, now,
    CASE WHEN NOT confirm AND NOT coalesce(deliver, true) THEN now END,
    CASE WHEN confirm OR coalesce(deliver, true) THEN now END
FROM came CROSS JOIN clock LEFT JOIN held ON held.rid = came.rid
WHERE NOT coalesce(ended, false) OR EXISTS (SELECT FROM {s}.event old WHERE old.key = came.key AND old.live)
ORDER BY key
ON CONFLICT (key) WHERE live DO UPDATE SET
    deliveries = e.deliveries + excluded.deliveries,
    version = CASE WHEN e.state = 'received' THEN e.version + excluded.deliveries ELSE e.version END,
    job_id = CASE WHEN e.state = 'received' THEN excluded.job_id ELSE e.job_id END,
    label = CASE WHEN e.state = 'received' THEN excluded.label ELSE e.label END,
    body = CASE WHEN e.state = 'received' THEN excluded.body ELSE e.body END,
    size = CASE WHEN e.state = 'received' THEN excluded.size ELSE e.size END,
    signed = CASE WHEN e.state = 'received' THEN excluded.signed ELSE e.signed END,
    done_at = CASE WHEN e.state = 'received' THEN excluded.done_at ELSE e.done_at END,
    next_at = CASE WHEN e.state = 'received' AND excluded.state <> 'received' THEN excluded.next_at ELSE e.next_at END,
    state = CASE WHEN e.state = 'received' THEN excluded.state ELSE e.state END
RETURNING key, xmax = 0";

/// One key's share of a batch.
struct Share<'a> {
    /// The body that counts: the last that is no more than a hint, or the first that is more.
    body: &'a Incoming,
    confirm: bool,
    times: i64,
    /// It made the event, so the first who brought it is told that it is new.
    new: bool,
}

/// Keeps what came, in one transaction; a receipt for each.
pub(super) async fn keep(db: &Db, batch: &[Incoming]) -> Result<Vec<Receipt>, Fault> {
    let mut shares = BTreeMap::<EventKey, Share<'_>>::new();
    for one in batch {
        // What has no name cannot be asked for.
        let confirm = one.confirm && one.origin != Origin::Raw;
        let fresh = Share { body: one, confirm, times: 0, new: false };
        let share = shares.entry(one.key).or_insert(fresh);
        if share.confirm {
            (share.body, share.confirm) = (one, confirm);
        }
        share.times += 1;
    }
    write(db, &mut shares).await?;
    Ok(batch
        .iter()
        .map(|one| {
            let new = shares.get_mut(&one.key).is_some_and(|share| std::mem::take(&mut share.new));
            if new { Receipt::New } else { Receipt::Duplicate }
        })
        .collect())
}

async fn write(db: &Db, shares: &mut BTreeMap<EventKey, Share<'_>>) -> Result<(), Fault> {
    let keys = shares.keys().map(|key| &key.0[..]).collect::<Vec<_>>();
    let raw = shares.iter().filter(|(_, share)| share.body.origin == Origin::Raw);
    let raw = raw.map(|(key, _)| &key.0[..]).collect::<Vec<_>>();
    let each = || shares.values().map(|share| share.body);
    let rids = each().map(|one| match &one.origin {
        Origin::Ours { rid, .. } => Some(&rid.as_bytes()[..]),
        _ => None,
    });
    let kinds = each().map(|one| match &one.origin {
        Origin::Ours { kind, .. } => Some(kind.as_str()),
        _ => one.label.job().map(image_intelligence_core::Kind::as_str),
    });
    let ids = each().map(|one| match &one.origin {
        Origin::Ours { hint, .. } => hint.as_deref().map(kept),
        Origin::Foreign { id } => Some(kept(id)),
        Origin::Raw => None,
    });
    let (rids, kinds, ids) = (rids.collect::<Vec<_>>(), kinds.collect::<Vec<_>>(), ids.collect::<Vec<_>>());
    let labels = each().map(|one| one.label.as_str()).collect::<Vec<_>>();
    let bodies = Hidden(each().map(|one| &one.body[..]).collect::<Vec<_>>());
    let signed = each().map(|one| one.signed).collect::<Vec<_>>();
    let confirm = shares.values().map(|share| share.confirm).collect::<Vec<_>>();
    let times = shares.values().map(|share| share.times).collect::<Vec<_>>();
    let ahead = db.ahead();
    let values: super::db::Values<'_> =
        &[&ahead, &keys, &rids, &kinds, &ids, &labels, &bodies, &signed, &confirm, &times];

    failpoint::reach("store.before_commit");
    let rows = if raw.is_empty() {
        db.rows(KEEP, values).await?
    } else {
        let mut client = db.client().await?;
        let tx = client.transaction().await?;
        db.within(&tx, FREE, &[&ahead, &raw]).await?;
        let rows = db.within(&tx, KEEP, values).await?;
        tx.commit().await?;
        rows
    };
    failpoint::reach("store.after_commit");
    for row in rows {
        if let Some(share) = shares.get_mut(&key(row.get(0))) {
            // A row that was there already has been locked to be changed, and says by whom.
            share.new = row.get(1);
        }
    }
    Ok(())
}
