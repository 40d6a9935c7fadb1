//! Our own jobs: intended -> expected | refused | unknown -> completed | `gave_up`.

use std::time::Duration;

use image_intelligence_core::{Inputs, Intent, JobRef, Kind, Rid, Timestamp};
use tokio_postgres::Row;

use super::db::Db;
use super::fault::Fault;
use super::values::{Hidden, given, kept, kind, label, rid};
use crate::event_key::EventKey;
use crate::store::{Finish, Known, Outcome, Overdue, Terminal};

/// Milliseconds of a duration, as the tables have them.
pub(super) fn millis(duration: Duration) -> i64 {
    // Half of what there is, so that it can still be added to a time.
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX).min(i64::MAX / 2)
}

/// A job's column of ids, as somebody else is told of them.
pub(super) fn job(row: &Row, kind: Kind, id: usize, created_at: usize, namespace: Option<&String>) -> Option<JobRef> {
    let id = given(row.get::<_, Option<String>>(id)?);
    let created_at = row.get::<_, Option<i64>>(created_at).map(Timestamp::from_millis);
    Some(JobRef::new(kind, id).in_namespace(namespace.cloned()).created_at(created_at))
}

pub(super) async fn record(db: &Db, intent: Intent) -> Result<(), Fault> {
    let sql = "INSERT INTO {s}.job (rid, kind, namespace, custom_id, images, deliver, inputs, state, at)
        VALUES ($2, $3, $4, $5, $6, $7, $8, 'intended', {now}) ON CONFLICT (rid) DO NOTHING";
    let namespace = intent.namespace.as_deref().map(kept);
    let images = i32::try_from(intent.images).unwrap_or(i32::MAX);
    let (rid, custom_id) = (&intent.rid.as_bytes()[..], kept(&intent.custom_id));
    let (kind, inputs) = (intent.kind.as_str(), intent.inputs.as_ref().map(Inputs::to_json));
    db.changes(sql, &[&db.ahead(), &rid, &kind, &namespace, &custom_id, &images, &intent.deliver, &inputs]).await?;
    Ok(())
}

pub(super) async fn left(db: &Db, rid: Rid, left: bool) -> Result<(), Fault> {
    // Who is about to send a job that was taken for abandoned is alive after all.
    let sql = "UPDATE {s}.job SET has_left = $2, state = 'intended', ended_at = NULL, why = NULL
        WHERE rid = $1 AND (state = 'intended' OR state = 'refused' AND $2)";
    db.changes(sql, &[&&rid.as_bytes()[..], &left]).await?;
    Ok(())
}

pub(super) async fn accepted(db: &Db, rid: Rid, job: JobRef, patience: Duration) -> Result<(), Fault> {
    let sql = "UPDATE {s}.job SET
            job_id = $3, created_at = coalesce($4, created_at), namespace = coalesce(namespace, $5),
            due_at = CASE WHEN state IN ('intended', 'refused') THEN coalesce(due_at, {now} + $6)
                WHEN state = 'unknown' THEN {now} + $6 ELSE due_at END,
            tries = CASE WHEN state = 'unknown' THEN 0 ELSE tries END,
            ended_at = CASE WHEN state = 'refused' THEN NULL ELSE ended_at END,
            why = CASE WHEN state IN ('refused', 'unknown') THEN NULL ELSE why END,
            state = CASE WHEN state IN ('intended', 'refused', 'unknown') THEN 'expected' ELSE state END
        WHERE rid = $2";
    let (id, namespace) = (kept(&job.id), job.namespace.as_deref().map(kept));
    let created_at = job.created_at.map(Timestamp::as_millis);
    db.changes(sql, &[&db.ahead(), &&rid.as_bytes()[..], &id, &created_at, &namespace, &millis(patience)]).await?;
    Ok(())
}

pub(super) async fn refused(db: &Db, rid: Rid, why: String) -> Result<(), Fault> {
    let sql = "UPDATE {s}.job SET state = 'refused', why = $3, ended_at = {now}, due_at = NULL
        WHERE rid = $2 AND state IN ('intended', 'unknown')";
    db.changes(sql, &[&db.ahead(), &&rid.as_bytes()[..], &kept(&why)]).await?;
    Ok(())
}

pub(super) async fn unknown(db: &Db, rid: Rid, why: String, patience: Duration) -> Result<(), Fault> {
    let sql = "UPDATE {s}.job SET state = 'unknown', why = $3, due_at = coalesce(due_at, {now} + $4), tries = 0
        WHERE rid = $2 AND state = 'intended'";
    db.changes(sql, &[&db.ahead(), &&rid.as_bytes()[..], &kept(&why), &millis(patience)]).await?;
    Ok(())
}

pub(super) async fn abandon(db: &Db, older: Duration) -> Result<(u64, u64), Fault> {
    let sql = "WITH clock AS MATERIALIZED (SELECT {now} AS now),
        old AS MATERIALIZED (SELECT rid FROM {s}.job, clock WHERE state = 'intended' AND at <= now - $2 ORDER BY rid FOR UPDATE OF job),
        moved AS (
            UPDATE {s}.job j SET
                state = CASE WHEN has_left THEN 'unknown' ELSE 'refused' END,
                due_at = CASE WHEN has_left THEN now END,
                ended_at = CASE WHEN has_left THEN NULL ELSE now END,
                tries = 0,
                why = CASE WHEN has_left THEN 'its process ended before the answer came'
                    ELSE 'its process ended before it was sent' END
            FROM old, clock WHERE j.rid = old.rid AND j.state = 'intended' RETURNING has_left)
        SELECT count(*) FILTER (WHERE has_left), count(*) FILTER (WHERE NOT has_left) FROM moved";
    let rows = db.rows(sql, &[&db.ahead(), &millis(older)]).await?;
    Ok(rows.first().map_or((0, 0), |row| (row.get::<_, i64>(0).unsigned_abs(), row.get::<_, i64>(1).unsigned_abs())))
}

/// Ends a job. Should the answer be lost, doing it again finds it at its end and changes nothing.
pub(super) async fn finish(db: &Db, rid: Rid, finish: Finish) -> Result<bool, Fault> {
    const JOB: &str =
        "INSERT INTO {s}.job AS j (rid, kind, namespace, custom_id, images, deliver, state, has_left, job_id,
            created_at, at, ended_at)
        VALUES ($2::bytea, $3, $4, encode($2::bytea, 'hex'), 0, true, $5, true, $6, $7, {now}, {now})
        ON CONFLICT (rid) DO UPDATE SET
            state = excluded.state, ended_at = excluded.ended_at, due_at = NULL, by_webhook = $8, why = NULL,
            namespace = coalesce(j.namespace, excluded.namespace), job_id = coalesce(excluded.job_id, j.job_id),
            created_at = coalesce(excluded.created_at, j.created_at)
        WHERE j.state NOT IN ('completed', 'gave_up')
        RETURNING deliver, job_id";
    const EVENT: &str =
        "INSERT INTO {s}.event AS e (key, rid, kind, job_id, label, state, body, size, signed, deliveries,
            received_at, confirmed_at, done_at, next_at)
        SELECT $2, $3, $4, $5, $6, CASE WHEN $8 THEN 'ready' ELSE 'done' END, $7::bytea, length($7::bytea), false, 0, now,
            CASE WHEN $9 THEN now END, CASE WHEN NOT $8 THEN now END, CASE WHEN $8 THEN now END
        FROM (SELECT {now} AS now) clock
        ON CONFLICT (key) WHERE live DO UPDATE SET
            job_id = excluded.job_id, label = excluded.label, state = excluded.state, body = excluded.body,
            size = excluded.size, confirmed_at = excluded.confirmed_at, done_at = excluded.done_at,
            next_at = excluded.next_at
        WHERE e.state = 'received'";
    let Finish { kind, namespace, outcome, by_webhook, terminal } = finish;
    let state = match outcome {
        Outcome::Completed => "completed",
        Outcome::GaveUp => "gave_up",
    };
    let (ahead, bytes) = (db.ahead(), &rid.as_bytes()[..]);
    let (namespace, id) = (namespace.as_deref().map(kept), terminal.id.as_deref().map(kept));
    let created_at = terminal.created_at.map(Timestamp::as_millis);
    let mut client = db.client().await?;
    let tx = client.transaction().await?;
    let values: super::db::Values<'_> =
        &[&ahead, &bytes, &kind.as_str(), &namespace, &state, &id, &created_at, &by_webhook];
    let ended = db.within(&tx, JOB, values).await?;
    let Some(row) = ended.first() else { return Ok(false) };
    let (deliver, id) = (row.get::<_, bool>(0), row.get::<_, Option<String>>(1));
    let (key, body) = (EventKey::ours(rid), Hidden(&terminal.body[..]));
    // Nobody said that it has no result but we.
    let sure = outcome == Outcome::Completed;
    let values: super::db::Values<'_> =
        &[&ahead, &&key.0[..], &bytes, &kind.as_str(), &id, &terminal.label.as_str(), &body, &deliver, &sure];
    db.within(&tx, EVENT, values).await?;
    tx.commit().await?;
    Ok(true)
}

pub(super) async fn overdue(db: &Db, most: usize, lease: Duration) -> Result<Vec<Overdue>, Fault> {
    let sql = "WITH due AS MATERIALIZED (
            SELECT rid, due_at FROM {s}.job WHERE state IN ('expected', 'unknown') AND due_at <= {now}
            ORDER BY due_at, rid LIMIT $2 FOR UPDATE SKIP LOCKED),
        taken AS (
            UPDATE {s}.job j SET due_at = {now} + $3, tries = j.tries + 1 FROM due WHERE j.rid = due.rid
            RETURNING j.rid, kind, namespace, custom_id, job_id, created_at, at, tries - 1, due.due_at AS was)
        SELECT * FROM taken ORDER BY was, rid";
    let rows = db.rows(sql, &[&db.ahead(), &limit(most), &millis(lease)]).await?;
    let each = rows.iter().filter_map(|row| {
        let (kind, namespace) = (kind(row.get(1)), row.get::<_, Option<String>>(2).map(given));
        Some(Overdue {
            rid: rid(row.get(0))?,
            kind,
            custom_id: given(row.get(3)),
            job: job(row, kind, 4, 5, namespace.as_ref()),
            namespace,
            at: Timestamp::from_millis(row.get(6)),
            tries: row.get::<_, i32>(7).unsigned_abs(),
        })
    });
    Ok(each.collect())
}

pub(super) async fn look_again(db: &Db, rid: Rid, pause: Duration, found: Option<JobRef>) -> Result<(), Fault> {
    let sql = "UPDATE {s}.job SET
            due_at = {now} + $3, state = CASE WHEN $4::text IS NULL THEN state ELSE 'expected' END,
            job_id = coalesce($4, job_id), created_at = coalesce($5, created_at), namespace = coalesce(namespace, $6),
            why = CASE WHEN $4 IS NULL THEN why END
        WHERE rid = $2 AND state IN ('expected', 'unknown')";
    let id = found.as_ref().map(|job| kept(&job.id));
    let created_at = found.as_ref().and_then(|job| job.created_at).map(Timestamp::as_millis);
    let namespace = found.as_ref().and_then(|job| job.namespace.as_deref()).map(kept);
    db.changes(sql, &[&db.ahead(), &&rid.as_bytes()[..], &millis(pause), &id, &created_at, &namespace]).await?;
    Ok(())
}

pub(super) async fn look_now(db: &Db, rid: Rid) -> Result<bool, Fault> {
    // A webhook with a token of ours speaks for a job that was thought not to exist.
    let sql = "UPDATE {s}.job SET due_at = {now}, ended_at = NULL,
            state = CASE state WHEN 'refused' THEN 'unknown' ELSE state END
        WHERE rid = $2 AND state NOT IN ('completed', 'gave_up')";
    db.changes(sql, &[&db.ahead(), &&rid.as_bytes()[..]]).await
}

pub(super) async fn known(db: &Db, rid: Rid) -> Result<Option<Known>, Fault> {
    let sql = "SELECT kind, namespace, job_id, created_at, state, at FROM {s}.job WHERE rid = $1";
    let rows = db.rows(sql, &[&&rid.as_bytes()[..]]).await?;
    Ok(rows.first().map(|row| {
        let (kind, namespace) = (kind(row.get(0)), row.get::<_, Option<String>>(1).map(given));
        Known {
            kind,
            job: job(row, kind, 2, 3, namespace.as_ref()),
            namespace,
            state: state(row.get(4)),
            at: Timestamp::from_millis(row.get(5)),
        }
    }))
}

pub(super) async fn terminal(db: &Db, rid: Rid) -> Result<Option<Terminal>, Fault> {
    let sql = "SELECT e.label, e.body, j.job_id, j.created_at
        FROM {s}.job j JOIN {s}.event e ON e.key = $2 AND e.live
        WHERE j.rid = $1 AND j.state IN ('completed', 'gave_up') AND e.body IS NOT NULL";
    let rows = db.rows(sql, &[&&rid.as_bytes()[..], &&EventKey::ours(rid).0[..]]).await?;
    Ok(rows.first().map(|row| Terminal {
        label: label(row.get(0)),
        body: row.get::<_, Vec<u8>>(1).into(),
        id: row.get::<_, Option<String>>(2).map(given),
        created_at: row.get::<_, Option<i64>>(3).map(Timestamp::from_millis),
    }))
}

pub(super) async fn took(db: &Db, kind: Kind) -> Result<Vec<Duration>, Fault> {
    let sql = "SELECT greatest(ended_at - at, 0) FROM {s}.job WHERE kind = $1 AND by_webhook AND ended_at IS NOT NULL
        ORDER BY ended_at DESC LIMIT 200";
    let rows = db.rows(sql, &[&kind.as_str()]).await?;
    Ok(rows.iter().map(|row| Duration::from_millis(row.get::<_, i64>(0).unsigned_abs())).collect())
}

/// How many, as SQL counts.
pub(super) fn limit(most: usize) -> i64 {
    i64::try_from(most).unwrap_or(i64::MAX)
}

/// The states of a job, in the order of their lives.
pub(super) const STATES: [&str; 6] = ["intended", "expected", "refused", "unknown", "completed", "gave_up"];

fn state(name: &str) -> &'static str {
    STATES.into_iter().find(|known| *known == name).unwrap_or("unknown")
}
