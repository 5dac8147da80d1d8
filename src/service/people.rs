//! Accounts and sessions of the review desk.

use secrecy::SecretString;
use time::OffsetDateTime;

use crate::domain::audit::Actor;
use crate::domain::user::{Role, User, UserName};
use crate::service::Service;
use crate::service::access::SignedIn;
use crate::service::error::Error;

/// A session as it is handed to the browser, once; only the digest of its token is stored.
#[derive(Debug)]
pub struct NewSession {
    /// 43 characters of URL-safe base64 (256 random bits).
    pub token: SecretString,
    pub signed_in: SignedIn,
    pub expires_at: OffsetDateTime,
}

impl Service {
    /// Adds an account. `actor` is who adds it: [`Actor::Operator`] on the command line.
    ///
    /// # Errors
    /// [`Error::NameTaken`], [`Error::PasswordTooShort`], [`Error::PasswordTooLong`], [`Error::Hash`], [`Error::Store`].
    pub async fn add_user(
        &self,
        actor: Actor,
        name: UserName,
        password: SecretString,
        role: Role,
    ) -> Result<User, Error> {
        let _ = (actor, name, password, role);
        todo!()
    }

    /// All accounts, by name.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn users(&self) -> Result<Vec<User>, Error> {
        todo!()
    }

    /// Takes the name as it was typed: one that no account can have is answered like any other wrong one.
    ///
    /// # Errors
    /// [`Error::BadCredentials`], [`Error::Hash`], [`Error::Store`].
    pub async fn log_in(&self, name: &str, password: SecretString) -> Result<NewSession, Error> {
        let _ = (name, password);
        todo!()
    }

    /// Who the token belongs to.
    ///
    /// # Errors
    /// [`Error::NotSignedIn`] or [`Error::Store`].
    pub async fn session(&self, token: &SecretString) -> Result<SignedIn, Error> {
        let _ = token;
        todo!()
    }

    /// # Errors
    /// [`Error::Store`].
    pub async fn log_out(&self, by: &SignedIn) -> Result<(), Error> {
        let _ = by;
        todo!()
    }
}
