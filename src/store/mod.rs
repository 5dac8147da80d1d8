//! What we remember: tables and queries, the only SQL. One SQL text for SQLite and PostgreSQL.
//!
//! Reading goes through [`Store`], writing through a [`Tx`], which `service` opens once per use case.
//! Whoever locks rows of several tables takes review jobs first and the end of the audit chain last, so
//! that no two transactions wait for each other.

pub(crate) mod api_keys;
pub(crate) mod audit;
mod codec;
pub(crate) mod decisions;
mod dialect;
pub mod error;
pub(crate) mod idempotency;
pub(crate) mod inbox;
pub(crate) mod items;
pub(crate) mod moderations;
pub(crate) mod reports;
pub(crate) mod review_jobs;
pub(crate) mod sessions;
pub(crate) mod users;

use std::time::Duration;

use sqlx::any::{AnyConnectOptions, AnyPoolOptions};
use sqlx::pool::PoolConnection;
use sqlx::{Any, AnyConnection, AnyPool, Connection as _, Transaction};

use crate::store::dialect::Dialect;
use crate::store::error::Error;

static MIGRATOR: sqlx::migrate::Migrator = sqlx::migrate!("src/store/migrations");

/// How long to wait for a free connection before the database counts as unavailable.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(15);

/// A database, opened and migrated; a cheap clone.
#[derive(Debug, Clone)]
pub struct Store {
    dialect: Dialect,
    writers: AnyPool,
    readers: AnyPool,
}

/// A transaction. Dropped without [`Tx::commit`], nothing of it has happened.
pub(crate) struct Tx {
    dialect: Dialect,
    inner: Transaction<'static, Any>,
}

impl Store {
    /// Opens `sqlite:///path/to/file.db?mode=rwc` or `postgres://…`, and brings its tables up to date.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when it cannot be reached, [`Error::Other`] when the URL makes no sense or
    /// a migration fails.
    pub async fn connect(url: &str) -> Result<Self, Error> {
        sqlx::any::install_default_drivers();
        let (dialect, options) = Dialect::of(url)?;
        // The writer comes first: it makes the file, which readers then find.
        let writers = pool(dialect, dialect.writers(), options.clone()).await?;
        MIGRATOR.run(&writers).await?;
        let readers = pool(dialect, dialect.readers(), options).await?;
        Ok(Self { dialect, writers, readers })
    }

    /// # Errors
    /// [`Error::Unavailable`] when the database does not answer.
    pub async fn ping(&self) -> Result<(), Error> {
        let mut conn = self.read().await?;
        conn.ping().await.map_err(|e| Error::Unavailable(e.to_string()))
    }

    /// Transactions that can be under way at a time.
    pub(crate) const fn writers(&self) -> u32 {
        self.dialect.writers()
    }

    /// Ends all connections; on SQLite this folds the write-ahead log into the file.
    pub async fn close(&self) {
        self.readers.close().await;
        self.writers.close().await;
    }

    async fn read(&self) -> Result<PoolConnection<Any>, Error> {
        Ok(self.readers.acquire().await?)
    }

    pub(crate) async fn begin(&self) -> Result<Tx, Error> {
        let inner = self.writers.begin_with(self.dialect.begin()).await?;
        Ok(Tx { dialect: self.dialect, inner })
    }
}

impl Tx {
    /// When this returns, the transaction is on disk.
    pub(crate) async fn commit(self) -> Result<(), Error> {
        Ok(self.inner.commit().await?)
    }

    fn conn(&mut self) -> &mut AnyConnection {
        &mut self.inner
    }
}

async fn pool(dialect: Dialect, size: u32, options: AnyConnectOptions) -> Result<AnyPool, Error> {
    Ok(AnyPoolOptions::new()
        .max_connections(size)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .test_before_acquire(dialect.may_hang_up())
        .after_connect(move |conn, _| Box::pin(async move { dialect.prepare(conn).await }))
        .connect_with(options)
        .await?)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the promise "acknowledged is on disk" hangs on.
    #[tokio::test]
    async fn sqlite_connections_are_set_up_to_lose_nothing() {
        let dir = tempfile::tempdir().expect("a folder");
        let url = format!("sqlite://{}?mode=rwc", dir.path().join("x.db").display());
        let store = Store::connect(&url).await.expect("opened");
        for pool in [&store.writers, &store.readers] {
            let ask = async |pragma: &'static str| sqlx::query_scalar::<_, i64>(pragma).fetch_one(pool).await;
            assert_eq!(ask("PRAGMA synchronous").await.expect("answered"), 2, "2 is FULL");
            assert_eq!(ask("PRAGMA foreign_keys").await.expect("answered"), 1);
            assert_eq!(ask("PRAGMA busy_timeout").await.expect("answered"), 10_000);
            let mode: String =
                sqlx::query_scalar("PRAGMA journal_mode").fetch_one(pool).await.expect("answered");
            assert_eq!(mode, "wal");
        }
    }
}
