//! What a platform sends, and the little we keep of it.

use std::fmt;
use std::str::FromStr;

use time::OffsetDateTime;

use crate::domain::digest::Digest;
use crate::domain::id::ItemId;
use crate::domain::text::Text;

/// Why a string is not a name or reference of an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RefError {
    #[error("{what} is empty; leave it out instead")]
    Empty { what: &'static str },
    #[error("{what} is {got} characters, the limit is {limit}; shorten it")]
    TooLong { what: &'static str, got: usize, limit: usize },
    #[error("{what} may hold only {allowed}")]
    Forbidden { what: &'static str, allowed: &'static str },
}

/// Checks length in characters, then each character.
pub(in crate::domain) fn check(
    s: &str,
    what: &'static str,
    limit: usize,
    allowed: (fn(char) -> bool, &'static str),
) -> Result<(), RefError> {
    let got = s.chars().count();
    if got == 0 {
        return Err(RefError::Empty { what });
    }
    if got > limit {
        return Err(RefError::TooLong { what, got, limit });
    }
    if !s.chars().all(allowed.0) {
        return Err(RefError::Forbidden { what, allowed: allowed.1 });
    }
    Ok(())
}

pub(in crate::domain) const SLUG: (fn(char) -> bool, &str) = (
    |c| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '.' | '_' | '-'),
    "a-z, 0-9, `.`, `_` and `-`",
);
const PRINTABLE: (fn(char) -> bool, &str) = (|c| !c.is_control(), "printable characters");

/// Strings of bounded length in allowed characters; each says below how it may be printed.
macro_rules! references {
    ($($(#[$attribute:meta])* $name:ident = $what:literal, $limit:literal, $allowed:expr;)*) => {$(
        $(#[$attribute])*
        pub struct $name(String);

        impl $name {
            /// In characters.
            pub const LIMIT: usize = $limit;

            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = RefError;

            fn from_str(s: &str) -> Result<Self, RefError> {
                check(s, $what, $limit, $allowed)?;
                Ok(Self(s.to_owned()))
            }
        }
    )*};
}

references! {
    /// Where an item comes from, as the platform names it: a slug such as `forum` or `comments.de`.
    #[derive(Debug, Clone, PartialEq, Eq, Hash)]
    Source = "source", 64, SLUG;
    /// The platform's own id of the item.
    #[derive(Debug, Clone, PartialEq, Eq, Hash)]
    ExternalId = "external_id", 200, PRINTABLE;
    /// The platform's opaque handle of an author. Handed back to reviewers and to nobody else: never
    /// indexed, never counted, never searched by. It has no order and no hash on purpose.
    #[derive(Clone, PartialEq, Eq)]
    AuthorRef = "author", 200, PRINTABLE;
    /// The platform's opaque handle of whoever reported an item; treated like [`AuthorRef`].
    #[derive(Clone, PartialEq, Eq)]
    ReporterRef = "reporter", 200, PRINTABLE;
}

macro_rules! shown {
    ($($name:ident)*) => {$(
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    )*};
}

macro_rules! hidden {
    ($($name:ident)*) => {$(
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), "(…)"))
            }
        }
    )*};
}

shown! { Source ExternalId }
hidden! { AuthorRef ReporterRef }

/// The text, or what is left of one that was not kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ItemText {
    Kept(Text),
    /// Not flagged, so not kept: only the digest and the length in bytes remain.
    Forgotten {
        sha256: Digest,
        bytes: usize,
    },
}

impl ItemText {
    #[must_use]
    pub fn kept(&self) -> Option<&Text> {
        match self {
            Self::Kept(text) => Some(text),
            Self::Forgotten { .. } => None,
        }
    }

    #[must_use]
    pub fn sha256(&self) -> Digest {
        match self {
            Self::Kept(text) => Digest::of(text.as_str().as_bytes()),
            Self::Forgotten { sha256, .. } => *sha256,
        }
    }

    /// Length in bytes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        match self {
            Self::Kept(text) => text.as_str().len(),
            Self::Forgotten { bytes, .. } => *bytes,
        }
    }
}

/// What a platform sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    pub id: ItemId,
    pub text: ItemText,
    pub source: Option<Source>,
    pub external_id: Option<ExternalId>,
    /// Kept only with the text.
    pub author: Option<AuthorRef>,
    /// The text that this one answers, for the reviewer. Not assessed; kept only with the text.
    pub context: Option<Text>,
    pub at: OffsetDateTime,
}

impl Item {
    /// The same item without what somebody wrote and who wrote it.
    #[must_use]
    pub fn forget_text(self) -> Self {
        let text = ItemText::Forgotten { sha256: self.text.sha256(), bytes: self.text.bytes() };
        Self { text, author: None, context: None, ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_bounded() {
        assert!("forum.de-1".parse::<Source>().is_ok());
        assert!(matches!("Forum".parse::<Source>(), Err(RefError::Forbidden { .. })));
        assert!(matches!("".parse::<ExternalId>(), Err(RefError::Empty { .. })));
        let long = "x".repeat(201);
        assert!(matches!(long.parse::<AuthorRef>(), Err(RefError::TooLong { got: 201, limit: 200, .. })));
    }

    #[test]
    fn debug_hides_people() {
        let author: AuthorRef = "somebody".parse().expect("valid");
        assert_eq!(format!("{author:?}"), "AuthorRef(…)");
    }
}
