//! Showing a text to a reviewer. Looking is an act too: who saw what, and when, is in the audit chain.

use crate::domain::audit::{AuditEntry, AuditKind};
use crate::domain::id::ReviewJobId;
use crate::service::Service;
use crate::service::access::SignedIn;
use crate::service::error::Error;
use crate::service::inbox::JobFile;

impl Service {
    /// [`Service::job`], for showing its text: records first that it was asked for.
    ///
    /// # Errors
    /// [`Error::NotPermitted`], [`Error::NotFound`] or [`Error::Store`].
    pub async fn reveal(&self, by: &SignedIn, id: ReviewJobId) -> Result<JobFile, Error> {
        let file = self.job(by, id).await?;
        let entry = AuditEntry::new(self.clock().now(), by.actor(), AuditKind::TextRevealed, id);
        let mut tx = self.inner.store.begin().await?;
        tx.append_audit(vec![entry]).await?;
        tx.commit().await?;
        Ok(file)
    }
}
