//! The database's tables, and whether a file is one of ours.

use image_intelligence_core::{Error, ErrorKind, Result};
use rusqlite::{Connection, TransactionBehavior};

/// Marks a file as ours: `IIsv`.
const APPLICATION: i32 = i32::from_be_bytes(*b"IIsv");
/// Which tables the file has. A change of them counts up, with a step from each older version.
const VERSION: i32 = 1;

const TABLES: &str = "
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

/// Makes the tables in an empty file; refuses one that is not ours or newer than we are.
pub(super) fn prepare(connection: &mut Connection) -> Result<()> {
    // Two servers that start on one new file take turns.
    let transaction =
        connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(|error| unusable(&error))?;
    let number = |sql| transaction.query_row(sql, [], |row| row.get::<_, i32>(0)).map_err(|error| unusable(&error));
    let (application, version) = (number("PRAGMA application_id")?, number("PRAGMA user_version")?);
    let refuse = |problem: String| Err(Error::new(ErrorKind::Store, problem));
    match (application, version) {
        (APPLICATION, VERSION) => return Ok(()),
        (APPLICATION, newer) => {
            return refuse(format!(
                "its tables have version {newer}, this program knows {VERSION}; use a newer program, or another file"
            ));
        }
        (0, 0) if number("SELECT count(*) FROM sqlite_schema")? == 0 => {}
        _ => return refuse("it is the database of another program; choose another file".into()),
    }
    transaction.execute_batch(TABLES).map_err(|error| unusable(&error))?;
    transaction.pragma_update(None, "application_id", APPLICATION).map_err(|error| unusable(&error))?;
    transaction.pragma_update(None, "user_version", VERSION).map_err(|error| unusable(&error))?;
    transaction.commit().map_err(|error| unusable(&error))
}

pub(super) fn unusable(error: &rusqlite::Error) -> Error {
    let not_ours = error.sqlite_error_code() == Some(rusqlite::ErrorCode::NotADatabase);
    let problem = if not_ours { "it is not a database; choose another file".into() } else { error.to_string() };
    Error::new(ErrorKind::Store, problem)
}
