//! The file and its lock: whose leases are whose.

use std::fs::{File, OpenOptions};
use std::path::{Path, PathBuf};
use std::time::Duration;

use image_intelligence_core::{Error, Result};
use rusqlite::{Connection, ErrorCode, OpenFlags};

use super::fault::{store, told};
use super::schema::prepare;

/// How long a writer waits for a writer of another process. The sender of a webhook waits no longer than 10 s.
const PATIENCE: Duration = Duration::from_secs(5);

/// A lock on `FILE-lock`, beside the database: who holds it knows that all who held it before are dead, and with them their
/// leases. The system lets go of it even when the process is killed.
pub(super) struct Lock(#[expect(dead_code, reason = "held, not used")] File);

impl Lock {
    /// Takes the lock if nobody has it.
    pub(super) fn take(database: &Path) -> Result<Option<Self>> {
        let mut beside = database.as_os_str().to_owned();
        beside.push("-lock");
        let failed = |error: std::io::Error| {
            let problem = format!("its lock cannot be made ({error}); give this user the right to write beside it");
            store(problem).with_source(error)
        };
        let file = private(&PathBuf::from(beside)).map_err(failed)?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Self(file))),
            Err(std::fs::TryLockError::WouldBlock) => Ok(None),
            Err(std::fs::TryLockError::Error(error)) => Err(failed(error)),
        }
    }
}

/// Makes sure that there is a file, which its owner alone may read where it is new.
pub(super) fn make(path: &Path, may: bool) -> Result<()> {
    if path.as_os_str().is_empty() {
        return Err(store("no name given; name a file"));
    }
    match std::fs::metadata(path) {
        Ok(about) if !about.is_file() => {
            return Err(store("it is no file but a folder, a device or a pipe; name a file"));
        }
        Ok(_) => return Ok(()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound && !may => {
            return Err(store("there is no such file; name the inbox of a receiver"));
        }
        Err(_) => {}
    }
    private(path).map(drop).map_err(|error| {
        let problem = format!("it cannot be made ({error}); name a file in a folder that this user may write to");
        store(problem).with_source(error)
    })
}

/// The connection that writes. What it has committed is on the disk. A tool may look around on a disk that is full.
pub(super) fn writer(path: &Path, tool: bool) -> Result<Connection> {
    let connection = writer_again(path)?;
    // What a crash or a failed sync has left in the log goes into the database, and is synced there, before anything is
    // built upon it.
    match connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())) {
        Err(error) if tool && error.sqlite_error_code() == Some(ErrorCode::DiskFull) => {}
        copied => copied.map_err(|error| told(&error))?,
    }
    Ok(connection)
}

/// The same, where it was in order a moment ago.
pub(super) fn writer_again(path: &Path) -> Result<Connection> {
    let mut connection = open(path)?;
    let told = |error: rusqlite::Error| told(&error);
    if connection.is_readonly(rusqlite::MAIN_DB).map_err(told)? {
        return Err(store("the file cannot be written; give this user the right to, or name another file"));
    }
    // First of all whether it is ours: nothing is changed in a file that is not.
    prepare(&mut connection)?;
    let set = || {
        connection.query_row("PRAGMA journal_mode = WAL", [], |_| Ok(()))?;
        synced(&connection)?;
        connection.pragma_update(None, "wal_autocheckpoint", 0)?;
        // Each commit that splits a page of an index goes through the whole cache, so that a large one costs more than it saves.
        connection.pragma_update(None, "cache_size", -16 * 1024)?;
        connection.pragma_update(None, "temp_store", "MEMORY")
    };
    set().map_err(told)?;
    connection.set_prepared_statement_cache_capacity(128);
    Ok(connection)
}

/// The connection that copies the log into the database.
pub(super) fn copier(path: &Path) -> Result<Connection> {
    let connection = open(path)?;
    synced(&connection).map_err(|error| told(&error))?;
    Ok(connection)
}

/// On a mac only this reaches the disk itself.
fn synced(connection: &Connection) -> rusqlite::Result<()> {
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "fullfsync", true)?;
    connection.pragma_update(None, "checkpoint_fullfsync", true)
}

/// A connection that only reads.
pub(super) fn reader(path: &Path) -> Result<Connection> {
    let connection = open(path)?;
    connection.pragma_update(None, "query_only", true).map_err(|error| told(&error))?;
    connection.set_prepared_statement_cache_capacity(32);
    Ok(connection)
}

/// Says which file an error is about.
pub(super) fn named(path: &Path, error: Error) -> Error {
    error.with_context(format_args!("inbox {}", path.display()))
}

fn open(path: &Path) -> Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).map_err(|error| told(&error))?;
    connection.busy_timeout(PATIENCE).map_err(|error| told(&error))?;
    Ok(connection)
}

fn private(path: &Path) -> std::io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).append(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}
