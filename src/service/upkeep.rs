//! What should be done now and then while the service runs; nothing breaks if it is not.

use crate::service::Service;
use crate::service::error::Error;

impl Service {
    /// Opens claims that ran out, and forgets sessions and idempotency keys that did. Once a minute is plenty.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn tidy_up(&self) -> Result<(), Error> {
        self.expire_claims().await?;
        let now = self.clock().now();
        let mut tx = self.inner.store.begin().await?;
        tx.delete_expired_sessions(now).await?;
        tx.forget_old_requests(self.remembered_since(now)).await?;
        Ok(tx.commit().await?)
    }
}
