//! A model bundle as a subject: the one place where the harness meets the model path.

use std::convert::Infallible;
use std::path::Path;

use crate::domain::assessment::{Assessment, ModelRef};
use crate::domain::policy::Policy;
use crate::domain::text::Text;
use crate::inference::error::Error;

/// An opened bundle. Cannot be made until `inference` has a pipeline; then it holds one.
#[derive(Debug)]
pub struct Bundle(Infallible);

impl Bundle {
    /// Opens and verifies the bundle in a folder.
    ///
    /// # Errors
    /// When it is incomplete or damaged.
    pub fn open(path: &Path) -> Result<Self, Error> {
        Err(Error::Bundle { path: path.to_owned(), reason: "this build cannot run bundles yet".to_owned() })
    }

    /// Assesses texts in order.
    ///
    /// # Errors
    /// When the model fails.
    pub fn assess(&mut self, _texts: &[Text]) -> Result<Vec<Assessment>, Error> {
        match self.0 {}
    }

    #[must_use]
    pub fn model(&self) -> &ModelRef {
        match self.0 {}
    }

    #[must_use]
    pub fn policy(&self) -> &Policy {
        match self.0 {}
    }
}
