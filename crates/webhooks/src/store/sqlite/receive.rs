//! What a webhook brought is kept.

use rusqlite::{named_params, params};

use super::errand::Within;
use super::fault::Ruled;
use super::jobs;
use crate::store::{Incoming, Origin, Receipt};

/// For how long the same raw bytes are the same event, in milliseconds.
const RAW_KEY: i64 = 24 * 60 * 60 * 1000;

/// Keeps bodies of one key, in the order in which they came; says whether the first is new.
pub(super) fn put(within: Within<'_>, bodies: &[&Incoming]) -> Ruled<Receipt> {
    // Each would replace the one before it until one needs no confirming: that one stays.
    let Some(stays) = bodies.iter().find(|one| !unsure(one)).or(bodies.last()) else { return Ok(Receipt::Duplicate) };
    let count = jobs::number(bodies.len());
    let job = match &stays.origin {
        Origin::Ours { rid, .. } => jobs::standing(within, *rid)?,
        _ => jobs::Standing::default(),
    };
    if job.ended {
        return again(within, stays, count);
    }
    if insert(within, stays, count, job.deliver)? {
        return Ok(Receipt::New);
    }
    let (seq, state, received_at): (i64, String, i64) = within
        .db
        .prepare_cached("SELECT seq, state, received_at FROM event WHERE key = ? AND freed = 0")?
        .query_row([&stays.key.0], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    if stays.origin == Origin::Raw && received_at <= within.now - RAW_KEY {
        within.db.prepare_cached("UPDATE event SET freed = 1 WHERE seq = ?")?.execute([seq])?;
        insert(within, stays, count, true)?;
        return Ok(Receipt::New);
    }
    if state != "received" {
        return again(within, stays, count);
    }
    let row = Row::of(within, stays, job.deliver);
    within
        .db
        .prepare_cached(
            "UPDATE event SET deliveries = deliveries + :count, version = version + :count, label = :label,
                 signed = :signed, job_id = :job_id, size = :size, state = :state,
                 due = CASE :state WHEN 'received' THEN due ELSE :due END, ended_at = :ended_at
             WHERE seq = :seq",
        )?
        .execute(named_params! {
            ":count": count, ":label": stays.label.as_str(), ":signed": stays.signed, ":job_id": row.job_id,
            ":size": jobs::number(stays.body.len()), ":state": row.state, ":due": row.due, ":ended_at": row.ended_at,
            ":seq": seq,
        })?;
    within.db.prepare_cached("UPDATE body SET body = ? WHERE seq = ?")?.execute(params![&stays.body[..], seq])?;
    end(within, stays)?;
    Ok(Receipt::Duplicate)
}

/// Whether the API must say so first. What has no name of its own cannot be asked for.
fn unsure(incoming: &Incoming) -> bool {
    incoming.confirm && incoming.origin != Origin::Raw
}

/// Counts bodies that change nothing.
fn again(within: Within<'_>, incoming: &Incoming, count: i64) -> Ruled<Receipt> {
    within
        .db
        .prepare_cached("UPDATE event SET deliveries = deliveries + ? WHERE key = ? AND freed = 0")?
        .execute(params![count, &incoming.key.0])?;
    Ok(Receipt::Duplicate)
}

/// What an event is born as.
struct Row<'a> {
    state: &'static str,
    due: Option<i64>,
    ended_at: Option<i64>,
    rid: Option<&'a [u8]>,
    kind: Option<&'static str>,
    job_id: Option<&'a str>,
}

impl<'a> Row<'a> {
    fn of(within: Within<'_>, incoming: &'a Incoming, deliver: bool) -> Self {
        let (state, due, ended_at) = match (unsure(incoming), deliver) {
            (true, _) => ("received", Some(within.now), None),
            (false, true) => ("ready", Some(within.now), None),
            (false, false) => ("done", None, Some(within.now)),
        };
        let (rid, kind, job_id) = match &incoming.origin {
            Origin::Ours { rid, kind, hint } => (Some(&rid.as_bytes()[..]), Some(kind.as_str()), hint.as_deref()),
            Origin::Foreign { id } => (None, None, Some(id.as_str())),
            Origin::Raw => (None, None, None),
        };
        Self { state, due, ended_at, rid, kind, job_id }
    }
}

/// `false` where the key is taken.
fn insert(within: Within<'_>, incoming: &Incoming, count: i64, deliver: bool) -> Ruled<bool> {
    let row = Row::of(within, incoming, deliver);
    // RETURNING would make a table in memory each time, which costs more than all the rest.
    let inserted = within
        .db
        .prepare_cached(
            "INSERT INTO event (key, rid, kind, job_id, label, state, signed, deliveries, version, due, received_at,
                 ended_at, size)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?8, ?9, ?10, ?11, ?12)
             ON CONFLICT DO NOTHING",
        )?
        // By number, since each name would be looked for among all of them.
        .execute(params![
            &incoming.key.0,
            row.rid,
            row.kind,
            row.job_id,
            incoming.label.as_str(),
            row.state,
            incoming.signed,
            count,
            row.due,
            within.now,
            row.ended_at,
            jobs::number(incoming.body.len()),
        ])?;
    if inserted == 0 {
        return Ok(false);
    }
    let seq = within.db.last_insert_rowid();
    let mut body = within.db.prepare_cached("INSERT INTO body (seq, body) VALUES (?, ?)")?;
    body.execute(params![seq, &incoming.body[..]])?;
    end(within, incoming)?;
    Ok(true)
}

/// A body that needs no confirming ends the job that it is of.
fn end(within: Within<'_>, incoming: &Incoming) -> Ruled<()> {
    match &incoming.origin {
        Origin::Ours { rid, kind, hint } if !unsure(incoming) => {
            let end = jobs::End { state: "completed", namespace: None, by_webhook: true, id: None, created_at: None };
            jobs::end(within, *rid, *kind, &end, hint.as_deref())
        }
        _ => Ok(()),
    }
}
