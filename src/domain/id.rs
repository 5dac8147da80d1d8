//! Identifiers: one newtype per noun, so that an item's id cannot be passed where a job's is wanted.
//!
//! Ids are UUIDv7, so they sort by time. They are minted where the clock lives (`service::clock`);
//! here they are only wrapped, parsed and printed.

use std::fmt;
use std::str::FromStr;

use uuid::Uuid;

/// The string is not a UUID.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{given}` is not a {kind} id: expected a UUID such as 0190b6c2-7b1e-7cc0-8000-000000000000")]
pub struct IdError {
    kind: &'static str,
    given: String,
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident = $kind:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(Uuid);

        impl $name {
            #[must_use]
            pub const fn from_uuid(uuid: Uuid) -> Self {
                Self(uuid)
            }

            #[must_use]
            pub const fn as_uuid(self) -> Uuid {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = IdError;

            fn from_str(s: &str) -> Result<Self, IdError> {
                Uuid::parse_str(s)
                    .map(Self)
                    .map_err(|_| IdError { kind: $kind, given: s.chars().take(64).collect() })
            }
        }
    )*};
}

ids! {
    /// What a platform sent.
    ItemId = "item";
    /// The machine's stored assessment of an item.
    ModerationId = "moderation";
    /// One thing for a person to decide.
    ReviewJobId = "review job";
    /// What a person decided.
    DecisionId = "decision";
    /// A person's flag.
    ReportId = "report";
    /// One row of the audit chain.
    AuditEventId = "audit event";
    /// An account of the review desk.
    UserId = "user";
    /// A signed-in browser.
    SessionId = "session";
    /// A platform's credential.
    ApiKeyId = "API key";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_prints_what_it_was_parsed_from() {
        let s = "0190b6c2-7b1e-7cc0-8000-000000000000";
        assert_eq!(s.parse::<ItemId>().expect("valid").to_string(), s);
    }

    #[test]
    fn a_bad_id_names_its_kind() {
        let error = "x".parse::<ApiKeyId>().expect_err("invalid");
        assert!(error.to_string().contains("API key id"), "{error}");
    }
}
