//! The table `sessions`. Only digests of tokens are here: whoever reads the table cannot sign in with it.

use time::OffsetDateTime;

use crate::domain::digest::Digest;
use crate::domain::id::{SessionId, UserId};
use crate::domain::user::User;
use crate::store::codec::{Fields, time_out};
use crate::store::error::Error;
use crate::store::users::from_row;
use crate::store::{Store, Tx};

const INSERT: &str =
    "INSERT INTO sessions (id, token_sha256, user_id, created_at, expires_at) VALUES ($1, $2, $3, $4, $5)";
const BY_TOKEN: &str = "SELECT s.id AS session_id, s.token_sha256, u.id, u.name, u.role, u.created_at \
    FROM sessions s JOIN users u ON u.id = s.user_id WHERE s.token_sha256 = $1 AND s.expires_at > $2";
const DELETE: &str = "DELETE FROM sessions WHERE id = $1";
const DELETE_EXPIRED: &str = "DELETE FROM sessions WHERE expires_at <= $1";

/// A session to be stored.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SessionRow {
    pub(crate) id: SessionId,
    pub(crate) token: Digest,
    pub(crate) user: UserId,
    pub(crate) created_at: OffsetDateTime,
    pub(crate) expires_at: OffsetDateTime,
}

impl Tx {
    pub(crate) async fn insert_session(&mut self, s: &SessionRow) -> Result<(), Error> {
        sqlx::query(INSERT)
            .bind(s.id.to_string())
            .bind(s.token.to_string())
            .bind(s.user.to_string())
            .bind(time_out(s.created_at))
            .bind(time_out(s.expires_at))
            .execute(self.conn())
            .await?;
        Ok(())
    }

    /// Whether there was one.
    pub(crate) async fn delete_session(&mut self, id: SessionId) -> Result<bool, Error> {
        let done = sqlx::query(DELETE).bind(id.to_string()).execute(self.conn()).await?;
        Ok(done.rows_affected() > 0)
    }

    pub(crate) async fn delete_expired_sessions(&mut self, now: OffsetDateTime) -> Result<(), Error> {
        sqlx::query(DELETE_EXPIRED).bind(time_out(now)).execute(self.conn()).await?;
        Ok(())
    }
}

impl Store {
    /// The session, the stored digest and the account, if it has not run out.
    pub(crate) async fn session(
        &self,
        token: Digest,
        now: OffsetDateTime,
    ) -> Result<Option<(SessionId, Digest, User)>, Error> {
        let row = sqlx::query(BY_TOKEN)
            .bind(token.to_string())
            .bind(time_out(now))
            .fetch_optional(&mut *self.read().await?)
            .await?;
        let Some(row) = row else { return Ok(None) };
        let f = Fields::new(&row, "sessions");
        Ok(Some((f.parse("session_id")?, f.parse("token_sha256")?, from_row(&row)?)))
    }
}
