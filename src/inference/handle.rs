//! The way in for everything above: a cheap clone that any task may hold.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Instant;

use crate::domain::assessment::{Assessment, ModelRef};
use crate::domain::policy::Policy;
use crate::domain::text::Text;
use crate::inference::engine::{Engine, Settings};
use crate::inference::error::Error;
use crate::inference::pipeline::Pipeline;

/// A running model.
#[derive(Clone)]
pub struct Handle {
    inner: Arc<Inner>,
}

struct Inner {
    model: ModelRef,
    policy: Policy,
    source: Source,
}

/// Where answers come from.
enum Source {
    Engine(Engine),
    Scripted(fn(&str) -> Assessment),
}

impl Handle {
    /// Starts the threads of a model. They end with the last clone of the handle.
    ///
    /// # Errors
    /// [`Error::Model`] when a thread cannot be started.
    pub fn start(pipeline: Pipeline, settings: Settings) -> Result<Self, Error> {
        let (model, policy) = (pipeline.model().clone(), pipeline.policy().clone());
        let source = Source::Engine(Engine::start(pipeline, settings)?);
        Ok(Self { inner: Arc::new(Inner { model, policy, source }) })
    }

    /// A model that answers from a function: for tests of everything above the model.
    #[must_use]
    pub fn scripted(model: ModelRef, policy: Policy, script: fn(&str) -> Assessment) -> Self {
        Self { inner: Arc::new(Inner { model, policy, source: Source::Scripted(script) }) }
    }

    /// Assesses one text; see [`Handle::assess_all`].
    ///
    /// # Errors
    /// Those of [`Handle::assess_all`], of the call or of the text.
    pub async fn assess(&self, text: &Text, deadline: Option<Instant>) -> Result<Assessment, Error> {
        self.assess_all(vec![text.clone()], deadline).await?.pop().unwrap_or(Err(Error::Unhealthy))
    }

    /// Assesses texts, all taken on together or refused together; one result for each, in their order. What nobody
    /// waits for any more, because `deadline` passed or the future was dropped, is not computed.
    ///
    /// # Errors
    /// Of the call: [`Error::Overloaded`] at once and before any work when there is no room for all of them,
    /// [`Error::DeadlineExceeded`]. Of one text: [`Error::Encode`], [`Error::Model`] or [`Error::Unhealthy`] when it
    /// could not be assessed.
    pub async fn assess_all(
        &self,
        texts: Vec<Text>,
        deadline: Option<Instant>,
    ) -> Result<Vec<Result<Assessment, Error>>, Error> {
        match &self.inner.source {
            Source::Engine(engine) => engine.assess(texts, deadline).await,
            Source::Scripted(script) => Ok(texts.iter().map(|text| run(*script, text)).collect()),
        }
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

    /// Whether the threads of the model run.
    #[must_use]
    pub fn is_healthy(&self) -> bool {
        match &self.inner.source {
            Source::Scripted(_) => true,
            Source::Engine(engine) => engine.is_healthy(),
        }
    }
}

impl std::fmt::Debug for Handle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Handle").field("model", &self.inner.model).finish_non_exhaustive()
    }
}

/// A script that panics stands for a model that does.
fn run(script: fn(&str) -> Assessment, text: &Text) -> Result<Assessment, Error> {
    catch_unwind(AssertUnwindSafe(|| script(text.as_str())))
        .map_err(|_| Error::Model("the script panicked on this text".into()))
}
