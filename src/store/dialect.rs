//! The things that differ between SQLite and PostgreSQL. Everything else is one SQL text.

use std::str::FromStr as _;

use sqlx::any::AnyConnectOptions;
use sqlx::{AnyConnection, Executor as _};

use crate::store::error::Error;

/// Which database answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dialect {
    Sqlite,
    Postgres,
}

impl Dialect {
    pub(super) fn of(url: &str) -> Result<(Self, AnyConnectOptions), Error> {
        let dialect = if url.starts_with("sqlite:") {
            Self::Sqlite
        } else if url.starts_with("postgres:") || url.starts_with("postgresql:") {
            Self::Postgres
        } else {
            let what = "database url must begin with `sqlite:` or `postgres:`";
            return Err(Error::Other(what.to_owned()));
        };
        if dialect == Self::Sqlite && url.contains(":memory:") {
            // Two pools would be two databases.
            return Err(Error::Other(
                "an in-memory database would lose what it acknowledged; name a file".to_owned(),
            ));
        }
        let options = AnyConnectOptions::from_str(url)
            .map_err(|_| Error::Other("database url cannot be parsed".to_owned()))?;
        Ok((dialect, options))
    }

    /// Connections that write. SQLite has one writer at a time anyway: queueing for one connection is
    /// fair and never ends in SQLITE_BUSY, waiting for its lock would be neither.
    pub(super) const fn writers(self) -> u32 {
        match self {
            Self::Sqlite => 1,
            Self::Postgres => 8,
        }
    }

    /// Whether a connection can have died since it was last used; asking takes a question and an answer each time.
    pub(super) const fn may_hang_up(self) -> bool {
        matches!(self, Self::Postgres)
    }

    /// Connections that only read.
    pub(super) const fn readers(self) -> u32 {
        match self {
            Self::Sqlite => 4,
            Self::Postgres => 8,
        }
    }

    /// SQLite takes the write lock at once: a transaction that reads first and writes later could be
    /// refused in the middle, however long it is ready to wait.
    pub(super) const fn begin(self) -> &'static str {
        match self {
            Self::Sqlite => "BEGIN IMMEDIATE",
            Self::Postgres => "BEGIN",
        }
    }

    /// Run once on each new connection.
    ///
    /// SQLite: `journal_mode=WAL`, so that readers do not wait for the writer; `synchronous=FULL`, so
    /// that a commit has reached the disk when it returns (with NORMAL the last commits of a WAL may be
    /// gone after a power cut, and what was acknowledged must not be); `busy_timeout` for other
    /// processes, such as `countervail key create` beside a running service.
    pub(super) async fn prepare(self, conn: &mut AnyConnection) -> sqlx::Result<()> {
        if self == Self::Sqlite {
            for pragma in [
                "PRAGMA busy_timeout = 10000",
                "PRAGMA journal_mode = WAL",
                "PRAGMA synchronous = FULL",
                "PRAGMA foreign_keys = ON",
            ] {
                conn.execute(pragma).await?;
            }
        }
        Ok(())
    }

    /// The same statement with rows that somebody else holds left out, where there can be somebody else.
    pub(super) const fn choose(self, sqlite: &'static str, postgres: &'static str) -> &'static str {
        match self {
            Self::Sqlite => sqlite,
            Self::Postgres => postgres,
        }
    }
}
