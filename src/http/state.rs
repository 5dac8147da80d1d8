//! What every handler may use.

use std::time::Duration;

use axum::extract::FromRef;
use axum_extra::extract::cookie::Key;

use crate::service::Service;
use crate::telemetry::metrics::Recorder;

/// Who may use the API.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Whoever has a key.
    Keys,
    /// Anybody on this machine: `serve --dev`. Requests must name a loopback host, so that a web page
    /// cannot reach the service through a name of its own.
    Keyless,
}

/// The plain settings of this layer.
#[derive(Debug, Clone, Copy)]
pub struct Settings {
    pub access: Access,
    pub request_timeout: Duration,
    pub max_body_bytes: usize,
    /// Whether cookies are sent over TLS only.
    pub secure_cookie: bool,
}

/// Shared by all requests; a cheap clone.
#[derive(Debug, Clone)]
pub struct AppState {
    pub service: Service,
    pub settings: Settings,
    /// Signs the cookies of the review desk.
    pub cookie_key: CookieKey,
    pub recorder: Recorder,
}

/// A cookie key that does not print itself.
#[derive(Clone)]
pub struct CookieKey(Key);

/// The bytes are too few to make a key of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a cookie key is {len} bytes at least, got {got}", len = CookieKey::LEN)]
pub struct CookieKeyError {
    got: usize,
}

impl CookieKey {
    /// In bytes.
    pub const LEN: usize = 64;

    /// A new one from the operating system's randomness.
    #[must_use]
    pub fn generate() -> Self {
        Self(Key::generate())
    }

    /// One that was stored.
    ///
    /// # Errors
    /// When `bytes` are fewer than [`CookieKey::LEN`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, CookieKeyError> {
        Key::try_from(bytes).map(Self).map_err(|_| CookieKeyError { got: bytes.len() })
    }

    /// For storing it.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.0.master()
    }
}

impl std::fmt::Debug for CookieKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("CookieKey(…)")
    }
}

impl FromRef<AppState> for Key {
    fn from_ref(state: &AppState) -> Self {
        state.cookie_key.0.clone()
    }
}
