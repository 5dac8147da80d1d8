//! What can go wrong between a manifest and a report.

use std::path::PathBuf;

use crate::{data, inference};

/// Failures of an evaluation. None of them carries a text.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The manifest cannot be read as TOML of the documented shape.
    #[error("benchmark manifest {path}: {reason}")]
    Manifest { path: PathBuf, reason: String },
    /// The functions and the templates of a suite do not fit together.
    #[error("suite {}: {reason}", path.display())]
    Suite { path: PathBuf, reason: String },
    /// The data of a benchmark is missing, changed or cannot be read.
    #[error("benchmark `{benchmark}`: cannot read its data")]
    Data {
        benchmark: String,
        #[source]
        source: Box<data::error::Error>,
    },
    /// The data can be read but does not fit the manifest.
    #[error("benchmark `{benchmark}`: {reason}")]
    Cases { benchmark: String, reason: String },
    /// Kept or given predictions do not fit the benchmark.
    #[error("predictions {path}: {reason}")]
    Predictions { path: PathBuf, reason: String },
    /// The model refused or failed.
    #[error("benchmark `{benchmark}`: the model could not assess case `{case}`")]
    Model {
        benchmark: String,
        /// The first case of the batch that failed.
        case: String,
        #[source]
        source: inference::error::Error,
    },
    /// The subjects of a run do not fit together.
    #[error("subject `{name}`: {reason}")]
    Subject { name: String, reason: String },
    /// A report cannot be read, or not by this program.
    #[error("report {path}: {reason}")]
    Report { path: PathBuf, reason: String },
    /// The model bundle cannot be opened.
    #[error("cannot open the model")]
    Open(#[source] inference::error::Error),
    /// The test ledger is not what was written.
    #[error("test ledger {}, line {line}: {reason}", path.display())]
    Ledger {
        path: PathBuf,
        /// 1-based.
        line: usize,
        reason: String,
    },
    /// The description of a baseline is not of the documented shape.
    #[error("baseline {path}: {reason}")]
    Baseline { path: PathBuf, reason: String },
    /// What a baseline learns from is missing, changed or cannot be read.
    #[error("baseline `{name}`: cannot read what it learns from")]
    Training {
        name: String,
        #[source]
        source: Box<data::error::Error>,
    },
    /// The description of an endpoint is not of the documented shape.
    #[error("endpoint {path}: {reason}")]
    Endpoint { path: PathBuf, reason: String },
    /// An endpoint could not be reached, refused, or answered in another shape.
    #[error("endpoint `{name}`, case `{case}` and those sent with it: {reason}")]
    Asked { name: String, case: String, reason: String },
    /// A linear model has nothing to learn from its labels.
    #[error("cannot fit the linear model: {reason}")]
    Fit { reason: String },
    /// A file cannot be read or written; the message names it.
    #[error(transparent)]
    Io(#[from] std::io::Error),
}
