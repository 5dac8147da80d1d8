//! What can be wrong with labelled data, said so that the reader of the message knows what to change.

use std::path::PathBuf;

/// Each message names the file, the place in it, and what to do. None quotes a text.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("cannot read data of source `{name}`")]
    Io { name: String, source: std::io::Error },
    #[error("{} has SHA-256 {got}, source `{name}` expects {expected}; fetch the version the source names, or change `sha256` if the new one is meant", path.display())]
    Digest { name: String, path: PathBuf, expected: String, got: String },
    #[error("{} line {line}: {problem}", path.display())]
    Row { path: PathBuf, line: u64, problem: String },
    #[error("{} has no column `{column}`; it has {columns}", path.display())]
    Column { path: PathBuf, column: String, columns: String },
    #[error("source `{name}`: {problem}")]
    Source { name: String, problem: String },
    #[error("recipe {}: {problem}", path.display())]
    Recipe { path: PathBuf, problem: String },
    #[error("template file {}: {problem}", path.display())]
    Template { path: PathBuf, problem: String },
}
