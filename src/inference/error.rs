//! What can go wrong between a text and its scores.

use std::path::PathBuf;
use std::time::Duration;

/// Failures of the model path.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The queue is full; nothing was done. Try again after the given time.
    #[error("the model's queue is full; try again in {} ms", retry_after.as_millis())]
    Overloaded { retry_after: Duration },
    /// The time that the caller would wait has passed before there was an answer.
    #[error("the deadline passed before the model had an answer")]
    DeadlineExceeded,
    /// The text could not be tokenised.
    #[error("cannot tokenise the text: {0}")]
    Encode(String),
    /// The arithmetic failed or panicked; the text is not lost, it was not assessed.
    #[error("the model failed: {0}")]
    Model(String),
    /// The model thread has ended.
    #[error("the model is not running; restart the service")]
    Unhealthy,
    /// A file of the bundle is missing, damaged or does not fit the others.
    #[error("model bundle {path}: {reason}")]
    Bundle { path: PathBuf, reason: String },
}
