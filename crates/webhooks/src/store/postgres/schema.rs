//! Our tables: made at the first opening, carried over to a newer form, refused where somebody newer made them.

use deadpool_postgres::Transaction;

use super::db::Db;
use super::fault::{Fault, store};

/// What leads from each version to the next; the first from nothing.
const STEPS: [&str; VERSION as usize] = [include_str!("schema.sql"), "ALTER TABLE {s}.job ADD COLUMN inputs bytea"];

/// The form that this program knows.
const VERSION: i32 = 2;

/// Makes the tables, or brings them up to date. One of many openers does it, the others wait. A tool makes nothing.
pub(super) async fn prepare(db: &Db, tool: bool) -> Result<(), Fault> {
    let mut client = db.client().await?;
    let tx = client.transaction().await?;
    // Who only looks needs no lock, and no right to make anything.
    match version(db, &tx).await? {
        VERSION => return Ok(tx.commit().await?),
        0 if tool => {
            let (schema, place) = (&db.address.schema, &db.address.place);
            let problem =
                format!("there is no inbox in schema {schema} of {place}; a receiver makes it once it opens it");
            return Err(store(problem, false).into());
        }
        _ => {}
    }
    let lock = "SELECT pg_advisory_xact_lock(hashtextextended('image-intelligence schema ' || $1, 0))";
    tx.query(lock, &[&db.address.schema]).await?;
    let found = version(db, &tx).await?;
    if found > VERSION {
        let problem = format!(
            "the tables in schema {} of {} are of form {found}, and this version knows {VERSION}: update this program",
            db.address.schema, db.address.place
        );
        return Err(store(problem, false).into());
    }
    // CREATE SCHEMA IF NOT EXISTS would ask for the right to make one even where there is one.
    if tx.query("SELECT FROM pg_namespace WHERE nspname = $1", &[&db.address.schema]).await?.is_empty() {
        tx.batch_execute(&db.sql("CREATE SCHEMA {s}")).await?;
    }
    for step in STEPS.iter().skip(found.try_into().unwrap_or(0)) {
        tx.batch_execute(&db.sql(step)).await?;
    }
    let set = db.sql("UPDATE {s}.version SET version = $1");
    tx.execute(&set, &[&VERSION]).await?;
    Ok(tx.commit().await?)
}

/// The form of the tables that are there; 0 where there are none.
async fn version(db: &Db, tx: &Transaction<'_>) -> Result<i32, Fault> {
    // Not to_regclass: what that once did not find, it goes on not finding while others make it.
    let there =
        "SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace WHERE nspname = $1 AND relname = 'version'";
    if tx.query(there, &[&db.address.schema]).await?.is_empty() {
        return Ok(0);
    }
    let row = tx.query_opt(&db.sql("SELECT version FROM {s}.version"), &[]).await?;
    Ok(row.map_or(0, |row| row.get(0)))
}
