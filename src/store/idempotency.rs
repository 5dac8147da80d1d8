//! The table `idempotency_keys`: which request a client's key stood for, and the ids of its answer.

use time::OffsetDateTime;

use crate::domain::digest::Digest;
use crate::store::codec::{Fields, time_out};
use crate::store::error::Error;
use crate::store::{Store, Tx};

const FIND: &str = "SELECT request_sha256, answer FROM idempotency_keys \
    WHERE client = $1 AND key = $2 AND created_at > $3";
const FORGET: &str = "DELETE FROM idempotency_keys WHERE client = $1 AND key = $2 AND created_at <= $3";
const FORGET_OLD: &str = "DELETE FROM idempotency_keys WHERE created_at <= $1";
const INSERT: &str = "INSERT INTO idempotency_keys (client, key, request_sha256, answer, created_at) \
    VALUES ($1, $2, $3, $4, $5) ON CONFLICT (client, key) DO NOTHING";

/// A client's name for one of its requests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RequestName {
    pub(crate) client: String,
    pub(crate) key: String,
    pub(crate) request: Digest,
}

/// What was answered to a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StoredAnswer {
    pub(crate) request: Digest,
    pub(crate) answer: String,
}

impl Tx {
    /// Whether the name was free (or `since` is later than its use); it now stands for this answer. The
    /// first thing to do in a transaction: another one with the same name waits here until this one ends.
    pub(crate) async fn take_request_name(
        &mut self,
        name: &RequestName,
        answer: &str,
        now: OffsetDateTime,
        since: OffsetDateTime,
    ) -> Result<bool, Error> {
        sqlx::query(FORGET)
            .bind(name.client.as_str())
            .bind(name.key.as_str())
            .bind(time_out(since))
            .execute(self.conn())
            .await?;
        let done = sqlx::query(INSERT)
            .bind(name.client.as_str())
            .bind(name.key.as_str())
            .bind(name.request.to_string())
            .bind(answer)
            .bind(time_out(now))
            .execute(self.conn())
            .await?;
        Ok(done.rows_affected() == 1)
    }

    pub(crate) async fn forget_old_requests(&mut self, since: OffsetDateTime) -> Result<(), Error> {
        sqlx::query(FORGET_OLD).bind(time_out(since)).execute(self.conn()).await?;
        Ok(())
    }
}

impl Store {
    pub(crate) async fn answered_request(
        &self,
        name: &RequestName,
        since: OffsetDateTime,
    ) -> Result<Option<StoredAnswer>, Error> {
        let row = sqlx::query(FIND)
            .bind(name.client.as_str())
            .bind(name.key.as_str())
            .bind(time_out(since))
            .fetch_optional(&mut *self.read().await?)
            .await?;
        let Some(row) = row else { return Ok(None) };
        let f = Fields::new(&row, "idempotency_keys");
        Ok(Some(StoredAnswer { request: f.parse("request_sha256")?, answer: f.text("answer")? }))
    }
}
