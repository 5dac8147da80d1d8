//! What we remember: tables and queries, the only SQL. One SQL text for SQLite and PostgreSQL.

pub mod error;
pub mod inbox;

pub use error::Error;

/// A database, opened and migrated; a cheap clone.
#[derive(Debug, Clone)]
pub struct Store;

impl Store {
    /// Opens `sqlite:///path/to/file.db?mode=rwc` or `postgres://…`, and brings its tables up to date.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when it cannot be reached, [`Error::Other`] when a migration fails.
    pub async fn connect(url: &str) -> Result<Self, Error> {
        let _ = url;
        todo!()
    }

    /// # Errors
    /// [`Error::Unavailable`] when the database does not answer.
    pub async fn ping(&self) -> Result<(), Error> {
        todo!()
    }

    /// Ends all connections; on SQLite this folds the write-ahead log into the file.
    pub async fn close(&self) {
        todo!()
    }
}
