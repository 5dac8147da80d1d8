//! `training_log.jsonl`: a line a step. No times in it, so that the same run writes the same bytes.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::train::error::Error;

/// One step.
#[derive(Debug, Clone, Serialize)]
pub struct StepLine {
    pub step: u64,
    /// Examples seen so far.
    pub examples: u64,
    /// Mean loss of the batch.
    pub loss: f32,
    /// Joint norm of the gradients before clipping.
    pub norm: f32,
    /// Learning rate of the last layer.
    pub rate: f32,
}

/// The log of a run.
#[derive(Debug)]
pub struct StepLog {
    path: PathBuf,
    file: fs_err::File,
}

impl StepLog {
    /// Opens the log and cuts off what was written after `step`: those steps are about to be done again.
    ///
    /// # Errors
    /// When the file cannot be read or written.
    pub fn resume(folder: &Path, step: u64) -> Result<Self, Error> {
        let path = folder.join("training_log.jsonl");
        let mut kept = String::new();
        if path.exists() {
            let lines = BufReader::new(fs_err::File::open(&path)?).lines();
            for line in lines.take(usize::try_from(step).unwrap_or(usize::MAX)) {
                kept.push_str(&line?);
                kept.push('\n');
            }
        }
        let mut file = fs_err::File::create(&path)?;
        file.write_all(kept.as_bytes())?;
        Ok(Self { path, file })
    }

    /// # Errors
    /// When the file cannot be written.
    pub fn append(&mut self, line: &StepLine) -> Result<(), Error> {
        let mut text = serde_json::to_string(line).expect("plain numbers");
        text.push('\n');
        self.file.write_all(text.as_bytes())?;
        Ok(())
    }

    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }
}
