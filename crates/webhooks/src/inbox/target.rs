//! Where an inbox is kept.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use image_intelligence_core::{Dialect, Error, ErrorKind, Result, Secret};

use crate::store::Store;

/// Where an inbox is kept: a file of this machine (`inbox.db`, `sqlite:inbox.db`) or, with the feature `postgres`, a
/// database that many machines share (`postgres://user@host/name`).
#[derive(Clone)]
pub struct Target(Place);

#[derive(Clone)]
enum Place {
    File(PathBuf),
    /// The URL, which may hold a password.
    Postgres(Secret),
    /// What it was taken for, and why that will not do.
    Wrong(String),
}

impl Target {
    fn read(text: &str) -> Self {
        let lower = text.to_ascii_lowercase();
        if lower.starts_with("postgres://") || lower.starts_with("postgresql://") {
            return Self(Place::Postgres(Secret::from(text)));
        }
        if lower.starts_with("sqlite:") {
            let path = &text["sqlite:".len()..];
            return Self::file(Path::new(path.strip_prefix("//").unwrap_or(path)));
        }
        match text.split_once("://") {
            // The rest of a URL may hold a password.
            Some((scheme, _)) if !scheme.is_empty() && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric()) => {
                Self(Place::Wrong(format!(
                    "\"{scheme}://..\" is no inbox; give a path, sqlite:PATH or postgres://HOST/NAME"
                )))
            }
            _ => Self::file(Path::new(text)),
        }
    }

    fn file(path: &Path) -> Self {
        let wrong = match path.to_str() {
            Some("") => "no path given; give one such as inbox.db",
            Some(":memory:") => "an inbox in memory would lose what it has said 200 to; give a path such as inbox.db",
            _ => return Self(Place::File(path.to_owned())),
        };
        Self(Place::Wrong(wrong.to_owned()))
    }

    /// Opens the store that is kept there. Here, and nowhere else, it is chosen.
    /// `existing`: only where it exists, and to look into it.
    pub(crate) async fn open(self, existing: bool, dialect: Dialect) -> Result<Arc<dyn Store>> {
        match self.0 {
            Place::File(path) => open_file(path, existing, dialect).await,
            Place::Postgres(url) => open_postgres(url, existing, dialect).await,
            Place::Wrong(why) => Err(config(&why)),
        }
    }
}

#[cfg(feature = "sqlite")]
async fn open_file(path: PathBuf, existing: bool, _dialect: Dialect) -> Result<Arc<dyn Store>> {
    use crate::store::sqlite::{SqliteOptions, SqliteStore};

    let options = SqliteOptions { tool: existing, ..SqliteOptions::default() };
    let open = move || SqliteStore::open(&path, options);
    // It reads and writes, and may wait for another process.
    match tokio::task::spawn_blocking(open).await {
        Ok(store) => Ok(store?),
        Err(_) => Err(Error::new(ErrorKind::Closed, "the runtime that opens the inbox has ended")),
    }
}

#[cfg(not(feature = "sqlite"))]
#[expect(clippy::unused_async, reason = "as with the feature")]
async fn open_file(_path: PathBuf, _existing: bool, dialect: Dialect) -> Result<Arc<dyn Store>> {
    Err(config(match dialect {
        Dialect::Rust => "an inbox in a file needs the feature `sqlite` of image-intelligence-webhooks",
        _ => "here an inbox is kept in Postgres only; give postgres://HOST/NAME",
    }))
}

#[cfg(feature = "postgres")]
async fn open_postgres(url: Secret, existing: bool, _dialect: Dialect) -> Result<Arc<dyn Store>> {
    use crate::store::postgres::{PostgresOptions, PostgresStore};

    let options = PostgresOptions { tool: existing, ..PostgresOptions::default() };
    Ok(PostgresStore::open(url.expose(), options).await?)
}

#[cfg(not(feature = "postgres"))]
#[expect(clippy::unused_async, reason = "as with the feature")]
async fn open_postgres(_url: Secret, _existing: bool, dialect: Dialect) -> Result<Arc<dyn Store>> {
    Err(config(match dialect {
        Dialect::Rust => "an inbox in Postgres needs the feature `postgres` of image-intelligence-webhooks",
        _ => "here an inbox is kept in a file only; give a path such as inbox.db",
    }))
}

fn config(why: &str) -> Error {
    Error::new(ErrorKind::Config, format!("inbox: {why}"))
}

/// Shows no URL, as that may hold a password.
impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Place::File(path) => write!(f, "Target({})", path.display()),
            Place::Postgres(_) => f.write_str("Target(postgres)"),
            Place::Wrong(why) => write!(f, "Target({why})"),
        }
    }
}

impl From<&str> for Target {
    fn from(text: &str) -> Self {
        Self::read(text)
    }
}

impl From<String> for Target {
    fn from(text: String) -> Self {
        Self::read(&text)
    }
}

impl From<&Path> for Target {
    fn from(path: &Path) -> Self {
        Self::file(path)
    }
}

impl From<PathBuf> for Target {
    fn from(path: PathBuf) -> Self {
        Self::file(&path)
    }
}
