//! Reading the audit chain and proving that it is whole.

use crate::domain::audit::{AuditEvent, ChainHead};
use crate::service::Service;
use crate::service::error::Error;
use crate::store::error::Error as StoreError;

/// Rows read at a time while walking.
const STEP: usize = 1000;

/// What a walk along the chain found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChainCheck {
    /// Every row follows the one before; this is the last. Write its hash down elsewhere.
    Whole { head: ChainHead },
    /// The row with this number is missing, or is not the one that was written.
    Broken { seq: u64 },
}

impl Service {
    /// Walks the whole chain, up to the end that it had when the walk began.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn verify_audit(&self) -> Result<ChainCheck, Error> {
        let end = self.inner.store.audit_head().await?;
        let mut head = ChainHead::START;
        while head.seq < end.seq {
            let events = self.next_events(head.seq).await?;
            if events.is_empty() {
                return Ok(ChainCheck::Broken { seq: head.seq + 1 });
            }
            for event in events {
                if !event.follows(head) {
                    return Ok(ChainCheck::Broken { seq: head.seq + 1 });
                }
                head = event.head();
                if head.seq == end.seq {
                    break;
                }
            }
        }
        let whole = head == end;
        Ok(if whole { ChainCheck::Whole { head } } else { ChainCheck::Broken { seq: end.seq } })
    }

    /// Rows after `seq`, oldest first; `limit` is cut to `limits.max_page`.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn audit_events(&self, after: u64, limit: usize) -> Result<Vec<AuditEvent>, Error> {
        let limit = limit.clamp(1, self.limits().max_page);
        Ok(self.inner.store.audit_after(after, limit).await?)
    }

    /// As many as can be read: none when the very next one cannot.
    async fn next_events(&self, after: u64) -> Result<Vec<AuditEvent>, Error> {
        let store = &self.inner.store;
        let unreadable = |e: StoreError| match e {
            StoreError::Corrupt { .. } => Ok(Vec::new()),
            other => Err(Error::Store(other)),
        };
        match store.audit_after(after, STEP).await {
            Err(StoreError::Corrupt { .. }) => store.audit_after(after, 1).await.or_else(unreadable),
            other => Ok(other?),
        }
    }
}
