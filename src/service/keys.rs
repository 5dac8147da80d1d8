//! Credentials of platforms: made, listed, revoked and checked. Secrets are shown once and not stored.

use secrecy::SecretString;

use crate::domain::audit::Actor;
use crate::domain::id::ApiKeyId;
use crate::domain::key::{ApiKey, Scopes};
use crate::service::Service;
use crate::service::access::ApiClient;
use crate::service::error::Error;

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
        let _ = (actor, name, scopes);
        todo!()
    }

    /// All keys, revoked ones too, oldest first.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn keys(&self) -> Result<Vec<ApiKey>, Error> {
        todo!()
    }

    /// Takes effect with the next request. Revoking twice changes nothing.
    ///
    /// # Errors
    /// [`Error::NotFound`] or [`Error::Store`].
    pub async fn revoke_key(&self, actor: Actor, id: ApiKeyId) -> Result<ApiKey, Error> {
        let _ = (actor, id);
        todo!()
    }

    /// Whose secret this is.
    ///
    /// # Errors
    /// [`Error::BadKey`] or [`Error::Store`].
    pub async fn authenticate(&self, secret: &SecretString) -> Result<ApiClient, Error> {
        let _ = secret;
        todo!()
    }
}
