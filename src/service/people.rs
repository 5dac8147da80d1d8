//! Accounts and sessions of the review desk.

use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _};
use argon2::{Algorithm, Argon2, Params, Version};
use secrecy::{ExposeSecret as _, SecretString};
use time::OffsetDateTime;

use crate::domain::audit::{Actor, AuditEntry, AuditKind};
use crate::domain::id::{SessionId, UserId};
use crate::domain::user::{Role, User, UserName};
use crate::service::access::SignedIn;
use crate::service::error::Error;
use crate::service::{Service, secret};
use crate::store::error::Error as StoreError;
use crate::store::sessions::SessionRow;

/// Memory in KiB, passes and lanes of Argon2id: the second choice of OWASP's password storage cheat
/// sheet. Stored with each hash, so raising them later leaves old passwords valid.
const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
const LANES: u32 = 1;

/// Longer ones only make the server work.
const MAX_PASSWORD_BYTES: usize = 1024;

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
        let (got, least) = (password.expose_secret().chars().count(), self.limits().min_password_chars);
        if got < least {
            return Err(Error::PasswordTooShort { got, least });
        }
        let (got, limit) = (password.expose_secret().len(), MAX_PASSWORD_BYTES);
        if got > limit {
            return Err(Error::PasswordTooLong { got, limit });
        }
        let hash = self.on_hashing_thread(move || hash(&password)).await??;
        let created_at = self.clock().now();
        let user = User { id: UserId::from_uuid(self.clock().mint()), name, role, created_at };
        let mut tx = self.inner.store.begin().await?;
        tx.insert_user(&user, &hash).await.map_err(|e| match e {
            StoreError::Conflict => Error::NameTaken,
            other => Error::Store(other),
        })?;
        let entry = AuditEntry::new(created_at, actor, AuditKind::UserAdded, user.id).with("role", role);
        tx.append_audit(vec![entry]).await?;
        tx.commit().await?;
        Ok(user)
    }

    /// All accounts, by name.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn users(&self) -> Result<Vec<User>, Error> {
        Ok(self.inner.store.users().await?)
    }

    /// Takes the name as it was typed: one that no account can have is answered like any other wrong one.
    ///
    /// # Errors
    /// [`Error::BadCredentials`], [`Error::Hash`], [`Error::Randomness`], [`Error::Store`].
    pub async fn log_in(&self, name: &str, password: SecretString) -> Result<NewSession, Error> {
        if password.expose_secret().len() > MAX_PASSWORD_BYTES {
            return Err(Error::BadCredentials);
        }
        let found = match name.parse::<UserName>() {
            Ok(name) => self.inner.store.user_named(&name).await?,
            Err(_) => None,
        };
        let (user, stored) = found.unzip();
        let right = self.on_hashing_thread(move || verify(&password, stored.as_deref())).await??;
        let user = user.filter(|_| right).ok_or(Error::BadCredentials)?;
        self.open_session(user).await
    }

    /// Who the token belongs to.
    ///
    /// # Errors
    /// [`Error::NotSignedIn`] or [`Error::Store`].
    pub async fn session(&self, token: &SecretString) -> Result<SignedIn, Error> {
        let digest = secret::digest(token);
        match self.inner.store.session(digest, self.clock().now()).await? {
            Some((session_id, stored, user)) if secret::same(digest, stored) => {
                Ok(SignedIn { session_id, user })
            }
            _ => Err(Error::NotSignedIn),
        }
    }

    /// # Errors
    /// [`Error::Store`].
    pub async fn log_out(&self, by: &SignedIn) -> Result<(), Error> {
        let mut tx = self.inner.store.begin().await?;
        if tx.delete_session(by.session_id).await? {
            let entry = AuditEntry::new(self.clock().now(), by.actor(), AuditKind::SignedOut, by.id());
            tx.append_audit(vec![entry]).await?;
        }
        Ok(tx.commit().await?)
    }

    async fn open_session(&self, user: User) -> Result<NewSession, Error> {
        let token = secret::random("")?;
        let now = self.clock().now();
        let signed_in = SignedIn { session_id: SessionId::from_uuid(self.clock().mint()), user };
        let expires_at = now + self.limits().session_ttl;
        let row = SessionRow {
            id: signed_in.session_id,
            token: secret::digest(&token),
            user: signed_in.id(),
            created_at: now,
            expires_at,
        };
        let mut tx = self.inner.store.begin().await?;
        tx.delete_expired_sessions(now).await?;
        tx.insert_session(&row).await?;
        let entry = AuditEntry::new(now, signed_in.actor(), AuditKind::SignedIn, signed_in.id());
        tx.append_audit(vec![entry]).await?;
        tx.commit().await?;
        Ok(NewSession { token, signed_in, expires_at })
    }

    async fn on_hashing_thread<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Error> {
        let _turn = self.inner.hashing.acquire().await.map_err(|e| Error::Hash(e.to_string()))?;
        tokio::task::spawn_blocking(work).await.map_err(|e| Error::Hash(e.to_string()))
    }
}

fn argon2() -> Result<Argon2<'static>, Error> {
    let params = Params::new(MEMORY_KIB, PASSES, LANES, None).map_err(|e| Error::Hash(e.to_string()))?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

fn hash(password: &SecretString) -> Result<String, Error> {
    let hash = argon2()?.hash_password(password.expose_secret().as_bytes());
    Ok(hash.map_err(|e| Error::Hash(e.to_string()))?.to_string())
}

/// Without a stored hash it makes one and forgets it: an unknown name must take as long as a wrong password.
fn verify(password: &SecretString, stored: Option<&str>) -> Result<bool, Error> {
    let Some(stored) = stored else {
        hash(password)?;
        return Ok(false);
    };
    Ok(argon2()?.verify_password(password.expose_secret().as_bytes(), stored).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_names_its_parameters_and_verifies() {
        let password = SecretString::from("correct horse");
        let stored = hash(&password).expect("hashed");
        assert!(stored.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{stored}");
        assert!(verify(&password, Some(&stored)).expect("checked"));
        assert!(!verify(&SecretString::from("wrong"), Some(&stored)).expect("checked"));
        assert!(!verify(&password, None).expect("checked"));
    }
}
