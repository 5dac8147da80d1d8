//! Credentials of platforms: made, listed, revoked and checked. Secrets are shown once and not stored.

use secrecy::{ExposeSecret as _, SecretString};

use crate::domain::audit::{Actor, AuditEntry, AuditKind};
use crate::domain::id::ApiKeyId;
use crate::domain::key::{ApiKey, Scopes};
use crate::service::access::ApiClient;
use crate::service::error::{Error, missing};
use crate::service::{Service, secret};

/// Makes a leaked secret easy to find by machine.
const PREFIX: &str = "cv_";
/// Characters of a secret that are stored, to tell keys apart: 36 of its 256 random bits.
const SHOWN: usize = PREFIX.len() + 6;
/// Characters of a key's name.
const MAX_NAME: usize = 100;

impl Service {
    /// The key, and its secret: `cv_` and 43 characters of URL-safe base64 (256 random bits).
    ///
    /// # Errors
    /// [`Error::BadName`], [`Error::NoScope`], [`Error::Randomness`], [`Error::Store`].
    pub async fn create_key(
        &self,
        actor: Actor,
        name: &str,
        scopes: Scopes,
    ) -> Result<(ApiKey, SecretString), Error> {
        let name = name.trim();
        let got = name.chars().count();
        if !(1..=MAX_NAME).contains(&got) || name.chars().any(char::is_control) {
            return Err(Error::BadName { got, limit: MAX_NAME });
        }
        if scopes.is_empty() {
            return Err(Error::NoScope);
        }
        let secret = secret::random(PREFIX)?;
        let key = ApiKey {
            id: ApiKeyId::from_uuid(self.clock().mint()),
            name: name.to_owned(),
            prefix: secret.expose_secret().chars().take(SHOWN).collect(),
            scopes,
            created_at: self.clock().now(),
            revoked_at: None,
        };
        let mut tx = self.inner.store.begin().await?;
        tx.insert_key(&key, secret::digest(&secret)).await?;
        let scopes: Vec<&str> = key.scopes.iter().map(|s| s.id()).collect();
        let entry = AuditEntry::new(key.created_at, actor, AuditKind::KeyCreated, key.id)
            .with("scopes", scopes.join(","));
        tx.append_audit(vec![entry]).await?;
        tx.commit().await?;
        Ok((key, secret))
    }

    /// All keys, revoked ones too, oldest first.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn keys(&self) -> Result<Vec<ApiKey>, Error> {
        Ok(self.inner.store.keys().await?)
    }

    /// Takes effect with the next request. Revoking twice changes nothing.
    ///
    /// # Errors
    /// [`Error::NotFound`] or [`Error::Store`].
    pub async fn revoke_key(&self, actor: Actor, id: ApiKeyId) -> Result<ApiKey, Error> {
        let now = self.clock().now();
        let mut tx = self.inner.store.begin().await?;
        let Some(key) = tx.revoke_key(id, now).await? else {
            drop(tx);
            return self.inner.store.key(id).await.map_err(missing("API key"));
        };
        tx.append_audit(vec![AuditEntry::new(now, actor, AuditKind::KeyRevoked, id)]).await?;
        tx.commit().await?;
        Ok(key)
    }

    /// Whose secret this is.
    ///
    /// # Errors
    /// [`Error::BadKey`] or [`Error::Store`].
    pub async fn authenticate(&self, secret: &SecretString) -> Result<ApiClient, Error> {
        let digest = secret::digest(secret);
        match self.inner.store.key_with_secret(digest).await? {
            Some((key, stored)) if secret::same(digest, stored) && key.revoked_at.is_none() => {
                Ok(ApiClient { key_id: Some(key.id), name: key.name, scopes: key.scopes })
            }
            _ => Err(Error::BadKey),
        }
    }
}
