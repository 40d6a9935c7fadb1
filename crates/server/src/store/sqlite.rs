//! The store in a `SQLite` file: whatever was answered 200 is on the disk before.

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use image_intelligence_core::{JobSearch, Result as CoreResult, Timestamp};
use rusqlite::{Connection, OptionalExtension as _, Row, ToSql, named_params};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::lock::Lock;
use super::schema::{prepare, unusable};
use super::{MOST_FOUND, Store, StoreError};
use crate::job::{Job, Outcome};

/// Jobs of the only kind there is so far.
const KIND: &str = "detect";

const COLUMNS: &str = "id, owner, created_at, request, pictures, outcomes, shown";

/// One connection writes and one reads, so that reads never wait for the disk.
pub(crate) struct Sqlite {
    /// Until the store goes, no other server may have the file.
    _lock: Lock,
    writer: Mutex<Connection>,
    reader: Mutex<Connection>,
}

type Stored<T> = Result<T, StoreError>;

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Failed(error.to_string())
    }
}

impl From<serde_json::Error> for StoreError {
    fn from(error: serde_json::Error) -> Self {
        Self::Failed(format!("a row cannot be read or written: {error}"))
    }
}

impl Sqlite {
    /// Opens the file, or makes it.
    pub(crate) fn open(file: &Path) -> CoreResult<Self> {
        let named =
            |error: image_intelligence_core::Error| error.with_context(format_args!("database {}", file.display()));
        let open = || {
            let connection = Connection::open(file)?;
            connection.busy_timeout(Duration::from_secs(10))?;
            Ok(connection)
        };
        let lock = Lock::take(file).map_err(named)?;
        let mut writer = open().map_err(|error| named(unusable(&error)))?;
        // First of all whether it is ours: nothing is changed in a file that is not.
        prepare(&mut writer).map_err(named)?;
        let durable = |connection: &Connection| {
            connection.query_row("PRAGMA journal_mode = WAL", [], |_| Ok(()))?;
            connection.pragma_update(None, "synchronous", "FULL")?;
            connection.pragma_update(None, "fullfsync", true)
        };
        durable(&writer).map_err(|error| named(unusable(&error)))?;
        let reader = open().map_err(|error| named(unusable(&error)))?;
        reader.pragma_update(None, "query_only", true).map_err(|error| named(unusable(&error)))?;
        Ok(Self { _lock: lock, writer: Mutex::new(writer), reader: Mutex::new(reader) })
    }

    fn writer(&self) -> MutexGuard<'_, Connection> {
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn reader(&self) -> MutexGuard<'_, Connection> {
        self.reader.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn select(&self, condition: &str, parameters: &[(&str, &dyn ToSql)]) -> Stored<Vec<Job>> {
        let reader = self.reader();
        let mut statement = reader.prepare_cached(&format!("SELECT {COLUMNS} FROM job WHERE {condition}"))?;
        let mut rows = statement.query(parameters)?;
        let mut jobs = Vec::new();
        while let Some(row) = rows.next()? {
            jobs.push(job(row)?);
        }
        Ok(jobs)
    }

    fn show(&self, mut jobs: Vec<Job>, count: bool) -> Stored<Vec<Arc<Job>>> {
        if count {
            let mut writer = self.writer();
            let transaction = writer.transaction()?;
            {
                let mut statement =
                    transaction.prepare_cached("UPDATE job SET shown = shown + 1 WHERE id = ? RETURNING shown")?;
                for job in &mut jobs {
                    job.shown = statement.query_row([&job.id], |row| row.get(0))?;
                }
            }
            transaction.commit()?;
        }
        Ok(jobs.into_iter().map(Arc::new).collect())
    }
}

impl Store for Sqlite {
    fn blocks(&self) -> bool {
        true
    }

    fn insert(&self, job: Job, pictures: Vec<(String, Bytes)>) -> Stored<()> {
        let (request, ids) = (json(&*job.request)?, json(&*job.pictures)?);
        let mut writer = self.writer();
        let transaction = writer.transaction()?;
        transaction
            .prepare_cached(
                "INSERT INTO job (id, owner, kind, created_at, custom_id, feed_id, request, pictures)
                 VALUES (:id, :owner, :kind, :created_at, :custom_id, :feed_id, :request, :pictures)",
            )?
            .execute(named_params! {
                ":id": job.id, ":owner": job.owner, ":kind": KIND, ":created_at": job.created_at.as_millis(),
                ":custom_id": job.custom_id(), ":feed_id": job.feed_id(), ":request": request, ":pictures": ids,
            })?;
        for (id, bytes) in pictures {
            put_picture(&transaction, &job.id, &id, &bytes)?;
        }
        Ok(transaction.commit()?)
    }

    fn job(&self, owner: &str, id: &str, count: bool) -> Stored<Option<Arc<Job>>> {
        let found = self.select(
            "id = :id AND owner = :owner AND kind = :kind",
            named_params! {":id": id, ":owner": owner, ":kind": KIND},
        )?;
        Ok(self.show(found, count)?.pop())
    }

    fn search(&self, owner: &str, search: &JobSearch, count: bool) -> Stored<Vec<Arc<Job>>> {
        let (before, after) = (search.before.map(Timestamp::as_millis), search.after.map(Timestamp::as_millis));
        let most = i64::try_from(MOST_FOUND).unwrap_or(i64::MAX);
        // Each condition is there only where it is asked for: the planner then sees which index serves.
        let mut condition = "owner = :owner AND kind = :kind".to_owned();
        let mut parameters: Vec<(&str, &dyn ToSql)> = vec![(":owner", &owner), (":kind", &KIND), (":most", &most)];
        if let Some(custom_id) = &search.custom_id {
            condition += " AND custom_id = :custom_id";
            parameters.push((":custom_id", custom_id));
        }
        if let Some(feed_id) = &search.feed_id {
            condition += " AND feed_id = :feed_id";
            parameters.push((":feed_id", feed_id));
        }
        if let Some(before) = &before {
            condition += " AND created_at <= :before";
            parameters.push((":before", before));
        }
        if let Some(after) = &after {
            condition += " AND created_at >= :after";
            parameters.push((":after", after));
        }
        condition += " ORDER BY created_at DESC, place DESC LIMIT :most";
        let mut found = self.select(&condition, &parameters)?;
        found.reverse();
        self.show(found, count)
    }

    fn finish(&self, id: &str, outcomes: Vec<Outcome>) -> Stored<()> {
        let outcomes = json(&outcomes)?;
        self.writer().prepare_cached("UPDATE job SET outcomes = ? WHERE id = ?")?.execute([&outcomes, id])?;
        Ok(())
    }

    fn keep_picture(&self, job: &str, id: &str, bytes: Bytes) -> Stored<()> {
        put_picture(&self.writer(), job, id, &bytes)
    }

    fn picture(&self, id: &str) -> Stored<Option<Bytes>> {
        let reader = self.reader();
        let mut statement = reader.prepare_cached("SELECT bytes FROM picture WHERE id = ?")?;
        let bytes: Option<Vec<u8>> = statement.query_row([id], |row| row.get(0)).optional()?;
        Ok(bytes.map(Bytes::from))
    }

    fn unfinished(&self) -> Stored<Vec<Arc<Job>>> {
        self.show(self.select("outcomes IS NULL ORDER BY place", &[])?, false)
    }

    fn newest(&self) -> Stored<Option<Timestamp>> {
        let newest: Option<i64> = self.reader().query_row("SELECT max(created_at) FROM job", [], |row| row.get(0))?;
        Ok(newest.map(Timestamp::from_millis))
    }
}

fn put_picture(connection: &Connection, job: &str, id: &str, bytes: &[u8]) -> Stored<()> {
    connection
        .prepare_cached("INSERT OR REPLACE INTO picture (id, job, bytes) VALUES (?, ?, ?)")?
        .execute(rusqlite::params![id, job, bytes])?;
    Ok(())
}

fn job(row: &Row<'_>) -> Stored<Job> {
    Ok(Job {
        id: row.get("id")?,
        owner: row.get("owner")?,
        created_at: Timestamp::from_millis(row.get("created_at")?),
        request: Arc::new(read(row.get_ref("request")?.as_str().map_err(rusqlite::Error::from)?)?),
        pictures: read::<Vec<String>>(row.get_ref("pictures")?.as_str().map_err(rusqlite::Error::from)?)?.into(),
        outcomes: match row.get::<_, Option<String>>("outcomes")? {
            Some(text) => Some(read::<Vec<Outcome>>(&text)?.into()),
            None => None,
        },
        shown: row.get("shown")?,
        weight: 0,
    })
}

fn json<T: Serialize + ?Sized>(value: &T) -> Stored<String> {
    Ok(serde_json::to_string(value)?)
}

fn read<T: DeserializeOwned>(text: &str) -> Stored<T> {
    Ok(serde_json::from_str(text)?)
}
