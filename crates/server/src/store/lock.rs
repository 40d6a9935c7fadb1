//! One server a database: two would run each other's jobs again.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use image_intelligence_core::{Error, ErrorKind, Result};

/// A server that was just stopped may still be writing.
const PATIENCE: Duration = Duration::from_secs(5);

/// Holds a lock on `FILE-lock`, beside the database. The system lets go of it even when the process is killed.
pub(super) struct Lock(#[expect(dead_code, reason = "held, not used")] File);

impl Lock {
    /// Takes the lock, and makes both files where there are none: readable by their owner only, as pictures are in there.
    pub(super) fn take(database: &Path) -> Result<Self> {
        let refuse = |problem: String| Error::new(ErrorKind::Store, problem);
        let failed = |error: std::io::Error| refuse(error.to_string());
        private(database).map_err(failed)?;
        let mut beside = database.as_os_str().to_owned();
        beside.push("-lock");
        let file = private(&PathBuf::from(beside)).map_err(failed)?;
        let began = Instant::now();
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(Self(file)),
                Err(TryLockError::WouldBlock) if began.elapsed() < PATIENCE => {
                    std::thread::sleep(Duration::from_millis(20));
                }
                Err(TryLockError::WouldBlock) => {
                    return Err(refuse("another server has it open; stop that one, or choose another file".into()));
                }
                Err(TryLockError::Error(error)) => return Err(failed(error)),
            }
        }
    }
}

fn private(file: &Path) -> std::io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).append(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lock_goes_with_its_holder_and_the_files_are_private() {
        let folder = tempfile::tempdir().unwrap();
        let database = folder.path().join("jobs.db");
        let lock = Lock::take(&database).unwrap();
        #[cfg(unix)]
        for file in ["jobs.db", "jobs.db-lock"] {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = folder.path().join(file).metadata().unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600, "{file}");
        }
        let other = File::options().append(true).open(folder.path().join("jobs.db-lock")).unwrap();
        assert!(matches!(other.try_lock(), Err(TryLockError::WouldBlock)));
        drop(lock);
        assert!(Lock::take(&database).is_ok());
    }
}
