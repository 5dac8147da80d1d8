//! Claim, skip, decide, escalate. Each is one conditional update with its audit row.

use crate::domain::id::ReviewJobId;
use crate::domain::review::{Decision, Note, Reason, RecordedDecision, ReviewJob};
use crate::service::Service;
use crate::service::access::SignedIn;
use crate::service::error::Error;

/// What a person decides, before it is recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewDecision {
    pub decision: Decision,
    pub reason: Reason,
    pub note: Option<Note>,
}

impl Service {
    /// Claims the most urgent open job; `None` when nothing waits.
    ///
    /// # Errors
    /// [`Error::NotPermitted`] or [`Error::Store`].
    pub async fn claim_next(&self, by: &SignedIn) -> Result<Option<ReviewJob>, Error> {
        let _ = by;
        todo!()
    }

    /// Claims one job; claiming what one already holds gives it back with its time unchanged.
    ///
    /// # Errors
    /// [`Error::AlreadyClaimed`], [`Error::IllegalTransition`] (escalated, decided),
    /// [`Error::NotFound`], [`Error::NotPermitted`], [`Error::Store`].
    pub async fn claim(&self, by: &SignedIn, id: ReviewJobId) -> Result<ReviewJob, Error> {
        let _ = (by, id);
        todo!()
    }

    /// Gives a claimed job back.
    ///
    /// # Errors
    /// [`Error::NotClaimed`], [`Error::NotFound`], [`Error::NotPermitted`], [`Error::Store`].
    pub async fn skip(&self, by: &SignedIn, id: ReviewJobId) -> Result<ReviewJob, Error> {
        let _ = (by, id);
        todo!()
    }

    /// Decides or escalates a job that `by` has claimed, or, for leads, decides an escalated one.
    ///
    /// # Errors
    /// [`Error::NotClaimed`], [`Error::AlreadyClaimed`], [`Error::IllegalTransition`],
    /// [`Error::ReasonDoesNotFit`], [`Error::NoteMissing`], [`Error::NotPermitted`],
    /// [`Error::NotFound`], [`Error::Store`].
    pub async fn decide(
        &self,
        by: &SignedIn,
        id: ReviewJobId,
        decision: NewDecision,
    ) -> Result<RecordedDecision, Error> {
        let _ = (by, id, decision);
        todo!()
    }

    /// Opens again what was held too long; gives how many. Listing and claiming do this by themselves.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn expire_claims(&self) -> Result<usize, Error> {
        todo!()
    }
}
