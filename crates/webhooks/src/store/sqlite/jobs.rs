//! Our own jobs: what is intended, what is expected, and how it ended.

use std::time::Duration;

use image_intelligence_core::{EventKind, Inputs, Intent, JobRef, Kind, Rid, Timestamp};
use rusqlite::{OptionalExtension as _, Row, named_params, params};

use super::errand::Within;
use super::fault::{Fault, Ruled};
use crate::event_key::EventKey;
use crate::store::{Finish, Outcome, Overdue};

/// What a webhook must know of the job that it is of.
#[derive(Clone, Copy)]
pub(super) struct Standing {
    pub(super) ended: bool,
    pub(super) deliver: bool,
}

impl Default for Standing {
    /// Of a job that nobody knows.
    fn default() -> Self {
        Self { ended: false, deliver: true }
    }
}

pub(super) fn millis(time: Duration) -> i64 {
    i64::try_from(time.as_millis()).unwrap_or(i64::MAX / 4).min(i64::MAX / 4)
}

/// As the database counts.
pub(super) fn number(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

pub(super) fn standing(within: Within<'_>, rid: Rid) -> Ruled<Standing> {
    let found = within
        .db
        .prepare_cached("SELECT state IN ('completed', 'gave_up'), deliver FROM job WHERE rid = ?")?
        .query_row([rid.as_bytes()], |row| Ok(Standing { ended: row.get(0)?, deliver: row.get(1)? }))
        .optional()?;
    Ok(found.unwrap_or_default())
}

pub(super) fn record(within: Within<'_>, intent: &Intent) -> Ruled<()> {
    within
        .db
        .prepare_cached(
            "INSERT INTO job (rid, kind, namespace, custom_id, images, inputs, deliver, state, by_holder, at)
             VALUES (:rid, :kind, :namespace, :custom_id, :images, :inputs, :deliver, 'intended', :holder, :now)
             ON CONFLICT DO NOTHING",
        )?
        .execute(named_params! {
            ":rid": intent.rid.as_bytes(), ":kind": intent.kind.as_str(), ":namespace": intent.namespace,
            ":custom_id": intent.custom_id, ":images": number(intent.images),
            ":inputs": intent.inputs.as_ref().map(Inputs::to_json), ":deliver": intent.deliver,
            ":holder": within.holder, ":now": within.now,
        })?;
    Ok(())
}

pub(super) fn left(within: Within<'_>, rid: Rid, left: bool) -> Ruled<()> {
    // Who is about to send a job that was taken for abandoned is alive after all.
    let mut statement = within.db.prepare_cached(
        "UPDATE job SET has_left = :left, state = 'intended', ended_at = NULL, why = NULL
         WHERE rid = :rid AND (state = 'intended' OR state = 'refused' AND :left)",
    )?;
    statement.execute(named_params! { ":rid": rid.as_bytes(), ":left": left })?;
    Ok(())
}

pub(super) fn accepted(within: Within<'_>, rid: Rid, job: &JobRef, patience: Duration) -> Ruled<()> {
    let mut statement = within.db.prepare_cached(
        "UPDATE job SET id = :id, created_at = coalesce(:created_at, created_at),
             namespace = coalesce(namespace, :namespace),
             look_at = CASE WHEN state IN ('intended', 'refused') THEN coalesce(look_at, :look_at)
                            WHEN state = 'unknown' THEN :look_at ELSE look_at END,
             tries = CASE WHEN state = 'unknown' THEN 0 ELSE tries END,
             ended_at = CASE WHEN state = 'refused' THEN NULL ELSE ended_at END,
             why = CASE WHEN state IN ('refused', 'unknown') THEN NULL ELSE why END,
             state = CASE WHEN state IN ('intended', 'refused', 'unknown') THEN 'expected' ELSE state END
         WHERE rid = :rid",
    )?;
    statement.execute(named_params! {
        ":rid": rid.as_bytes(), ":id": job.id, ":created_at": job.created_at.map(Timestamp::as_millis),
        ":namespace": job.namespace, ":look_at": within.now + millis(patience),
    })?;
    Ok(())
}

pub(super) fn refused(within: Within<'_>, rid: Rid, why: &str) -> Ruled<()> {
    let mut statement = within.db.prepare_cached(
        "UPDATE job SET state = 'refused', why = ?2, look_at = NULL, ended_at = ?3
         WHERE rid = ?1 AND state IN ('intended', 'unknown')",
    )?;
    statement.execute(params![rid.as_bytes(), why, within.now])?;
    Ok(())
}

pub(super) fn unknown(within: Within<'_>, rid: Rid, why: &str, patience: Duration) -> Ruled<()> {
    let mut statement = within.db.prepare_cached(
        "UPDATE job SET state = 'unknown', why = ?2, look_at = coalesce(look_at, ?3), tries = 0
         WHERE rid = ?1 AND state = 'intended'",
    )?;
    statement.execute(params![rid.as_bytes(), why, within.now + millis(patience)])?;
    Ok(())
}

/// Those of the holder of the lock, or of everybody.
pub(super) fn abandon(within: Within<'_>, older: Duration, holders: bool) -> Ruled<(u64, u64)> {
    let (before, now) = (within.now - millis(older), within.now);
    let mut left = within.db.prepare_cached(
        "UPDATE job SET state = 'unknown', look_at = ?1, tries = 0, why = 'its process ended before the answer came'
         WHERE state = 'intended' AND at <= ?2 AND has_left AND by_holder >= ?3",
    )?;
    let mut stayed = within.db.prepare_cached(
        "UPDATE job SET state = 'refused', ended_at = ?1, why = 'its process ended before it was sent'
         WHERE state = 'intended' AND at <= ?2 AND NOT has_left AND by_holder >= ?3",
    )?;
    Ok((left.execute(params![now, before, holders])? as u64, stayed.execute(params![now, before, holders])? as u64))
}

/// How a job comes to its end.
pub(super) struct End<'a> {
    pub(super) state: &'static str,
    pub(super) namespace: Option<&'a str>,
    pub(super) by_webhook: bool,
    /// The service's name for it, and when it made it, where they are sure.
    pub(super) id: Option<&'a str>,
    pub(super) created_at: Option<Timestamp>,
}

/// Ends a job; one that nobody knows is made. `hint` is its id where no other is known.
pub(super) fn end(within: Within<'_>, rid: Rid, kind: Kind, end: &End<'_>, hint: Option<&str>) -> Ruled<()> {
    let mut statement = within.db.prepare_cached(
        "INSERT INTO job (rid, kind, namespace, custom_id, images, deliver, state, by_holder, id, created_at, at, ended_at)
         VALUES (:rid, :kind, :namespace, :custom_id, 0, 1, :state, 0, coalesce(:id, :hint), :created_at, :now, :now)
         ON CONFLICT DO UPDATE SET state = :state, ended_at = :now, look_at = NULL, why = NULL,
             namespace = coalesce(namespace, :namespace), id = coalesce(:id, id, :hint),
             created_at = coalesce(:created_at, created_at), took = CASE WHEN :by_webhook THEN max(:now - at, 0) END",
    )?;
    statement.execute(named_params! {
        ":rid": rid.as_bytes(), ":kind": kind.as_str(), ":namespace": end.namespace, ":custom_id": rid.to_string(),
        ":state": end.state, ":id": end.id, ":hint": hint, ":created_at": end.created_at.map(Timestamp::as_millis),
        ":now": within.now, ":by_webhook": end.by_webhook,
    })?;
    Ok(())
}

pub(super) fn finish(within: Within<'_>, rid: Rid, finish: &Finish) -> Ruled<bool> {
    let standing = standing(within, rid)?;
    if standing.ended {
        return Ok(false);
    }
    let state = match finish.outcome {
        Outcome::Completed => "completed",
        Outcome::GaveUp => "gave_up",
    };
    let Finish { kind, namespace, by_webhook, terminal, .. } = finish;
    let (namespace, id) = (namespace.as_deref(), terminal.id.as_deref());
    let how = End { state, namespace, by_webhook: *by_webhook, id, created_at: terminal.created_at };
    end(within, rid, *kind, &how, None)?;
    let (now, key) = (within.now, EventKey::ours(rid));
    let (born, due, ended_at) = if standing.deliver { ("ready", Some(now), None) } else { ("done", None, Some(now)) };
    let confirmed_at = (finish.outcome == Outcome::Completed).then_some(now);
    let seq: Option<i64> = within
        .db
        .prepare_cached(
            "INSERT INTO event (key, rid, kind, job_id, label, state, signed, deliveries, version, due, received_at,
                 confirmed_at, ended_at, size)
             VALUES (:key, :rid, :kind, :job_id, :label, :state, 0, 0, 0, :due, :now, :confirmed_at, :ended_at, :size)
             ON CONFLICT (key) WHERE freed = 0 DO UPDATE SET label = :label, state = :state, due = :due,
                 confirmed_at = :confirmed_at, ended_at = :ended_at, size = :size WHERE state = 'received'
             RETURNING seq",
        )?
        .query_row(
            named_params! {
                ":key": &key.0, ":rid": rid.as_bytes(), ":kind": kind.as_str(), ":job_id": id,
                ":label": terminal.label.as_str(), ":state": born, ":due": due, ":now": now,
                ":confirmed_at": confirmed_at, ":ended_at": ended_at, ":size": number(terminal.body.len()),
            },
            |row| row.get(0),
        )
        .optional()?;
    if let Some(seq) = seq {
        let mut body = within.db.prepare_cached("INSERT OR REPLACE INTO body (seq, body) VALUES (?, ?)")?;
        body.execute(params![seq, &terminal.body[..]])?;
    }
    Ok(true)
}

pub(super) fn overdue(within: Within<'_>, most: usize, lease: Duration) -> Ruled<Vec<Overdue>> {
    let mut select = within.db.prepare_cached(
        "SELECT rid, kind, namespace, id, created_at, custom_id, at, tries FROM job
         WHERE state IN ('expected', 'unknown') AND look_at <= ? ORDER BY look_at LIMIT ?",
    )?;
    let mut take = within.db.prepare_cached("UPDATE job SET look_at = ?2, tries = tries + 1 WHERE rid = ?1")?;
    let mut rows = select.query(params![within.now, number(most)])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let kind = kind(row, 1)?;
        found.push(Overdue {
            rid: Rid::from_bytes(row.get(0)?),
            kind,
            namespace: row.get(2)?,
            custom_id: row.get(5)?,
            job: job_ref(row, kind, 2)?,
            at: Timestamp::from_millis(row.get(6)?),
            tries: row.get(7)?,
        });
    }
    for one in &found {
        take.execute(params![one.rid.as_bytes(), within.now + millis(lease)])?;
    }
    Ok(found)
}

pub(super) fn look_again(within: Within<'_>, rid: Rid, pause: Duration, found: Option<&JobRef>) -> Ruled<()> {
    let mut statement = within.db.prepare_cached(
        "UPDATE job SET look_at = :look_at, id = coalesce(:id, id), created_at = coalesce(:created_at, created_at),
             namespace = coalesce(namespace, :namespace), why = CASE WHEN :id IS NULL THEN why END,
             state = CASE WHEN :id IS NULL THEN state ELSE 'expected' END
         WHERE rid = :rid AND state IN ('expected', 'unknown')",
    )?;
    statement.execute(named_params! {
        ":rid": rid.as_bytes(), ":look_at": within.now + millis(pause), ":id": found.map(|job| &job.id),
        ":created_at": found.and_then(|job| job.created_at).map(Timestamp::as_millis),
        ":namespace": found.and_then(|job| job.namespace.as_ref()),
    })?;
    Ok(())
}

pub(super) fn look_now(within: Within<'_>, rid: Rid) -> Ruled<bool> {
    // A webhook with a token of ours speaks for a job that was thought not to exist.
    let mut statement = within.db.prepare_cached(
        "UPDATE job SET look_at = ?2, ended_at = NULL, state = CASE state WHEN 'refused' THEN 'unknown' ELSE state END
         WHERE rid = ?1 AND state IN ('intended', 'expected', 'unknown', 'refused')",
    )?;
    Ok(statement.execute(params![rid.as_bytes(), within.now])? > 0)
}

pub(super) fn kind(row: &Row<'_>, column: usize) -> Ruled<Kind> {
    Kind::from_name(row.get_ref(column)?.as_str().map_err(rusqlite::Error::from)?)
        .ok_or_else(|| Fault::unreadable("a kind of job"))
}

pub(super) fn label(row: &Row<'_>, column: usize) -> Ruled<EventKind> {
    let text = row.get_ref(column)?.as_str().map_err(rusqlite::Error::from)?;
    Ok(EventKind::ALL.into_iter().find(|kind| kind.as_str() == text).unwrap_or(EventKind::Unknown))
}

/// From the columns `namespace`, `id` and `created_at`, the first of which has the given place.
pub(super) fn job_ref(row: &Row<'_>, kind: Kind, first: usize) -> Ruled<Option<JobRef>> {
    let Some(id) = row.get::<_, Option<String>>(first + 1)? else { return Ok(None) };
    let created_at = row.get::<_, Option<i64>>(first + 2)?.map(Timestamp::from_millis);
    Ok(Some(JobRef::new(kind, id).in_namespace(row.get(first)?).created_at(created_at)))
}
