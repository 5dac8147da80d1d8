//! The table `api_keys`. Only digests of secrets are here.

use sqlx::any::AnyRow;
use time::OffsetDateTime;

use crate::domain::digest::Digest;
use crate::domain::id::ApiKeyId;
use crate::domain::key::{ApiKey, Scope, Scopes};
use crate::store::codec::{Fields, time_out};
use crate::store::error::Error;
use crate::store::{Store, Tx};

macro_rules! columns {
    () => {
        "id, name, prefix, secret_sha256, scopes, created_at, revoked_at"
    };
}

const INSERT: &str = concat!("INSERT INTO api_keys (", columns!(), ") VALUES ($1, $2, $3, $4, $5, $6, $7)");
const BY_ID: &str = concat!("SELECT ", columns!(), " FROM api_keys WHERE id = $1");
const BY_SECRET: &str = concat!("SELECT ", columns!(), " FROM api_keys WHERE secret_sha256 = $1");
const ALL: &str = concat!("SELECT ", columns!(), " FROM api_keys ORDER BY id");
const REVOKE: &str = concat!(
    "UPDATE api_keys SET revoked_at = $2 WHERE id = $1 AND revoked_at IS NULL RETURNING ",
    columns!()
);

impl Tx {
    pub(crate) async fn insert_key(&mut self, key: &ApiKey, secret: Digest) -> Result<(), Error> {
        let scopes: Vec<&str> = key.scopes.iter().map(|s| s.id()).collect();
        sqlx::query(INSERT)
            .bind(key.id.to_string())
            .bind(key.name.as_str())
            .bind(key.prefix.as_str())
            .bind(secret.to_string())
            .bind(scopes.join(","))
            .bind(time_out(key.created_at))
            .bind(key.revoked_at.map(time_out))
            .execute(self.conn())
            .await?;
        Ok(())
    }

    /// `None` when there is no such key, or it was revoked before.
    pub(crate) async fn revoke_key(
        &mut self,
        id: ApiKeyId,
        at: OffsetDateTime,
    ) -> Result<Option<ApiKey>, Error> {
        let row =
            sqlx::query(REVOKE).bind(id.to_string()).bind(time_out(at)).fetch_optional(self.conn()).await?;
        row.as_ref().map(from_row).transpose()
    }
}

impl Store {
    pub(crate) async fn key(&self, id: ApiKeyId) -> Result<ApiKey, Error> {
        from_row(&sqlx::query(BY_ID).bind(id.to_string()).fetch_one(&mut *self.read().await?).await?)
    }

    /// The key whose secret has this digest, and the digest as it is stored; revoked ones too.
    pub(crate) async fn key_with_secret(&self, secret: Digest) -> Result<Option<(ApiKey, Digest)>, Error> {
        let row =
            sqlx::query(BY_SECRET).bind(secret.to_string()).fetch_optional(&mut *self.read().await?).await?;
        row.map(|row| Ok((from_row(&row)?, Fields::new(&row, "api_keys").parse("secret_sha256")?)))
            .transpose()
    }

    /// Oldest first.
    pub(crate) async fn keys(&self) -> Result<Vec<ApiKey>, Error> {
        let rows = sqlx::query(ALL).fetch_all(&mut *self.read().await?).await?;
        rows.iter().map(from_row).collect()
    }
}

fn from_row(row: &AnyRow) -> Result<ApiKey, Error> {
    let f = Fields::new(row, "api_keys");
    let scopes: Result<Scopes, _> = f.text("scopes")?.split(',').map(str::parse::<Scope>).collect();
    Ok(ApiKey {
        id: f.parse("id")?,
        name: f.text("name")?,
        prefix: f.text("prefix")?,
        scopes: scopes.map_err(|_| f.corrupt("scopes"))?,
        created_at: f.time("created_at")?,
        revoked_at: f.optional_time("revoked_at")?,
    })
}
