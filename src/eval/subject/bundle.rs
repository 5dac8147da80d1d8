//! A model bundle as a subject: the one place where the harness meets the model path.

use std::path::Path;

use crate::domain::assessment::{Assessment, ModelRef};
use crate::domain::policy::Policy;
use crate::domain::text::Text;
use crate::inference::cascade::Use;
use crate::inference::error::Error;
use crate::inference::pipeline::Pipeline;

/// What a bundle is called, behind its name, when its first stage answers some of the texts.
const WITH_CASCADE: &str = "+cascade";

/// A bundle, its first stage used or not.
#[derive(Debug)]
pub struct Bundle {
    pipeline: Pipeline,
    model: ModelRef,
}

impl Bundle {
    /// Opens and verifies a bundle. With its first stage in use it is called `NAME+cascade`, so that one report can hold
    /// both; without one, or with it off, `NAME`.
    ///
    /// # Errors
    /// [`Error::Bundle`] naming the file that is wrong.
    pub fn open(folder: &Path, cascade: Use) -> Result<Self, Error> {
        let pipeline = Pipeline::open(folder)?.with_cascade(cascade);
        let mut model = pipeline.model().clone();
        if pipeline.has_cascade() {
            model.name.push_str(WITH_CASCADE);
        }
        Ok(Self { pipeline, model })
    }

    #[must_use]
    pub const fn model(&self) -> &ModelRef {
        &self.model
    }

    #[must_use]
    pub fn policy(&self) -> &Policy {
        self.pipeline.policy()
    }

    /// See [`Pipeline::assess`].
    ///
    /// # Errors
    /// When a text cannot be tokenised or the arithmetic fails.
    pub fn assess(&mut self, texts: &[Text]) -> Result<Vec<Assessment>, Error> {
        self.pipeline.assess(texts)
    }
}
