//! Accounts of the review desk and what each role may do.

use std::fmt;
use std::str::FromStr;

use time::OffsetDateTime;

use crate::domain::id::UserId;
use crate::domain::item::{RefError, SLUG, check};

/// A name that is no role.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a role; the roles are reviewer, lead, admin")]
pub struct UnknownRole(String);

/// Who may do what; each role may do all that the one before it may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Role {
    Reviewer,
    Lead,
    Admin,
}

/// One thing that needs permission.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Permission {
    /// See the inbox and items, claim, skip, decide and escalate what one has claimed.
    Review,
    /// Decide what a reviewer has escalated.
    DecideEscalated,
    /// Read the audit chain.
    ReadAudit,
    /// Add accounts and keys.
    ManageAccess,
}

impl Permission {
    pub const ALL: [Self; 4] = [Self::Review, Self::DecideEscalated, Self::ReadAudit, Self::ManageAccess];

    #[must_use]
    pub const fn id(self) -> &'static str {
        match self {
            Self::Review => "review",
            Self::DecideEscalated => "decide_escalated",
            Self::ReadAudit => "read_audit",
            Self::ManageAccess => "manage_access",
        }
    }

    /// The lowest role that has it: the whole matrix, since roles are ordered.
    #[must_use]
    pub const fn lowest_role(self) -> Role {
        match self {
            Self::Review => Role::Reviewer,
            Self::DecideEscalated | Self::ReadAudit => Role::Lead,
            Self::ManageAccess => Role::Admin,
        }
    }
}

impl fmt::Display for Permission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.id())
    }
}

impl Role {
    pub const ALL: [Self; 3] = [Self::Reviewer, Self::Lead, Self::Admin];

    #[must_use]
    pub const fn id(self) -> &'static str {
        match self {
            Self::Reviewer => "reviewer",
            Self::Lead => "lead",
            Self::Admin => "admin",
        }
    }

    #[must_use]
    pub fn may(self, permission: Permission) -> bool {
        self >= permission.lowest_role()
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.id())
    }
}

impl FromStr for Role {
    type Err = UnknownRole;

    fn from_str(s: &str) -> Result<Self, UnknownRole> {
        Self::ALL.into_iter().find(|r| r.id() == s).ok_or_else(|| UnknownRole(s.chars().take(64).collect()))
    }
}

/// The name one signs in with: 1 to 64 characters of a-z, 0-9, `.`, `_`, `-`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct UserName(String);

impl UserName {
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for UserName {
    type Err = RefError;

    fn from_str(s: &str) -> Result<Self, RefError> {
        check(s, "user name", 64, SLUG)?;
        Ok(Self(s.to_owned()))
    }
}

impl fmt::Display for UserName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// An account of the review desk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    pub id: UserId,
    pub name: UserName,
    pub role: Role,
    pub created_at: OffsetDateTime,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_matrix_is_what_the_docs_say() {
        let may = |role: Role| Permission::ALL.map(|p| role.may(p));
        assert_eq!(may(Role::Reviewer), [true, false, false, false]);
        assert_eq!(may(Role::Lead), [true, true, true, false]);
        assert_eq!(may(Role::Admin), [true; 4]);
    }

    #[test]
    fn every_role_parses_back() {
        for role in Role::ALL {
            assert_eq!(role.id().parse(), Ok(role));
        }
    }
}
