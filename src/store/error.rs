//! What can go wrong with the database. Messages name tables and columns, never what a row holds.

/// Failures of the store.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("not in the database")]
    NotFound,
    /// A unique key is taken.
    #[error("the database already has that")]
    Conflict,
    /// Cannot be reached or did not answer in time; trying again may help.
    #[error("the database is unavailable: {0}")]
    Unavailable(String),
    /// A row holds what we never write there.
    #[error("the database holds something unreadable in {table}.{column}")]
    Corrupt { table: &'static str, column: String },
    #[error("the database failed: {0}")]
    Other(String),
}

impl From<sqlx::Error> for Error {
    /// Messages of the driver about values print the value, which may be a text: those are replaced.
    fn from(error: sqlx::Error) -> Self {
        match error {
            sqlx::Error::RowNotFound => Self::NotFound,
            sqlx::Error::Database(e) if e.is_unique_violation() => Self::Conflict,
            sqlx::Error::Database(e) if is_busy(&*e) => Self::Unavailable(e.message().to_owned()),
            sqlx::Error::Io(_)
            | sqlx::Error::Tls(_)
            | sqlx::Error::PoolTimedOut
            | sqlx::Error::PoolClosed => Self::Unavailable(error.to_string()),
            sqlx::Error::ColumnDecode { index, .. } => Self::Corrupt { table: "a row", column: index },
            sqlx::Error::Decode(_) => Self::Other("a value could not be decoded".to_owned()),
            sqlx::Error::Encode(_) => Self::Other("a value could not be encoded".to_owned()),
            sqlx::Error::Database(e) => Self::Other(e.message().to_owned()),
            other => Self::Other(other.to_string()),
        }
    }
}

/// SQLite's 5 (busy) and 6 (locked), and PostgreSQL's classes 08 (connection), 40 (deadlock,
/// serialisation), 53 (resources) and 57 (shutting down).
fn is_busy(error: &dyn sqlx::error::DatabaseError) -> bool {
    error.code().is_some_and(|code| {
        matches!(code.as_ref(), "5" | "6" | "261" | "517")
            || code.len() == 5 && ["08", "40", "53", "57"].iter().any(|class| code.starts_with(class))
    })
}

impl From<sqlx::migrate::MigrateError> for Error {
    fn from(error: sqlx::migrate::MigrateError) -> Self {
        match error {
            sqlx::migrate::MigrateError::Execute(e) => e.into(),
            other => Self::Other(format!("cannot bring its tables up to date: {other}")),
        }
    }
}
