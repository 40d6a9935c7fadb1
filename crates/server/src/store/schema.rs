//! The database's tables, and whether a file is one of ours.

use image_intelligence_core::{Error, ErrorKind, Result};
use rusqlite::{Connection, TransactionBehavior};

/// Marks a file as ours: `IIsv`.
const APPLICATION: i32 = i32::from_be_bytes(*b"IIsv");
/// Which tables the file has. A change of them counts up, with a step from each older version.
const VERSION: i32 = 3;

/// What version 1 had: jobs, all of them detect jobs, and their pictures.
const JOBS: &str = "
    CREATE TABLE job (
        place      INTEGER PRIMARY KEY,
        id         TEXT NOT NULL UNIQUE,
        owner      TEXT NOT NULL,
        kind       TEXT NOT NULL,
        created_at INTEGER NOT NULL,
        custom_id  TEXT,
        feed_id    TEXT,
        request    TEXT NOT NULL,
        pictures   TEXT NOT NULL,
        outcomes   TEXT,
        shown      INTEGER NOT NULL DEFAULT 0
    ) STRICT;
    CREATE INDEX job_by_time ON job (owner, kind, created_at);
    CREATE INDEX job_by_custom_id ON job (owner, kind, custom_id) WHERE custom_id IS NOT NULL;
    CREATE INDEX job_by_feed_id ON job (owner, kind, feed_id, created_at) WHERE feed_id IS NOT NULL;
    CREATE INDEX job_unfinished ON job (place) WHERE outcomes IS NULL;
    CREATE TABLE picture (
        id    TEXT PRIMARY KEY,
        job   TEXT NOT NULL REFERENCES job (id),
        bytes BLOB NOT NULL
    ) STRICT;
";

/// What version 2 adds to jobs: the namespace of recognize jobs.
const NAMESPACES: &str = "ALTER TABLE job ADD COLUMN namespace TEXT;";

/// What version 2 adds besides, and what the store in memory keeps in the same way: all that is no job.
pub(super) const RECORDS: &str = "
    CREATE TABLE identity (
        place      INTEGER PRIMARY KEY,
        id         TEXT NOT NULL UNIQUE,
        owner      TEXT NOT NULL,
        namespace  TEXT NOT NULL,
        custom_id  TEXT,
        created_at INTEGER NOT NULL
    ) STRICT;
    CREATE INDEX identity_by_time ON identity (owner, namespace, created_at);
    CREATE INDEX identity_by_custom_id ON identity (owner, namespace, custom_id) WHERE custom_id IS NOT NULL;
    CREATE TABLE face_group (
        place      INTEGER PRIMARY KEY,
        id         TEXT NOT NULL UNIQUE,
        owner      TEXT NOT NULL,
        namespace  TEXT NOT NULL,
        job        TEXT NOT NULL,
        identity   TEXT,
        linked_by  TEXT,
        linked_at  INTEGER,
        created_at INTEGER NOT NULL
    ) STRICT;
    CREATE INDEX face_group_by_time ON face_group (owner, namespace, created_at);
    CREATE TABLE face (
        place      INTEGER PRIMARY KEY,
        id         TEXT NOT NULL UNIQUE,
        owner      TEXT NOT NULL,
        namespace  TEXT NOT NULL,
        picture    TEXT NOT NULL,
        source     TEXT,
        custom_id  TEXT,
        feed_id    TEXT,
        identity   TEXT,
        face_group TEXT,
        facts      TEXT NOT NULL,
        created_at INTEGER NOT NULL
    ) STRICT;
    CREATE INDEX face_by_time ON face (owner, namespace, created_at);
    CREATE INDEX face_by_identity ON face (identity) WHERE identity IS NOT NULL;
    CREATE INDEX face_by_group ON face (face_group) WHERE face_group IS NOT NULL;
    CREATE TABLE feedback (
        place   INTEGER PRIMARY KEY,
        id      TEXT NOT NULL UNIQUE,
        owner   TEXT NOT NULL,
        job     TEXT NOT NULL,
        body    TEXT NOT NULL
    ) STRICT;
    CREATE INDEX feedback_by_job ON feedback (owner, job);
    CREATE TABLE webhook (
        id           TEXT PRIMARY KEY,
        organisation TEXT NOT NULL,
        application  TEXT NOT NULL,
        url          TEXT NOT NULL,
        secret_key   TEXT,
        created_at   INTEGER NOT NULL,
        UNIQUE (organisation, application)
    ) STRICT;
";

/// What version 3 adds, and what the store in memory keeps too: what is delivered to webhooks.
pub(super) const OUTBOX: &str = "
    CREATE TABLE delivery (
        place      INTEGER PRIMARY KEY,
        id         TEXT NOT NULL UNIQUE,
        owner      TEXT NOT NULL,
        job        TEXT,
        kind       TEXT,
        webhook    TEXT,
        event      TEXT,
        url        TEXT NOT NULL,
        origin     TEXT,
        body       BLOB,
        faults     TEXT NOT NULL DEFAULT '[]',
        state      TEXT NOT NULL,
        round      INTEGER NOT NULL DEFAULT 0,
        tries      INTEGER NOT NULL DEFAULT 0,
        due        INTEGER,
        created_at INTEGER NOT NULL,
        attempts   TEXT NOT NULL DEFAULT '[]'
    ) STRICT;
    CREATE INDEX delivery_by_job ON delivery (job) WHERE job IS NOT NULL;
    CREATE INDEX delivery_by_webhook ON delivery (webhook, created_at) WHERE webhook IS NOT NULL;
    CREATE INDEX delivery_by_state ON delivery (state, place);
";

/// The jobs in progress of an older file: their webhooks are called as those of new ones.
const AWAITED: &str = "
    INSERT INTO delivery (id, owner, job, kind, url, state, created_at)
    SELECT lower(hex(randomblob(16))), owner, id, kind, json_extract(request, '$.webhookUrl'), 'waiting', created_at
    FROM job WHERE outcomes IS NULL AND json_extract(request, '$.webhookUrl') IS NOT NULL ORDER BY place;
";

/// Makes the tables in an empty file, and adds those that an older one has not; refuses one that is not ours or newer than
/// we are.
pub(super) fn prepare(connection: &mut Connection) -> Result<()> {
    // Two servers that start on one new file take turns.
    let transaction =
        connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(|error| unusable(&error))?;
    let number = |sql| transaction.query_row(sql, [], |row| row.get::<_, i32>(0)).map_err(|error| unusable(&error));
    let (application, version) = (number("PRAGMA application_id")?, number("PRAGMA user_version")?);
    let refuse = |problem: String| Err(Error::new(ErrorKind::Store, problem));
    let steps: &[&str] = match (application, version) {
        (APPLICATION, VERSION) => return Ok(()),
        (APPLICATION, 1) => &[NAMESPACES, RECORDS, OUTBOX, AWAITED],
        (APPLICATION, 2) => &[OUTBOX, AWAITED],
        (APPLICATION, other) => {
            return refuse(format!(
                "its tables have version {other}, this program knows {VERSION}; use a newer program, or another file"
            ));
        }
        (0, 0) if number("SELECT count(*) FROM sqlite_schema")? == 0 => &[JOBS, NAMESPACES, RECORDS, OUTBOX],
        _ => return refuse("it is the database of another program; choose another file".into()),
    };
    for step in steps {
        transaction.execute_batch(step).map_err(|error| unusable(&error))?;
    }
    transaction.pragma_update(None, "application_id", APPLICATION).map_err(|error| unusable(&error))?;
    transaction.pragma_update(None, "user_version", VERSION).map_err(|error| unusable(&error))?;
    transaction.commit().map_err(|error| unusable(&error))?;
    if version != 0 {
        tracing::info!(
            "the database was upgraded from version {version} to {VERSION}; older programs no longer open it"
        );
    }
    Ok(())
}

pub(super) fn unusable(error: &rusqlite::Error) -> Error {
    let not_ours = error.sqlite_error_code() == Some(rusqlite::ErrorCode::NotADatabase);
    let problem = if not_ours { "it is not a database; choose another file".into() } else { error.to_string() };
    Error::new(ErrorKind::Store, problem)
}
