//! Who is asking: a platform with a key, or a person who is signed in.

use crate::domain::audit::Actor;
use crate::domain::id::{ApiKeyId, SessionId, UserId};
use crate::domain::key::{Scope, Scopes};
use crate::domain::user::{Permission, User};
use crate::service::error::Error;

/// A platform, known by its key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiClient {
    /// `None` for the keyless client of `--dev`.
    pub key_id: Option<ApiKeyId>,
    pub name: String,
    pub scopes: Scopes,
}

impl ApiClient {
    /// The client of `--dev`, which needs no key and may do all that keys may.
    #[must_use]
    pub fn keyless() -> Self {
        Self { key_id: None, name: "dev".to_owned(), scopes: Scope::ALL.into() }
    }

    /// # Errors
    /// [`Error::MissingScope`].
    pub fn require(&self, needs: Scope) -> Result<(), Error> {
        if self.scopes.contains(&needs) { Ok(()) } else { Err(Error::MissingScope { needs }) }
    }

    pub(crate) fn actor(&self) -> Actor {
        self.key_id.map_or(Actor::Operator, Actor::Key)
    }
}

/// A person who is signed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedIn {
    pub session_id: SessionId,
    pub user: User,
}

impl SignedIn {
    #[must_use]
    pub const fn id(&self) -> UserId {
        self.user.id
    }

    /// # Errors
    /// [`Error::NotPermitted`].
    pub fn require(&self, needs: Permission) -> Result<(), Error> {
        if self.user.role.may(needs) { Ok(()) } else { Err(Error::NotPermitted { needs }) }
    }

    pub(crate) const fn actor(&self) -> Actor {
        Actor::User(self.user.id)
    }
}
