//! Claim, skip, decide, escalate. Each is one conditional update with its audit row.

use crate::domain::audit::{Actor, AuditEntry, AuditKind};
use crate::domain::id::{DecisionId, ReviewJobId};
use crate::domain::review::{Claim, Decision, Move, Note, Reason, RecordedDecision, ReviewJob, ReviewState};
use crate::domain::user::Permission;
use crate::service::Service;
use crate::service::access::SignedIn;
use crate::service::error::{Error, missing};
use crate::store::review_jobs::JobMove;

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
        by.require(Permission::Review)?;
        self.expire_claims().await?;
        let claim = self.new_claim(by);
        let mut tx = self.inner.store.begin().await?;
        let Some(job) = tx.claim_next_job(claim).await? else { return Ok(None) };
        tx.append_audit(vec![claimed_entry(by, &claim, job.id)]).await?;
        tx.commit().await?;
        Ok(Some(job))
    }

    /// Claims one job; claiming what one already holds gives it back with its time unchanged.
    ///
    /// # Errors
    /// [`Error::AlreadyClaimed`], [`Error::IllegalTransition`] (escalated, decided),
    /// [`Error::NotFound`], [`Error::NotPermitted`], [`Error::Store`].
    pub async fn claim(&self, by: &SignedIn, id: ReviewJobId) -> Result<ReviewJob, Error> {
        by.require(Permission::Review)?;
        self.expire_claims().await?;
        let job = self.find_job(id).await?;
        match job.claim {
            Some(claim) if claim.by == by.id() => return Ok(job),
            Some(claim) => return Err(Error::AlreadyClaimed { by: claim.by }),
            None => {}
        }
        let claim = self.new_claim(by);
        let to = job.state.apply(Move::Claim)?;
        let moved = JobMove { id, from: job.state, to, held_by: None, claim: Some(claim), now: claim.at };
        let mut tx = self.inner.store.begin().await?;
        let Some(job) = tx.move_job(&moved).await? else {
            drop(tx);
            return Err(self.why_not(by, id, Move::Claim).await);
        };
        tx.append_audit(vec![claimed_entry(by, &claim, id)]).await?;
        tx.commit().await?;
        Ok(job)
    }

    /// Gives a claimed job back.
    ///
    /// # Errors
    /// [`Error::NotClaimed`], [`Error::AlreadyClaimed`], [`Error::IllegalTransition`],
    /// [`Error::NotFound`], [`Error::NotPermitted`], [`Error::Store`].
    pub async fn skip(&self, by: &SignedIn, id: ReviewJobId) -> Result<ReviewJob, Error> {
        by.require(Permission::Review)?;
        self.expire_claims().await?;
        let from = ReviewState::Claimed;
        let to = from.apply(Move::Skip)?;
        let now = self.clock().now();
        let mut tx = self.inner.store.begin().await?;
        let moved = JobMove { id, from, to, held_by: Some(by.id()), claim: None, now };
        let Some(job) = tx.move_job(&moved).await? else {
            drop(tx);
            return Err(self.why_not(by, id, Move::Skip).await);
        };
        tx.append_audit(vec![AuditEntry::new(now, by.actor(), AuditKind::JobSkipped, id)]).await?;
        tx.commit().await?;
        Ok(job)
    }

    /// Decides or escalates a job that `by` has claimed; escalates an open one; or, for leads, decides an
    /// escalated one.
    ///
    /// # Errors
    /// [`Error::NotClaimed`], [`Error::AlreadyClaimed`], [`Error::IllegalTransition`],
    /// [`Error::ReasonDoesNotFit`], [`Error::NoteMissing`], [`Error::NotPermitted`],
    /// [`Error::NotFound`], [`Error::Store`].
    pub async fn decide(
        &self,
        by: &SignedIn,
        id: ReviewJobId,
        new: NewDecision,
    ) -> Result<RecordedDecision, Error> {
        by.require(Permission::Review)?;
        check(&new)?;
        self.expire_claims().await?;
        let job = self.find_job(id).await?;
        let kind = new.decision.as_move();
        if job.state == ReviewState::Escalated {
            by.require(Permission::DecideEscalated)?;
        }
        if job.state == ReviewState::Open && kind == Move::Decide {
            return Err(Error::NotClaimed);
        }
        let to = job.state.apply(kind)?;
        let held_by = (job.state == ReviewState::Claimed).then(|| by.id());
        let now = self.clock().now();
        let mut tx = self.inner.store.begin().await?;
        let moved = JobMove { id, from: job.state, to, held_by, claim: None, now };
        if tx.move_job(&moved).await?.is_none() {
            drop(tx);
            return Err(self.why_not(by, id, kind).await);
        }
        let NewDecision { decision, reason, note } = new;
        let decision_id = DecisionId::from_uuid(self.clock().mint());
        let recorded =
            RecordedDecision { id: decision_id, job_id: id, by: by.id(), decision, reason, note, at: now };
        tx.insert_decision(&recorded).await?;
        tx.append_audit(vec![decided_entry(by, &recorded)]).await?;
        tx.commit().await?;
        Ok(recorded)
    }

    /// Opens again what was held too long; gives how many. Listing and claiming do this by themselves.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn expire_claims(&self) -> Result<usize, Error> {
        let now = self.clock().now();
        if !self.inner.store.has_expired_claim(now).await? {
            return Ok(0);
        }
        // A transaction of its own: it holds several jobs, and must not wait for one that is held.
        let mut tx = self.inner.store.begin().await?;
        let jobs = tx.expire_jobs(now).await?;
        let entry = |job: &ReviewJob| AuditEntry::new(now, Actor::System, AuditKind::ClaimExpired, job.id);
        tx.append_audit(jobs.iter().map(entry).collect()).await?;
        tx.commit().await?;
        Ok(jobs.len())
    }

    async fn find_job(&self, id: ReviewJobId) -> Result<ReviewJob, Error> {
        self.inner.store.job(id).await.map_err(missing("review job"))
    }

    fn new_claim(&self, by: &SignedIn) -> Claim {
        let at = self.clock().now();
        Claim { by: by.id(), at, expires_at: at + self.limits().claim_ttl }
    }

    /// Why a conditional update found nothing to update, from how the job stands now.
    async fn why_not(&self, by: &SignedIn, id: ReviewJobId, tried: Move) -> Error {
        let job = match self.find_job(id).await {
            Ok(job) => job,
            Err(error) => return error,
        };
        match (job.claim, job.state.apply(tried)) {
            (Some(claim), _) if claim.by != by.id() => Error::AlreadyClaimed { by: claim.by },
            (None, Err(_)) if job.state == ReviewState::Open => Error::NotClaimed,
            (_, Err(refused)) => refused.into(),
            // It could be done now, so it changed between the two looks, or the claim ran out just now.
            (_, Ok(_)) => Error::NotClaimed,
        }
    }
}

fn check(new: &NewDecision) -> Result<(), Error> {
    if !new.reason.fits(new.decision) {
        return Err(Error::ReasonDoesNotFit { decision: new.decision, reason: new.reason });
    }
    if new.reason == Reason::Other && new.note.is_none() {
        return Err(Error::NoteMissing);
    }
    Ok(())
}

fn claimed_entry(by: &SignedIn, claim: &Claim, job: ReviewJobId) -> AuditEntry {
    AuditEntry::new(claim.at, by.actor(), AuditKind::JobClaimed, job)
}

fn decided_entry(by: &SignedIn, recorded: &RecordedDecision) -> AuditEntry {
    let kind = match recorded.decision {
        Decision::Confirm | Decision::Dismiss => AuditKind::JobDecided,
        Decision::Escalate => AuditKind::JobEscalated,
    };
    AuditEntry::new(recorded.at, by.actor(), kind, recorded.job_id)
        .with("decision", recorded.decision)
        .with("decision_id", recorded.id)
        .with("reason", recorded.reason)
}
