//! What the product does: one method per use case, each one transaction.
//!
//! Nothing here decides about an item without a person, nothing is keyed by or summed over an author,
//! and no text is logged.

pub mod access;
mod answer;
pub mod audit;
pub mod clock;
pub mod error;
pub mod idempotency;
pub mod inbox;
pub mod keys;
pub mod limits;
pub mod moderate;
pub mod people;
pub mod report;
mod reveal;
pub mod review;
mod secret;
mod together;
pub mod upkeep;

use std::sync::Arc;

use tokio::sync::Semaphore;

use crate::domain::assessment::ModelRef;
use crate::domain::policy::Policy;
use crate::inference::handle::Handle;
use crate::service::clock::Clock;
use crate::service::error::Error;
use crate::service::limits::Limits;
use crate::service::together::Queue;
use crate::store::Store;

/// All use cases; a cheap clone that any task may hold.
#[derive(Clone)]
pub struct Service {
    inner: Arc<Inner>,
}

struct Inner {
    store: Store,
    queue: Queue,
    handle: Handle,
    policy: Policy,
    clock: Clock,
    limits: Limits,
    /// Hashing a password takes 19 MiB and a core: so many at a time, the rest wait.
    hashing: Semaphore,
}

/// Password hashes computed at a time.
const HASHING_AT_ONCE: usize = 2;

impl Service {
    #[must_use]
    pub fn new(store: Store, handle: Handle, policy: Policy, clock: Clock, limits: Limits) -> Self {
        Self {
            inner: Arc::new(Inner {
                queue: Queue::new(store.writers()),
                store,
                handle,
                policy,
                clock,
                limits,
                hashing: Semaphore::new(HASHING_AT_ONCE),
            }),
        }
    }

    #[must_use]
    pub fn limits(&self) -> &Limits {
        &self.inner.limits
    }

    /// The rules in force.
    #[must_use]
    pub fn policy(&self) -> &Policy {
        &self.inner.policy
    }

    /// Which weights answer.
    #[must_use]
    pub fn model(&self) -> &ModelRef {
        self.inner.handle.model()
    }

    #[must_use]
    pub fn clock(&self) -> &Clock {
        &self.inner.clock
    }

    /// Whether a text could be answered now: the model runs and the database answers.
    ///
    /// # Errors
    /// [`Error::ModelUnavailable`] or [`Error::Store`], whichever is found first.
    pub async fn check_ready(&self) -> Result<(), Error> {
        if !self.inner.handle.is_healthy() {
            return Err(Error::ModelUnavailable);
        }
        Ok(self.inner.store.ping().await?)
    }
}

impl std::fmt::Debug for Service {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Service").field("handle", &self.inner.handle).finish_non_exhaustive()
    }
}
