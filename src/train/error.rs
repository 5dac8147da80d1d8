//! What can stop a training run, or a calibration.

use std::path::PathBuf;

/// Failures of `train`.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("recipe {}: {reason}", path.display())]
    Recipe { path: PathBuf, reason: String },
    #[error("calibration set {}: {reason}", path.display())]
    Set { path: PathBuf, reason: String },
    /// What a model was trained on proves nothing about it.
    #[error(
        "source `{source_name}` of the set is the file that the model's training source `{training}` was read from; take texts that training did not see, such as the other half"
    )]
    Seen { source_name: String, training: String },
    #[error("{0}")]
    Terms(String),
    #[error("base model: {0}")]
    Base(String),
    #[error(transparent)]
    Data(#[from] crate::data::error::Error),
    #[error(transparent)]
    Inference(#[from] crate::inference::error::Error),
    #[error("the arithmetic failed")]
    Candle(#[from] candle_core::Error),
    #[error("cannot write or read the run's files")]
    Io(#[from] std::io::Error),
    #[error("{what} in {}: {reason}; delete the folder to start over", folder.display())]
    Checkpoint { folder: PathBuf, what: &'static str, reason: String },
    #[error("{0}")]
    TooLittleData(String),
    #[error("the loss is not finite at step {step}; lower `fit.rate`")]
    Diverged { step: u64 },
}
