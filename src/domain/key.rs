//! A platform's credential, without its secret.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use time::OffsetDateTime;

use crate::domain::id::ApiKeyId;

/// A name that is no scope.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a scope; the scopes are moderate, report")]
pub struct UnknownScope(String);

/// What a key may be used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Scope {
    /// Send texts and items, read back what became of them.
    Moderate,
    /// Send people's reports.
    Report,
}

impl Scope {
    pub const ALL: [Self; 2] = [Self::Moderate, Self::Report];

    #[must_use]
    pub const fn id(self) -> &'static str {
        match self {
            Self::Moderate => "moderate",
            Self::Report => "report",
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.id())
    }
}

impl FromStr for Scope {
    type Err = UnknownScope;

    fn from_str(s: &str) -> Result<Self, UnknownScope> {
        Self::ALL.into_iter().find(|k| k.id() == s).ok_or_else(|| UnknownScope(s.chars().take(64).collect()))
    }
}

/// Several scopes; prints as `moderate,report`.
pub type Scopes = BTreeSet<Scope>;

/// A key as it may be shown: never its secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKey {
    pub id: ApiKeyId,
    /// Whose it is, in the operator's words; 1 to 100 characters.
    pub name: String,
    /// The first characters of the secret, enough to tell keys apart: `cv_` and six more.
    pub prefix: String,
    pub scopes: Scopes,
    pub created_at: OffsetDateTime,
    pub revoked_at: Option<OffsetDateTime>,
}
