//! The URL of the database: what the driver reads of it, and what we read ourselves.

use std::fmt;
use std::time::Duration;

use image_intelligence_core::{Error, ErrorKind, Result};
use percent_encoding::percent_decode_str;
use tokio_postgres::Config;
use tokio_postgres::config::{Host, SslMode, TargetSessionAttrs};

use super::tls::Check;

/// The schema where our tables are unless the URL names another.
const SCHEMA: &str = "image_intelligence";

/// Where the database is and how it is spoken to.
#[derive(Clone)]
pub(super) struct Address {
    pub(super) config: Config,
    pub(super) schema: String,
    pub(super) check: Check,
    pub(super) roots: Option<String>,
    /// `user@host:port/database`, for people.
    pub(super) place: String,
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, schema {}", self.place, self.schema)
    }
}

impl Address {
    /// Reads `postgres://user:password@host:port/database?..`, with the parameters of Postgres's own programs and `schema`.
    pub(super) fn read(url: &str) -> Result<Self> {
        let rest = url.strip_prefix("postgres://").or_else(|| url.strip_prefix("postgresql://"));
        let rest = rest.ok_or_else(|| refuse("it begins with postgres://"))?;
        // A password with a bare @, / or ? in it would be taken apart wrongly, and pieces of it shown as a host's name.
        let authority = rest.find(['/', '?']).unwrap_or(rest.len());
        if rest[authority..].contains('@') || rest[..authority].matches('@').count() > 1 {
            return Err(refuse("a @, / or ? in user or password is written %40, %2F or %3F"));
        }
        let (base, query) = url.split_once('?').unwrap_or((url, ""));
        let (mut schema, mut roots, mut mode) = (SCHEMA.to_owned(), None, "prefer".to_owned());
        let mut theirs = Vec::new();
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let value = percent_decode_str(value).decode_utf8();
            let value = value.map_err(|_| refuse("a parameter is not UTF-8"))?.into_owned();
            match name {
                "schema" => schema = value,
                "sslrootcert" => roots = Some(value),
                "sslmode" => mode = value,
                _ => theirs.push(pair),
            }
        }
        let is_word = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '_';
        let begins_well = schema.starts_with(|letter: char| !letter.is_ascii_digit());
        if !begins_well || schema.len() > 48 || !schema.chars().all(is_word) || schema.starts_with("pg_") {
            return Err(refuse("schema is up to 48 small letters, digits and _, and begins with no digit or pg_"));
        }
        let (ssl, check) = match mode.as_str() {
            "disable" => (SslMode::Disable, Check::Nothing),
            "allow" | "prefer" => (SslMode::Prefer, Check::Nothing),
            // With a file of authorities, so say Postgres's own programs, it is as strict as verify-ca.
            "require" if roots.is_some() => (SslMode::Require, Check::Authority),
            "require" => (SslMode::Require, Check::Nothing),
            "verify-ca" => (SslMode::Require, Check::Authority),
            "verify-full" => (SslMode::Require, Check::Name),
            _ => return Err(refuse("sslmode is disable, allow, prefer, require, verify-ca or verify-full")),
        };
        let theirs = if theirs.is_empty() { base.to_owned() } else { format!("{base}?{}", theirs.join("&")) };
        let mut config: Config = theirs.parse().map_err(|error: tokio_postgres::Error| {
            let why = std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default();
            refuse(&format!("postgres://user:password@host:port/database is wanted ({why})"))
        })?;
        if config.get_hosts().is_empty() && config.get_hostaddrs().is_empty() {
            config.host("localhost");
        }
        config.ssl_mode(ssl);
        // We always write.
        config.target_session_attrs(TargetSessionAttrs::ReadWrite);
        if config.get_application_name().is_none() {
            config.application_name("image-intelligence");
        }
        // A machine that vanished is noticed while somebody still waits for it.
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(Duration::from_secs(5));
        }
        if config.get_tcp_user_timeout().is_none() {
            config.tcp_user_timeout(Duration::from_secs(15));
        }
        if config.get_keepalives_idle() == Config::new().get_keepalives_idle() {
            config.keepalives_idle(Duration::from_secs(15));
            config.keepalives_interval(Duration::from_secs(5));
            config.keepalives_retries(3);
        }
        let place = place(&config);
        Ok(Self { config, schema, check, roots, place })
    }
}

fn refuse(problem: &str) -> Error {
    Error::new(ErrorKind::Config, format!("the URL of the inbox's database: {problem}"))
}

fn place(config: &Config) -> String {
    let ports = config.get_ports();
    let hosts = config.get_hosts().iter().enumerate().map(|(index, host)| {
        let port = ports.get(index).or(ports.first()).copied().unwrap_or(5432);
        match host {
            Host::Tcp(name) => format!("{name}:{port}"),
            #[cfg(unix)]
            Host::Unix(folder) => format!("{}:{port}", folder.display()),
        }
    });
    let hosts = hosts.collect::<Vec<_>>().join(",");
    let user = config.get_user().map(|user| format!("{user}@")).unwrap_or_default();
    format!("{user}{hosts}/{}", config.get_dbname().or(config.get_user()).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_ours_is_taken_out_and_the_rest_left_to_the_driver() {
        let url = "postgres://me:p%40ss@db.example:6000/jobs?sslmode=verify-full&schema=mine&sslrootcert=%2Fca.pem&connect_timeout=2";
        let address = Address::read(url).unwrap();
        assert_eq!(address.place, "me@db.example:6000/jobs");
        assert_eq!((address.schema.as_str(), address.check), ("mine", Check::Name));
        assert_eq!(address.roots.as_deref(), Some("/ca.pem"));
        assert_eq!(address.config.get_password(), Some(&b"p@ss"[..]));
        assert_eq!(address.config.get_connect_timeout(), Some(&Duration::from_secs(2)));
        assert_eq!(address.config.get_ssl_mode(), SslMode::Require);
    }

    #[test]
    fn each_mode_of_tls_is_as_strict_as_it_says() {
        let read =
            |query: &str| Address::read(&format!("postgres://h/d?{query}")).map(|a| (a.config.get_ssl_mode(), a.check));
        assert_eq!(read("").unwrap(), (SslMode::Prefer, Check::Nothing));
        assert_eq!(read("sslmode=disable").unwrap(), (SslMode::Disable, Check::Nothing));
        assert_eq!(read("sslmode=require").unwrap(), (SslMode::Require, Check::Nothing));
        assert_eq!(read("sslmode=require&sslrootcert=a.pem").unwrap(), (SslMode::Require, Check::Authority));
        assert_eq!(read("sslmode=verify-ca").unwrap(), (SslMode::Require, Check::Authority));
        assert!(read("sslmode=verify").is_err());
    }

    #[test]
    fn nothing_of_the_password_is_shown() {
        let urls = [
            "postgres://me:hunter2secret@h/d?schema=Bad",
            "postgres://me:hunter2secret@h:port/d",
            "postgres://me:hunter2secret@h/d?odd=1",
            "postgres://me:hunter2@secret@h/d",
            "postgres://me:hunter2/secret@h/d",
            "postgres://me:hunter2?secret@h/d",
            "mysql://me:hunter2secret@h/d",
        ];
        for url in urls {
            let error = Address::read(url).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Config);
            for piece in ["hunter2", "secret"] {
                assert!(!format!("{error} {error:?}").contains(piece), "{error:?}");
            }
        }
        let address = Address::read("postgres://me:hunter2secret@h/d").unwrap();
        assert!(!format!("{address:?}").contains("hunter2secret"));
    }
}
