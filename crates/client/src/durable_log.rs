//! A file of JSON lines that is only ever added to: what was said to be in it is there after a crash.

use std::fs::{File, OpenOptions};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::marker::PhantomData;
use std::mem::take;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use image_intelligence_core::{Error, ErrorKind, Result};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use tokio::sync::watch;

/// What a file is, so that no other is taken for it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Format {
    /// What it is called in the file and in messages: `journal`.
    pub(crate) name: &'static str,
    /// The newest version of its lines that is known here.
    pub(crate) version: u32,
}

/// An append-only file of lines, held by one process at a time.
///
/// Appends that come at one time are written and synced together.
pub(crate) struct DurableLog<L>(Arc<Shared>, PhantomData<fn(L)>);

struct Shared {
    path: PathBuf,
    format: Format,
    /// A forked process has our lines, too, and must not write them.
    process: u32,
    file: Mutex<File>,
    now: Mutex<Now>,
    /// Changes whenever lines were written.
    wrote: watch::Sender<()>,
}

#[derive(Default)]
struct Now {
    /// What is to be written.
    bytes: Vec<u8>,
    /// Whether that is to be the whole file.
    anew: bool,
    /// Whether somebody waits until it is on the disk.
    sync: bool,
    /// How many lines were ever put in, how many are written, and how many of them are on the disk.
    lines: u64,
    written: u64,
    synced: u64,
    /// Whether somebody writes: he goes on until nothing is left.
    writing: bool,
    /// Why there can be no more lines. After a failed write nobody knows what is on the disk, so nothing more is said to be.
    over: Option<Error>,
    /// The system lets go of it with the file that holds it.
    lock: Option<File>,
}

/// The turn to write. Given up even where the runtime ends before it came.
struct Turn(Option<Arc<Shared>>);

/// The first line of a file.
#[derive(Serialize, Deserialize)]
struct Header {
    #[serde(rename = "imageIntelligence")]
    name: String,
    version: u32,
}

/// A process that was just stopped may still be writing.
const PATIENCE: Duration = Duration::from_secs(1);

/// No first line of ours is longer, in bytes.
const LONGEST_HEADER: u64 = 128;

impl<L: Serialize + DeserializeOwned> DurableLog<L> {
    /// Opens a file and passes each of its lines on, the oldest first, or makes it where there is none: readable by its owner
    /// only. A last line that a crash cut short is dropped. Blocks: it reads the whole file.
    ///
    /// Fails with `store` where the file cannot be opened, is in use, is of a newer version, is damaged, or is none of ours,
    /// which is then left as it is.
    pub(crate) fn open(path: impl Into<PathBuf>, format: Format, mut each: impl FnMut(L)) -> Result<Self> {
        let path = path.into();
        let said = |problem: &str| refuse(format, &path, problem);
        let failed = |error: std::io::Error| said(&error.to_string()).with_source(error);
        // Before anything is made beside it.
        if path.as_os_str().is_empty() {
            return Err(said("no name given; name a file"));
        }
        if std::fs::metadata(&path).is_ok_and(|about| !about.is_file()) {
            return Err(said("it is no file but a folder, a device or a pipe; name a file"));
        }
        let lock = lock(&beside(&path, "lock"), &said, &failed)?;
        let mut file = private(&path).map_err(failed)?;
        let whole = read(&file, format, &said, &failed, &mut each)?;
        if file.metadata().map_err(failed)?.len() > whole {
            file.set_len(whole).and_then(|()| file.sync_all()).map_err(failed)?;
        }
        if whole == 0 {
            file.write_all(&header(format)).and_then(|()| file.sync_all()).map_err(failed)?;
            sync_folder(&path);
        }
        let now = Mutex::new(Now { lock: Some(lock), ..Now::default() });
        let (process, file) = (std::process::id(), Mutex::new(file));
        let shared = Shared { path, format, process, file, now, wrote: watch::Sender::new(()) };
        Ok(Self(Arc::new(shared), PhantomData))
    }

    /// Puts these lines in the place of all that are in the file, which is never half written. Blocks.
    pub(crate) fn rewrite<'a>(self, lines: impl IntoIterator<Item = &'a L>) -> Result<Self>
    where
        L: 'a,
    {
        self.put_anew(lines)?;
        self.0.write_all();
        let over = self.0.now().over.clone();
        over.map_or(Ok(self), Err)
    }

    /// Adds a line; it is on the disk when this returns. Where it fails the file takes no more lines, as it is not known what
    /// is in it. Dropping this leaves the line to the next append.
    #[cfg(test)]
    pub(crate) async fn append(&self, line: &L) -> Result<()> {
        let number = self.put(line)?;
        self.reach(number, true).await
    }

    /// Adds a line that is written with the next one, or when the file is closed, and gives its number.
    pub(crate) fn put(&self, line: &L) -> Result<u64> {
        let bytes = self.line(line)?;
        let mut now = self.0.open()?;
        now.bytes.extend(bytes);
        now.lines += 1;
        Ok(now.lines)
    }

    /// As [`put`](Self::put), with lines that take the place of all before them.
    pub(crate) fn put_anew<'a>(&self, lines: impl IntoIterator<Item = &'a L>) -> Result<u64>
    where
        L: 'a,
    {
        let mut bytes = header(self.0.format);
        for line in lines {
            bytes.extend(self.line(line)?);
        }
        let mut now = self.0.open()?;
        (now.bytes, now.anew) = (bytes, true);
        now.lines += 1;
        Ok(now.lines)
    }

    /// Has the lines up to this one written, and on the disk if wanted: until then, a loss of power may lose them.
    pub(crate) async fn reach(&self, number: u64, synced: bool) -> Result<()> {
        let mut wrote = self.0.wrote.subscribe();
        loop {
            let ours = {
                let mut now = self.0.now();
                if number <= if synced { now.synced } else { now.written } {
                    return Ok(());
                }
                if !now.writing
                    && let Some(over) = &now.over
                {
                    return Err(over.clone());
                }
                now.sync |= synced;
                !std::mem::replace(&mut now.writing, true)
            };
            if !ours {
                let _ = wrote.changed().await;
                continue;
            }
            // Not while the state is locked: a runtime that is ending gives the turn up at once, and that locks it.
            let mut turn = Turn(Some(Arc::clone(&self.0)));
            let writer = tokio::task::spawn_blocking(move || turn.0.take().map(|shared| shared.write_all()));
            tokio::select! {
                biased;
                written = writer => {
                    written.map_err(|error| self.refuse("the runtime ended before it was written").with_source(error))?;
                }
                _ = wrote.changed() => {}
            }
        }
    }

    /// Takes no more lines, writes those that it has, and lets others open the file.
    pub(crate) fn close(&self) {
        let mut now = self.0.now();
        now.over.get_or_insert_with(crate::http::closed);
        // Whoever writes already ends it.
        if !now.writing {
            drop(now);
            self.0.write_all();
        }
    }

    /// An error that names the file.
    pub(crate) fn refuse(&self, problem: &str) -> Error {
        refuse(self.0.format, &self.0.path, problem)
    }

    fn line(&self, line: &L) -> Result<Vec<u8>> {
        let mut bytes = serde_json::to_vec(line).map_err(|error| self.refuse(&error.to_string()).with_source(error))?;
        bytes.push(b'\n');
        Ok(bytes)
    }
}

impl<L> Clone for DurableLog<L> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0), PhantomData)
    }
}

impl<L> std::fmt::Debug for DurableLog<L> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DurableLog").field("path", &self.0.path).finish_non_exhaustive()
    }
}

impl Shared {
    fn now(&self) -> MutexGuard<'_, Now> {
        self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// To put lines in.
    fn open(&self) -> Result<MutexGuard<'_, Now>> {
        if self.process != std::process::id() {
            return Err(crate::http::closed());
        }
        let now = self.now();
        match &now.over {
            Some(over) => Err(over.clone()),
            None => Ok(now),
        }
    }

    /// Writes until nothing is left.
    fn write_all(&self) {
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        let mut now = self.now();
        while !now.bytes.is_empty() || (now.sync && now.synced < now.written) {
            let (bytes, anew, sync) = (take(&mut now.bytes), take(&mut now.anew), take(&mut now.sync));
            let lines = now.lines;
            drop(now);
            let wrote = if anew { self.replace(&bytes, &mut file) } else { file.write_all(&bytes) };
            let wrote = wrote.and_then(|()| if sync { file.sync_data() } else { Ok(()) });
            now = self.now();
            match wrote {
                Ok(()) if sync || anew => (now.written, now.synced) = (lines, lines),
                Ok(()) => now.written = lines,
                Err(error) => {
                    let problem = format!("{error}; nothing more is written to it: free the disk, and start again");
                    now.over = Some(refuse(self.format, &self.path, &problem).with_source(error));
                    (now.bytes, now.sync) = (Vec::new(), false);
                }
            }
            self.wrote.send_replace(());
        }
        now.writing = false;
        if now.over.is_some() {
            now.lock = None;
        }
        drop(now);
        self.wrote.send_replace(());
    }

    /// Puts another file in the place of this one.
    fn replace(&self, bytes: &[u8], file: &mut File) -> std::io::Result<()> {
        let new = beside(&self.path, "new");
        let mut written = private(&new)?;
        written.set_len(0)?;
        written.write_all(bytes)?;
        written.sync_all()?;
        // The old file is let go first: some systems do not replace one that is open.
        *file = written;
        std::fs::rename(&new, &self.path)?;
        sync_folder(&self.path);
        Ok(())
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        if let Some(shared) = &self.0 {
            shared.now().writing = false;
            shared.wrote.send_replace(());
        }
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        if self.process == std::process::id() {
            self.write_all();
        }
    }
}

fn refuse(format: Format, path: &Path, problem: &str) -> Error {
    Error::new(ErrorKind::Store, format!("{} {}: {problem}", format.name, path.display()))
}

fn header(format: Format) -> Vec<u8> {
    let mut line = serde_json::json!({ "imageIntelligence": format.name, "version": format.version }).to_string();
    line.push('\n');
    line.into_bytes()
}

/// Passes the lines of a file on, and says how many bytes of it are whole.
fn read<L: DeserializeOwned>(
    file: &File,
    format: Format,
    said: &dyn Fn(&str) -> Error,
    failed: &dyn Fn(std::io::Error) -> Error,
    each: &mut dyn FnMut(L),
) -> Result<u64> {
    let mut reader = BufReader::new(file);
    let mut line = Vec::new();
    let mut whole = (&mut reader).take(LONGEST_HEADER).read_until(b'\n', &mut line).map_err(failed)? as u64;
    if !line.ends_with(b"\n") && header(format).starts_with(&line) {
        // New, or a crash came before its first line was there.
        return Ok(0);
    }
    let name = format.name;
    let newer = || said("it was written by a newer version of this library; update it, or name another file");
    match serde_json::from_slice::<Header>(&line) {
        Ok(header) if header.name != name => {
            return Err(said(&format!("it is a {} and no {name}; name another file", header.name)));
        }
        Ok(header) if header.version > format.version => return Err(newer()),
        Ok(_) if line.ends_with(b"\n") => {}
        _ => return Err(said(&format!("it is no {name} of ours, and was left as it is; name another file"))),
    }
    // The number of the first line that cannot be read.
    let mut torn = None;
    for number in 2_u64.. {
        line.clear();
        let length = reader.read_until(b'\n', &mut line).map_err(failed)? as u64;
        if length == 0 {
            break;
        }
        let json = if line.ends_with(b"\n") {
            serde_json::from_slice::<&serde_json::value::RawValue>(&line).ok()
        } else {
            None
        };
        match (json, torn) {
            (None, _) => torn = torn.or(Some(number)),
            // What a crash leaves unwritten is at the end.
            (Some(_), Some(torn)) => {
                let problem = format!(
                    "line {torn} is damaged; mend the line, or move the file away and look for its jobs by their customIds"
                );
                return Err(said(&problem));
            }
            (Some(json), None) => {
                each(serde_json::from_str(json.get()).map_err(|_| newer())?);
                whole += length;
            }
        }
    }
    Ok(whole)
}

fn lock(path: &Path, said: &dyn Fn(&str) -> Error, failed: &dyn Fn(std::io::Error) -> Error) -> Result<File> {
    let file = private(path).map_err(failed)?;
    let began = Instant::now();
    loop {
        match fs4::FileExt::try_lock(&file) {
            Ok(()) => return Ok(file),
            Err(fs4::TryLockError::WouldBlock) if began.elapsed() < PATIENCE => {
                std::thread::sleep(Duration::from_millis(10));
            }
            Err(fs4::TryLockError::WouldBlock) => {
                return Err(said("another client has it open; close that one, or name another file"));
            }
            Err(fs4::TryLockError::Error(error)) => return Err(failed(error)),
        }
    }
}

fn beside(path: &Path, what: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push("-");
    name.push(what);
    name.into()
}

/// Opens a file that its owner alone may read, or makes it.
fn private(path: &Path) -> std::io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).append(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// Makes a file's name durable, where the system can: the file itself is already.
fn sync_folder(path: &Path) {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    if let Ok(folder) = File::open(folder.unwrap_or(Path::new("."))) {
        let _ = folder.sync_all();
    }
}

#[cfg(test)]
mod tests;
