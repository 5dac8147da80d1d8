//! Random secrets: sessions and keys. Handed out once; only their SHA-256 is stored. A fast digest is
//! enough, since there are 256 random bits to guess.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rand::TryRng as _;
use rand::rngs::SysRng;
use secrecy::{ExposeSecret as _, SecretString};
use subtle::ConstantTimeEq as _;

use crate::domain::digest::Digest;
use crate::service::error::Error;

/// `prefix` and 43 characters of URL-safe base64: 256 bits from the operating system.
pub(super) fn random(prefix: &str) -> Result<SecretString, Error> {
    let mut bytes = [0; 32];
    SysRng.try_fill_bytes(&mut bytes).map_err(|e| Error::Randomness(e.to_string()))?;
    Ok(SecretString::from(format!("{prefix}{}", URL_SAFE_NO_PAD.encode(bytes))))
}

pub(super) fn digest(secret: &SecretString) -> Digest {
    Digest::of(secret.expose_secret().as_bytes())
}

/// In a time that does not depend on where they differ.
pub(super) fn same(a: Digest, b: Digest) -> bool {
    a.as_bytes().ct_eq(b.as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_long_and_differ() {
        let a = random("cv_").expect("randomness");
        let b = random("cv_").expect("randomness");
        assert_eq!(a.expose_secret().len(), 46);
        assert!(!same(digest(&a), digest(&b)));
        assert!(same(digest(&a), digest(&a.clone())));
    }
}
