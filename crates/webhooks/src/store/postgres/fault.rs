//! What Postgres refuses, in words that say what to do. Never in them: a password, a row, a body.

use std::error::Error as StdError;

use deadpool_postgres::{HookError, PoolError, TimeoutType};
use image_intelligence_core::{Error, ErrorKind};
use tokio_postgres::error::SqlState;

/// Why something in the store failed.
#[derive(Debug)]
pub(super) enum Fault {
    /// The database or the way to it.
    Sql(tokio_postgres::Error),
    /// No connection could be had from the pool.
    Pool(PoolError),
    /// What we found ourselves.
    Ours(Error),
}

impl From<tokio_postgres::Error> for Fault {
    fn from(error: tokio_postgres::Error) -> Self {
        Self::Sql(error)
    }
}

impl From<PoolError> for Fault {
    fn from(error: PoolError) -> Self {
        match error {
            PoolError::Backend(error) | PoolError::PostCreateHook(HookError::Backend(error)) => Self::Sql(error),
            error => Self::Pool(error),
        }
    }
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        Self::Ours(error)
    }
}

impl Fault {
    /// Whether it lies in a row (or in the company it kept), so that the others of its batch may do well without it.
    pub(super) fn is_of_one_row(&self) -> bool {
        let Self::Sql(error) = self else { return false };
        // 22: a value that does not fit; 23: a constraint; 54: too large; P0: a trigger of the owner's.
        error.code().is_some_and(|code| {
            ["22", "23", "54", "P0"].iter().any(|class| code.code().starts_with(class)) || is_conflict(code)
        }) || (error.code().is_none() && !error.is_closed() && error.to_string().starts_with("error serializing"))
    }

    /// The error as everybody knows it; `place` is the database's address without its password.
    pub(super) fn into_error(self, place: &str) -> Error {
        match self {
            Self::Ours(error) => error,
            Self::Sql(error) => from_sql(&error, place),
            Self::Pool(PoolError::PostCreateHook(HookError::Message(message))) => store(message, false),
            Self::Pool(PoolError::Timeout(TimeoutType::Wait)) => {
                store(format!("every connection to {place} is busy; is the database slow?"), true)
            }
            Self::Pool(PoolError::Timeout(_)) => store(
                format!("{place} does not answer; is the address right, and does a firewall let it through?"),
                true,
            ),
            Self::Pool(PoolError::Closed) => crate::store::closed(),
            Self::Pool(error) => store(format!("no connection to {place}: {error}"), true),
        }
    }
}

/// The store refused or failed.
pub(super) fn store(message: impl Into<String>, retryable: bool) -> Error {
    Error::new(ErrorKind::Store, message).with_retryable(retryable)
}

/// Two transactions were in each other's way, and one had to go.
fn is_conflict(code: &SqlState) -> bool {
    [SqlState::T_R_SERIALIZATION_FAILURE, SqlState::T_R_DEADLOCK_DETECTED].contains(code)
}

fn config(message: String) -> Error {
    Error::new(ErrorKind::Config, message)
}

fn from_sql(error: &tokio_postgres::Error, place: &str) -> Error {
    let Some(refusal) = error.as_db_error() else { return from_way(error, place) };
    // Its detail may quote a row; its message is about names.
    let (code, said) = (refusal.code(), refusal.message());
    let class = code.code().get(..2).unwrap_or_default();
    if class == "28" {
        return config(format!("Postgres let nobody in at {place}: {said}; check user and password in the URL"));
    }
    if *code == SqlState::INVALID_CATALOG_NAME {
        return config(format!("{said} at {place}; make it (createdb), or check its name at the URL's end"));
    }
    if *code == SqlState::INSUFFICIENT_PRIVILEGE {
        let advice =
            "the user needs CREATE on the database, or a schema of its own there (GRANT USAGE, CREATE ON SCHEMA)";
        return store(format!("no right at {place}: {said}; {advice}"), false);
    }
    if *code == SqlState::READ_ONLY_SQL_TRANSACTION {
        return store(format!("{place} takes no writes; is it a standby? Name the primary, or every host"), true);
    }
    if *code == SqlState::DISK_FULL {
        return store(format!("the disk of {place} is full; nothing is lost that was acknowledged"), true);
    }
    if *code == SqlState::TOO_MANY_CONNECTIONS {
        return store(format!("{place} has no connection left ({said}); raise max_connections"), true);
    }
    if class == "22" {
        // Its message may quote the value.
        return store(format!("Postgres at {place}: a value does not fit its place ({})", code.code()), false);
    }
    // 08: the connection; 40: conflicts; 53: out of something; 55: locked; 57: an operator or a restart; 58: the system.
    let retryable = ["08", "40", "53", "55", "57", "58"].contains(&class);
    store(format!("Postgres at {place}: {said} ({})", code.code()), retryable)
}

fn from_way(error: &tokio_postgres::Error, place: &str) -> Error {
    let cause = error.source();
    let io = cause.and_then(|cause| cause.downcast_ref::<std::io::Error>());
    match error.to_string().as_str() {
        "error connecting to server" => match io {
            Some(io) if io.kind() == std::io::ErrorKind::PermissionDenied => {
                store(format!("{place} takes no writes ({io}); is it a standby? Name the primary, or every host"), true)
            }
            Some(io) => store(format!("nothing answers at {place} ({io}); is Postgres running there?"), true),
            None => store(format!("nothing answers at {place}; is Postgres running there?"), true),
        },
        "error performing TLS handshake" => {
            let why = cause.map(ToString::to_string).unwrap_or_default();
            config(format!("TLS with {place}: {why}; see sslmode and sslrootcert of the URL"))
        }
        "authentication error" => {
            let why = cause.map(ToString::to_string).unwrap_or_default();
            config(format!("{place} wants to know who we are: {why}; check user and password in the URL"))
        }
        "invalid configuration" => {
            config(format!("the address of the database: {}", cause.map(ToString::to_string).unwrap_or_default()))
        }
        // What a statement was given does not fit it: the statement is a caller's.
        said if said.starts_with("error serializing") || said.starts_with("expected ") => {
            store(format!("a statement's values do not fit it: {said}"), false)
        }
        said => {
            let why = io.map(|io| format!(" ({io})")).unwrap_or_default();
            let sentence = "whether the last statement was kept is not known, and doing it again is harmless";
            store(format!("the connection to {place} broke: {said}{why}; {sentence}"), true)
        }
    }
}
