//! The connections to the database, and the statements that run on them.

use std::time::Duration;

use deadpool_postgres::{
    ClientWrapper, Hook, HookError, Manager, ManagerConfig, Object, Pool, RecyclingMethod, Runtime, Transaction,
};
use image_intelligence_core::Result;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;
use tokio_postgres_rustls::MakeRustlsConnect;

use super::address::Address;
use super::fault::{Fault, store};
use super::tls;
use crate::clock::Clock;

/// How many connections one store has at most, beside the one that listens.
const CONNECTIONS: usize = 8;

/// How long a call waits for a connection, and how long a connection may take to be made.
const PATIENCE: Duration = Duration::from_secs(10);

/// What each session is told. A weaker `synchronous_commit` of the server's or the user's would acknowledge what a power cut
/// takes away; a stronger one stays. A transaction of a machine that vanished must not hold its rows for long.
const SESSION: &str = "SELECT current_setting('fsync'), current_setting('full_page_writes'), \
    current_setting('server_encoding'), current_setting('server_version_num')::int, \
    set_config('synchronous_commit', CASE WHEN current_setting('synchronous_commit') = 'remote_apply' \
        THEN 'remote_apply' ELSE 'on' END, false), \
    set_config('default_transaction_isolation', 'read committed', false), \
    set_config('idle_in_transaction_session_timeout', '30s', false)";

/// One statement's parameters.
pub(super) type Values<'a> = &'a [&'a (dyn ToSql + Sync)];

/// The database of one store.
pub(super) struct Db {
    pool: Pool,
    pub(super) address: Address,
    pub(super) tls: MakeRustlsConnect,
    pub(super) clock: Clock,
}

impl Db {
    /// Connects to nothing yet.
    pub(super) fn new(address: Address, clock: Clock) -> Result<Self> {
        let tls = tls::connector(address.check, address.roots.as_deref())?;
        let how = ManagerConfig { recycling_method: RecyclingMethod::Fast };
        let manager = Manager::from_config(address.config.clone(), tls.clone(), how);
        let place = address.place.clone();
        let pool = Pool::builder(manager)
            .max_size(CONNECTIONS)
            .runtime(Runtime::Tokio1)
            .wait_timeout(Some(PATIENCE))
            .create_timeout(Some(PATIENCE))
            .post_create(Hook::async_fn(move |client: &mut ClientWrapper, _| {
                let place = place.clone();
                Box::pin(async move {
                    let row = client.query_one(SESSION, &[]).await.map_err(HookError::Backend)?;
                    fit(&row, &place).map_err(HookError::message)
                })
            }))
            .build()
            .map_err(|error| store(format!("the pool of connections: {error}"), false))?;
        Ok(Self { pool, address, tls, clock })
    }

    /// A connection of the pool's.
    pub(super) async fn client(&self) -> Result<Object, Fault> {
        Ok(self.pool.get().await?)
    }

    /// A statement with our schema and the store's clock in it: `{s}` is the schema, `{now}` the time in milliseconds, for
    /// which [`ahead`](Self::ahead) is `$1`.
    pub(super) fn sql(&self, text: &str) -> String {
        // As a query of its own it is asked for once, and an index may be used.
        let now = "(SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint + $1::bigint)";
        text.replace("{now}", now).replace("{s}", &self.address.schema)
    }

    /// By how many milliseconds a test has put the clock forward.
    pub(super) fn ahead(&self) -> i64 {
        self.clock.ahead()
    }

    /// Runs one statement, which is its own transaction.
    pub(super) async fn rows(&self, text: &str, values: Values<'_>) -> Result<Vec<Row>, Fault> {
        let client = self.client().await?;
        let statement = client.prepare_cached(&self.sql(text)).await?;
        Ok(client.query(&statement, values).await?)
    }

    /// Runs one statement, which is its own transaction, and says whether it changed anything.
    pub(super) async fn changes(&self, text: &str, values: Values<'_>) -> Result<bool, Fault> {
        let client = self.client().await?;
        let statement = client.prepare_cached(&self.sql(text)).await?;
        Ok(client.execute(&statement, values).await? > 0)
    }

    /// Runs one statement of a transaction.
    pub(super) async fn within(&self, tx: &Transaction<'_>, text: &str, values: Values<'_>) -> Result<Vec<Row>, Fault> {
        let statement = tx.prepare_cached(&self.sql(text)).await?;
        Ok(tx.query(&statement, values).await?)
    }

    /// Lets every connection go.
    pub(super) fn close(&self) {
        self.pool.close();
    }
}

/// Whether the server is one that keeps what it acknowledges.
fn fit(row: &Row, place: &str) -> Result<(), String> {
    let (fsync, pages, encoding, version): (&str, &str, &str, i32) = (row.get(0), row.get(1), row.get(2), row.get(3));
    if fsync != "on" {
        let why = "it would acknowledge webhooks that a power cut takes away";
        return Err(format!("Postgres at {place} runs with fsync={fsync}: {why}; set fsync=on and restart it"));
    }
    if version < 120_000 {
        return Err(format!("Postgres at {place} is version {}; 12 or newer is wanted", version / 10_000));
    }
    // What is not UTF-8 could not hold every name; SQL_ASCII holds any bytes.
    if !["UTF8", "SQL_ASCII"].contains(&encoding) {
        return Err(format!(
            "the database at {place} is in {encoding}; make one WITH ENCODING 'UTF8' TEMPLATE template0"
        ));
    }
    if pages != "on" {
        // ZFS never tears a page, and its users rightly turn this off.
        tracing::warn!(
            "Postgres runs with full_page_writes={pages}: safe only on a file system that never tears a page"
        );
    }
    Ok(())
}
