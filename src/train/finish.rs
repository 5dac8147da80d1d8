//! From trained numbers to a bundle.

use std::path::Path;

use super::base::BaseFiles;
use super::corpus::Corpus;
use super::log::StepLog;
use super::recipe::Recipe;
use crate::inference::candle::encoder::Network;
use crate::train::error::Error;

/// A run whose optimisation is over.
#[derive(Debug)]
pub struct Finished<'a> {
    pub recipe: &'a Recipe,
    pub text: &'a str,
    pub base: &'a BaseFiles,
    pub corpus: &'a Corpus,
    pub network: Network,
    pub log: StepLog,
}

impl Finished<'_> {
    /// # Errors
    /// When a file cannot be written.
    pub fn write(self, _out: &Path) -> Result<(), Error> {
        Ok(())
    }
}
