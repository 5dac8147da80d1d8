//! What can go wrong with the database. Messages name tables and ids, never contents of texts.

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
    #[error("the database holds something unreadable in {what}: {reason}")]
    Corrupt { what: &'static str, reason: String },
    #[error("the database failed: {0}")]
    Other(String),
}
