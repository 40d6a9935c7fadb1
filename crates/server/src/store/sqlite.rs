//! The store in a `SQLite` file: whatever was answered 200 is on the disk before.

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use image_intelligence_core::{Result as CoreResult, Timestamp};
use rusqlite::{Connection, OptionalExtension as _, Row, named_params, params_from_iter};

use super::lock::Lock;
use super::query::{Conditions, NameIn};
use super::records::{Bounds, NewDelivery, RecordError, Records};
use super::schema::{prepare, unusable};
use super::{Ending, Query, Store, StoreError, json, read};
use crate::delivery::Scheduled;
use crate::job::{Among, Job, Outcome, Request};

const COLUMNS: &str = "id, owner, kind, namespace, created_at, request, pictures, outcomes, shown";

/// One connection writes and one reads, so that reads never wait for the disk.
pub(crate) struct Sqlite {
    /// Until the store goes, no other server may have the file.
    _lock: Lock,
    writer: Mutex<Connection>,
    reader: Mutex<Connection>,
}

type Stored<T> = Result<T, StoreError>;

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

    fn select(&self, condition: Conditions) -> Stored<Vec<Job>> {
        let reader = self.reader();
        let mut statement = reader.prepare_cached(&format!("SELECT {COLUMNS} FROM job WHERE {}", condition.sql))?;
        let mut rows = statement.query(params_from_iter(condition.values))?;
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

    fn insert(&self, job: Job, pictures: Vec<(String, Bytes)>, delivery: Option<NewDelivery>) -> Stored<()> {
        let (request, ids, options) = (job.request.to_json()?, json(&*job.pictures)?, job.request.options());
        let mut writer = self.writer();
        let transaction = writer.transaction()?;
        transaction
            .prepare_cached(
                "INSERT INTO job (id, owner, kind, namespace, created_at, custom_id, feed_id, request, pictures)
                 VALUES (:id, :owner, :kind, :namespace, :created_at, :custom_id, :feed_id, :request, :pictures)",
            )?
            .execute(named_params! {
                ":id": job.id, ":owner": job.owner, ":kind": job.request.kind().as_str(),
                ":namespace": job.request.namespace(), ":created_at": job.created_at.as_millis(),
                ":custom_id": options.custom_id, ":feed_id": options.feed_id, ":request": request, ":pictures": ids,
            })?;
        for (id, bytes) in pictures {
            put_picture(&transaction, &job.id, &id, &bytes)?;
        }
        if let Some(delivery) = delivery {
            let records = Records { connection: &transaction, bounds: Bounds::default() };
            let awaited = records.await_job(&delivery, &job.id, job.request.kind(), job.created_at);
            awaited.map_err(RecordError::into_store)?;
        }
        Ok(transaction.commit()?)
    }

    fn job(&self, owner: &str, among: Option<&Among>, id: &str, count: bool) -> Stored<Option<Arc<Job>>> {
        let condition = among.map_or_else(|| Conditions::of(owner), |among| of_sort(owner, among));
        let found = self.select(condition.and("id = ?", id.to_owned()))?;
        Ok(self.show(found, count)?.pop())
    }

    fn search(&self, owner: &str, among: &Among, query: &Query, count: bool) -> Stored<Vec<Arc<Job>>> {
        let (custom_id, feed_id) = (NameIn::Column("custom_id"), NameIn::Column("feed_id"));
        let mut found = self.select(of_sort(owner, among).and_all(query, custom_id, feed_id))?;
        if query.reversed {
            found.reverse();
        }
        self.show(found, count)
    }

    fn finish(&self, job: &Job, mut outcomes: Vec<Outcome>, ending: &Ending) -> Stored<Vec<Scheduled>> {
        let mut writer = self.writer();
        let transaction = writer.transaction()?;
        let shown = |id: &str| {
            let mut statement = transaction.prepare_cached("SELECT 1 FROM picture WHERE id = ?")?;
            Ok(statement.exists([id])?)
        };
        let records = Records { connection: &transaction, bounds: Bounds::default() };
        let told = records.end_faces(job, &mut outcomes, ending, &shown);
        let mut scheduled = told.map_err(RecordError::into_store)?;
        let shown = transaction
            .prepare_cached("UPDATE job SET outcomes = ? WHERE id = ? RETURNING shown")?
            .query_row([&json(&outcomes)?, &job.id], |row| row.get(0))?;
        let ended = Job { outcomes: Some(outcomes.into()), shown, ..job.clone() };
        if let Some(due) = ending.gate.due(&ended) {
            let released = records.release(&job.id, due, &ending.gate.clock);
            scheduled.extend(released.map_err(RecordError::into_store)?);
        }
        transaction.commit()?;
        Ok(scheduled)
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
        self.show(
            self.select(Conditions { sql: "outcomes IS NULL ORDER BY place".to_owned(), values: Vec::new() })?,
            false,
        )
    }

    fn newest(&self) -> Stored<Option<Timestamp>> {
        let newest = "SELECT max(made) FROM (
            SELECT max(created_at) AS made FROM job UNION ALL SELECT max(created_at) FROM identity
            UNION ALL SELECT max(created_at) FROM face UNION ALL SELECT max(created_at) FROM webhook
            UNION ALL SELECT max(created_at) FROM delivery)";
        let newest: Option<i64> = self.reader().query_row(newest, [], |row| row.get(0))?;
        Ok(newest.map(Timestamp::from_millis))
    }

    fn records(&self, write: bool, work: &mut dyn FnMut(&Records<'_>) -> bool) -> Stored<()> {
        // What is read in several steps is read as it was at the first.
        let mut connection = if write { self.writer() } else { self.reader() };
        let transaction = connection.transaction()?;
        let done = work(&Records { connection: &transaction, bounds: Bounds::default() });
        if write && done { Ok(transaction.commit()?) } else { Ok(transaction.rollback()?) }
    }
}

fn of_sort(owner: &str, among: &Among) -> Conditions {
    let condition = Conditions::of(owner).and("kind = ?", among.kind.as_str().to_owned());
    match &among.namespace {
        Some(namespace) => condition.and("namespace = ?", namespace.clone()),
        None => condition,
    }
}

fn put_picture(connection: &Connection, job: &str, id: &str, bytes: &[u8]) -> Stored<()> {
    connection
        .prepare_cached("INSERT OR REPLACE INTO picture (id, job, bytes) VALUES (?, ?, ?)")?
        .execute(rusqlite::params![id, job, bytes])?;
    Ok(())
}

fn job(row: &Row<'_>) -> Stored<Job> {
    let text = |column| Ok::<_, StoreError>(row.get_ref(column)?.as_str().map_err(rusqlite::Error::from)?);
    let request = Request::kept(text("kind")?, row.get("namespace")?, text("request")?)
        .map_err(|error| StoreError::Failed(format!("a job cannot be read: {error}")))?;
    Ok(Job {
        id: row.get("id")?,
        owner: row.get("owner")?,
        created_at: Timestamp::from_millis(row.get("created_at")?),
        request: Arc::new(request),
        pictures: read::<Vec<String>>(text("pictures")?)?.into(),
        outcomes: match row.get::<_, Option<String>>("outcomes")? {
            Some(text) => Some(read::<Vec<Outcome>>(&text)?.into()),
            None => None,
        },
        shown: row.get("shown")?,
        weight: 0,
    })
}
