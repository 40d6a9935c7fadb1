//! The database's tables, and whether a file is one of ours.

use image_intelligence_core::Result;
use rusqlite::{Connection, TransactionBehavior};

use super::fault::{store, told};

/// Marks a file as ours: `IIwh`.
const APPLICATION: i32 = i32::from_be_bytes(*b"IIwh");
/// Which tables the file has. A change of them counts up, with a step from each older version.
const VERSION: i32 = 2;

/// Bodies lie apart: an event changes its state three times, and its body should not be written again for that. Each index is
/// over the few rows that somebody looks for.
const TABLES: &str = "
    CREATE TABLE job (
        rid        BLOB PRIMARY KEY,
        kind       TEXT NOT NULL,
        namespace  TEXT,
        custom_id  TEXT NOT NULL,
        images     INTEGER NOT NULL,
        inputs     BLOB,
        deliver    INTEGER NOT NULL,
        state      TEXT NOT NULL,
        has_left   INTEGER NOT NULL DEFAULT 0,
        by_holder  INTEGER NOT NULL,
        id         TEXT,
        created_at INTEGER,
        at         INTEGER NOT NULL,
        look_at    INTEGER,
        tries      INTEGER NOT NULL DEFAULT 0,
        ended_at   INTEGER,
        took       INTEGER,
        why        TEXT
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX job_by_id ON job (id) WHERE id IS NOT NULL;
    CREATE INDEX job_intended ON job (at) WHERE state = 'intended';
    CREATE INDEX job_to_look ON job (look_at) WHERE state IN ('expected', 'unknown');
    CREATE INDEX job_took ON job (kind, ended_at, took) WHERE took IS NOT NULL;
    CREATE INDEX job_ended ON job (ended_at) WHERE ended_at IS NOT NULL;

    CREATE TABLE event (
        seq          INTEGER PRIMARY KEY AUTOINCREMENT,
        key          BLOB NOT NULL,
        freed        INTEGER NOT NULL DEFAULT 0,
        rid          BLOB,
        kind         TEXT,
        job_id       TEXT,
        label        TEXT NOT NULL,
        state        TEXT NOT NULL,
        signed       INTEGER NOT NULL,
        deliveries   INTEGER NOT NULL,
        version      INTEGER NOT NULL,
        tries        INTEGER NOT NULL DEFAULT 0,
        attempts     INTEGER NOT NULL DEFAULT 0,
        generation   INTEGER NOT NULL DEFAULT 0,
        by_holder    INTEGER NOT NULL DEFAULT 0,
        due          INTEGER,
        was_due      INTEGER,
        received_at  INTEGER NOT NULL,
        confirmed_at INTEGER,
        ended_at     INTEGER,
        error        TEXT,
        size         INTEGER NOT NULL,
        pruned       INTEGER NOT NULL DEFAULT 0
    ) STRICT;
    CREATE UNIQUE INDEX event_by_key ON event (key) WHERE freed = 0;
    CREATE INDEX event_to_confirm ON event (due) WHERE state = 'received';
    CREATE INDEX event_to_handle ON event (due) WHERE state IN ('ready', 'leased');
    CREATE INDEX event_dead ON event (seq) WHERE state = 'dead';
    CREATE INDEX event_ended ON event (pruned, ended_at) WHERE ended_at IS NOT NULL;
    CREATE TABLE body (
        seq  INTEGER PRIMARY KEY,
        body BLOB NOT NULL
    ) STRICT;

    CREATE TABLE key (
        place  INTEGER PRIMARY KEY AUTOINCREMENT,
        id     INTEGER NOT NULL UNIQUE,
        master BLOB NOT NULL
    ) STRICT;
";

/// Makes the tables in an empty file; refuses one that is not ours or newer than we are.
pub(super) fn prepare(connection: &mut Connection) -> Result<()> {
    // Nothing is written where all is there, as the disk may be full.
    if form(connection)? == (APPLICATION, VERSION) {
        return Ok(());
    }
    // Two processes that start on one new file take turns.
    let transaction =
        connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(|error| told(&error))?;
    let number = |sql| transaction.query_row(sql, [], |row| row.get::<_, i32>(0)).map_err(|error| told(&error));
    match form(&transaction)? {
        (APPLICATION, VERSION) => return Ok(()),
        (APPLICATION, 1) => {
            let carried = transaction.execute_batch("ALTER TABLE job ADD COLUMN inputs BLOB; PRAGMA user_version = 2");
            carried.map_err(|error| told(&error))?;
            return transaction.commit().map_err(|error| told(&error));
        }
        (APPLICATION, other) => {
            return Err(store(format!(
                "its tables have version {other}, this program knows {VERSION}; use a newer program, or name another file"
            )));
        }
        (0, 0) if number("SELECT count(*) FROM sqlite_schema")? == 0 => {}
        _ => return Err(store("it is the database of another program; name another file")),
    }
    let make = || {
        transaction.execute_batch(TABLES)?;
        transaction.pragma_update(None, "application_id", APPLICATION)?;
        transaction.pragma_update(None, "user_version", VERSION)
    };
    make().map_err(|error| told(&error))?;
    transaction.commit().map_err(|error| told(&error))
}

/// Whose tables they are, and of which form.
fn form(connection: &Connection) -> Result<(i32, i32)> {
    let number = |sql| connection.query_row(sql, [], |row| row.get(0)).map_err(|error| told(&error));
    Ok((number("PRAGMA application_id")?, number("PRAGMA user_version")?))
}
