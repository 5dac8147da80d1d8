//! Reading the audit chain and proving that it is whole.

use crate::domain::audit::{AuditEvent, ChainHead};
use crate::service::Service;
use crate::service::error::Error;

/// What a walk along the chain found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChainCheck {
    /// Every row follows the one before; this is the last. Write its hash down elsewhere.
    Whole { head: ChainHead },
    /// The row with this number is missing, or is not the one that was written.
    Broken { seq: u64 },
}

impl Service {
    /// Walks the whole chain.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn verify_audit(&self) -> Result<ChainCheck, Error> {
        todo!()
    }

    /// Rows after `seq`, oldest first; `limit` is cut to `limits.max_page`.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn audit_events(&self, after: u64, limit: usize) -> Result<Vec<AuditEvent>, Error> {
        let _ = (after, limit);
        todo!()
    }
}
