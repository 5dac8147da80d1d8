//! The way in for everything above: a cheap clone that any task may hold. One OS thread owns the model.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::sync::{mpsc, oneshot};

use crate::domain::assessment::{Assessment, ModelRef};
use crate::domain::policy::Policy;
use crate::domain::text::Text;
use crate::inference::error::Error;
use crate::inference::pipeline::Pipeline;

/// Bounds of the queue before the model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QueueLimits {
    /// Texts that may wait; one more is refused.
    pub capacity: usize,
    /// Texts taken at a time.
    pub max_batch: usize,
}

/// A running model.
#[derive(Clone)]
pub struct Handle {
    inner: Arc<Inner>,
}

struct Inner {
    model: ModelRef,
    policy: Policy,
    engine: Engine,
}

enum Engine {
    Thread { queue: mpsc::Sender<Job>, vitals: Arc<Vitals> },
    Scripted(fn(&str) -> Assessment),
}

/// What the model thread says of itself.
#[derive(Debug)]
struct Vitals {
    running: AtomicBool,
    /// Moving mean of the time one text takes, microseconds.
    micros_per_text: AtomicU64,
}

struct Job {
    text: Text,
    answer: oneshot::Sender<Result<Assessment, Error>>,
}

impl Handle {
    /// Starts the model thread.
    ///
    /// # Errors
    /// [`Error::Model`] when the thread cannot be started.
    pub fn start(pipeline: Pipeline, limits: QueueLimits) -> Result<Self, Error> {
        let (model, policy) = (pipeline.model().clone(), pipeline.policy().clone());
        let (queue, jobs) = mpsc::channel(limits.capacity.max(1));
        let vitals =
            Arc::new(Vitals { running: AtomicBool::new(true), micros_per_text: AtomicU64::new(10_000) });
        let seen = Arc::clone(&vitals);
        std::thread::Builder::new()
            .name("model".into())
            .spawn(move || {
                serve(pipeline, jobs, limits.max_batch.max(1), &seen);
                seen.running.store(false, Ordering::Release);
            })
            .map_err(|e| Error::Model(e.to_string()))?;
        Ok(Self { inner: Arc::new(Inner { model, policy, engine: Engine::Thread { queue, vitals } }) })
    }

    /// A model that answers from a function: for tests of everything above the model.
    #[must_use]
    pub fn scripted(model: ModelRef, policy: Policy, script: fn(&str) -> Assessment) -> Self {
        Self { inner: Arc::new(Inner { model, policy, engine: Engine::Scripted(script) }) }
    }

    /// Assesses one text; waits for its batch.
    ///
    /// # Errors
    /// [`Error::Overloaded`] at once when the queue is full; [`Error::Encode`], [`Error::Model`] or
    /// [`Error::Unhealthy`] when it could not be assessed.
    pub async fn assess(&self, text: &Text) -> Result<Assessment, Error> {
        match &self.inner.engine {
            Engine::Scripted(script) => Ok(script(text.as_str())),
            Engine::Thread { queue, vitals } => {
                let (answer, wait) = oneshot::channel();
                queue.try_send(Job { text: text.clone(), answer }).map_err(|refused| match refused {
                    mpsc::error::TrySendError::Full(_) => overloaded(queue, vitals),
                    mpsc::error::TrySendError::Closed(_) => Error::Unhealthy,
                })?;
                wait.await.unwrap_or(Err(Error::Unhealthy))
            }
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

    /// Whether the model thread runs.
    #[must_use]
    pub fn is_healthy(&self) -> bool {
        match &self.inner.engine {
            Engine::Scripted(_) => true,
            Engine::Thread { vitals, .. } => vitals.running.load(Ordering::Acquire),
        }
    }
}

impl std::fmt::Debug for Handle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Handle").field("model", &self.inner.model).finish_non_exhaustive()
    }
}

/// The queue drains at the measured rate: that is when to come back.
fn overloaded(queue: &mpsc::Sender<Job>, vitals: &Vitals) -> Error {
    let waiting = queue.max_capacity() as u64;
    let micros = waiting * vitals.micros_per_text.load(Ordering::Relaxed);
    Error::Overloaded { retry_after: Duration::from_micros(micros).max(Duration::from_millis(100)) }
}

/// Until every handle is gone: wait for one text, take what else is there, answer.
fn serve(mut pipeline: Pipeline, mut jobs: mpsc::Receiver<Job>, max_batch: usize, vitals: &Vitals) {
    while let Some(first) = jobs.blocking_recv() {
        let mut batch = vec![first];
        while batch.len() < max_batch {
            match jobs.try_recv() {
                Ok(job) => batch.push(job),
                Err(_) => break,
            }
        }
        // Whoever stopped waiting gets no work done for it.
        batch.retain(|job| !job.answer.is_closed());
        if batch.is_empty() {
            continue;
        }
        let (began, texts) = (Instant::now(), batch.len() as u64);
        answer(&mut pipeline, batch);
        let micros = u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX);
        let before = vitals.micros_per_text.load(Ordering::Relaxed);
        vitals.micros_per_text.store((before * 7 + micros / texts) / 8, Ordering::Relaxed);
    }
}

/// A batch that fails is tried text by text, so that one bad text takes no other with it.
fn answer(pipeline: &mut Pipeline, batch: Vec<Job>) {
    let texts: Vec<Text> = batch.iter().map(|job| job.text.clone()).collect();
    match contained(pipeline, &texts) {
        Ok(assessments) => {
            for (job, assessment) in batch.into_iter().zip(assessments) {
                // The client may have gone; its answer is then nobody's.
                let _ = job.answer.send(Ok(assessment));
            }
        }
        Err(_) if batch.len() > 1 => {
            for job in batch {
                let alone = contained(pipeline, std::slice::from_ref(&job.text));
                let _ = job.answer.send(alone.map(|mut one| one.swap_remove(0)));
            }
        }
        Err(error) => {
            if let Some(job) = batch.into_iter().next() {
                let _ = job.answer.send(Err(error));
            }
        }
    }
}

/// A panic ends the batch, not the thread. The pipeline holds nothing that a batch changes, so it can go on.
fn contained(pipeline: &mut Pipeline, texts: &[Text]) -> Result<Vec<Assessment>, Error> {
    catch_unwind(AssertUnwindSafe(|| pipeline.assess(texts)))
        .unwrap_or_else(|_| Err(Error::Model("the model panicked on this batch".into())))
}
