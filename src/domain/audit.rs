//! Who did what, when: an append-only chain in which each row carries the hash of the one before.
//!
//! The rule. A row's hash is SHA-256 over these parts, each preceded by its length as eight
//! big-endian bytes: `countervail audit 1`, the sequence number, the time in microseconds since 1970
//! (both as eight big-endian bytes, two's complement), actor, kind, subject, the number of details,
//! each detail's name and value in order of name, and the 32 bytes of the hash before. The first row
//! follows 32 zero bytes. Whoever changes, drops, adds or reorders a row must recompute every later
//! one, and the last hash no longer is the one that was written down elsewhere.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use time::OffsetDateTime;

use crate::domain::digest::{Canonical, Digest};
use crate::domain::id::{ApiKeyId, UserId};

/// A stored name that is none of ours.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{given}` is not an audit {what}")]
pub struct UnknownAuditName {
    what: &'static str,
    given: String,
}

/// Who acted, by an opaque id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Actor {
    /// The service itself, e.g. when a claim runs out.
    System,
    /// Whoever sits at the machine: the command line, or a client of `--dev`, which has no key.
    Operator,
    User(UserId),
    Key(ApiKeyId),
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::System => f.write_str("system"),
            Self::Operator => f.write_str("operator"),
            Self::User(id) => write!(f, "user:{id}"),
            Self::Key(id) => write!(f, "key:{id}"),
        }
    }
}

impl FromStr for Actor {
    type Err = UnknownAuditName;

    fn from_str(s: &str) -> Result<Self, UnknownAuditName> {
        let unknown = || UnknownAuditName { what: "actor", given: s.chars().take(64).collect() };
        match s.split_once(':') {
            None if s == "system" => Ok(Self::System),
            None if s == "operator" => Ok(Self::Operator),
            Some(("user", id)) => id.parse().map(Self::User).map_err(|_| unknown()),
            Some(("key", id)) => id.parse().map(Self::Key).map_err(|_| unknown()),
            _ => Err(unknown()),
        }
    }
}

/// What was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum AuditKind {
    ItemFlagged,
    ItemReported,
    JobClaimed,
    JobSkipped,
    ClaimExpired,
    JobDecided,
    JobEscalated,
    /// A reviewer asked to see the text.
    TextRevealed,
    UserAdded,
    SignedIn,
    SignedOut,
    KeyCreated,
    KeyRevoked,
}

impl AuditKind {
    pub const ALL: [Self; 13] = [
        Self::ItemFlagged,
        Self::ItemReported,
        Self::JobClaimed,
        Self::JobSkipped,
        Self::ClaimExpired,
        Self::JobDecided,
        Self::JobEscalated,
        Self::TextRevealed,
        Self::UserAdded,
        Self::SignedIn,
        Self::SignedOut,
        Self::KeyCreated,
        Self::KeyRevoked,
    ];

    #[must_use]
    pub const fn id(self) -> &'static str {
        match self {
            Self::ItemFlagged => "item_flagged",
            Self::ItemReported => "item_reported",
            Self::JobClaimed => "job_claimed",
            Self::JobSkipped => "job_skipped",
            Self::ClaimExpired => "claim_expired",
            Self::JobDecided => "job_decided",
            Self::JobEscalated => "job_escalated",
            Self::TextRevealed => "text_revealed",
            Self::UserAdded => "user_added",
            Self::SignedIn => "signed_in",
            Self::SignedOut => "signed_out",
            Self::KeyCreated => "key_created",
            Self::KeyRevoked => "key_revoked",
        }
    }
}

impl fmt::Display for AuditKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.id())
    }
}

impl FromStr for AuditKind {
    type Err = UnknownAuditName;

    fn from_str(s: &str) -> Result<Self, UnknownAuditName> {
        let unknown = || UnknownAuditName { what: "kind", given: s.chars().take(64).collect() };
        Self::ALL.into_iter().find(|k| k.id() == s).ok_or_else(unknown)
    }
}

/// Something to be written into the chain: everything but its place in it. Details hold ids and
/// names of ours, never texts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditEntry {
    /// Whole microseconds, UTC: what is stored must be what was hashed.
    pub at: OffsetDateTime,
    pub actor: Actor,
    pub kind: AuditKind,
    /// Id of what it was done to.
    pub subject: String,
    pub detail: BTreeMap<String, String>,
}

impl AuditEntry {
    #[must_use]
    pub fn new(at: OffsetDateTime, actor: Actor, kind: AuditKind, subject: impl fmt::Display) -> Self {
        Self { at, actor, kind, subject: subject.to_string(), detail: BTreeMap::new() }
    }

    #[must_use]
    pub fn with(mut self, name: &str, value: impl fmt::Display) -> Self {
        self.detail.insert(name.to_owned(), value.to_string());
        self
    }
}

/// The last link: where the next one is fastened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChainHead {
    /// 0 before the first row.
    pub seq: u64,
    pub hash: Digest,
}

impl ChainHead {
    pub const START: Self = Self { seq: 0, hash: Digest::ZERO };
}

/// One row of the chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditEvent {
    /// 1 for the first row, then without gaps.
    pub seq: u64,
    pub entry: AuditEntry,
    pub prev_hash: Digest,
    pub hash: Digest,
}

impl AuditEvent {
    /// Fastens an entry to the head.
    #[must_use]
    pub fn chain(head: ChainHead, entry: AuditEntry) -> Self {
        let seq = head.seq + 1;
        let hash = link(seq, &entry, head.hash);
        Self { seq, entry, prev_hash: head.hash, hash }
    }

    #[must_use]
    pub const fn head(&self) -> ChainHead {
        ChainHead { seq: self.seq, hash: self.hash }
    }

    /// Whether this row follows the head and hashes to what it says.
    #[must_use]
    pub fn follows(&self, head: ChainHead) -> bool {
        self.seq == head.seq + 1
            && self.prev_hash == head.hash
            && self.hash == link(self.seq, &self.entry, self.prev_hash)
    }
}

fn link(seq: u64, entry: &AuditEntry, prev_hash: Digest) -> Digest {
    let micros = entry.at.unix_timestamp_nanos() / 1000;
    let mut form = Canonical::new("countervail audit 1")
        .bytes(&seq.to_be_bytes())
        .number(i64::try_from(micros).expect("the years of `time` fit into 64 bits of microseconds"))
        .text(&entry.actor.to_string())
        .text(entry.kind.id())
        .text(&entry.subject)
        .bytes(&(entry.detail.len() as u64).to_be_bytes());
    for (name, value) in &entry.detail {
        form = form.text(name).text(value);
    }
    form.bytes(prev_hash.as_bytes()).digest()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn chain(subjects: &[String]) -> Vec<AuditEvent> {
        let mut head = ChainHead::START;
        let at = OffsetDateTime::UNIX_EPOCH;
        let event = |subject: &String| {
            let entry =
                AuditEntry::new(at, Actor::System, AuditKind::ItemFlagged, subject).with("band", "review");
            let event = AuditEvent::chain(head, entry);
            head = event.head();
            event
        };
        subjects.iter().map(event).collect()
    }

    fn intact(events: &[AuditEvent]) -> bool {
        let mut head = ChainHead::START;
        events.iter().all(|e| e.follows(std::mem::replace(&mut head, e.head())))
    }

    #[test]
    fn every_name_parses_back() {
        for kind in AuditKind::ALL {
            assert_eq!(kind.id().parse(), Ok(kind));
        }
        let id = uuid::Uuid::from_u128(7);
        for actor in [
            Actor::System,
            Actor::Operator,
            Actor::User(UserId::from_uuid(id)),
            Actor::Key(ApiKeyId::from_uuid(id)),
        ] {
            assert_eq!(actor.to_string().parse(), Ok(actor));
        }
        assert!("root".parse::<Actor>().is_err());
    }

    #[test]
    fn dropping_or_swapping_rows_breaks_the_chain() {
        let whole = chain(&["a".into(), "b".into(), "c".into()]);
        assert!(intact(&whole));
        assert!(!intact(&[whole[0].clone(), whole[2].clone()]));
        assert!(!intact(&[whole[1].clone(), whole[0].clone(), whole[2].clone()]));
    }

    proptest! {
        #[test]
        fn a_changed_byte_breaks_the_chain(
            subjects in prop::collection::vec("[a-z]{1,12}", 1..12),
            row in any::<prop::sample::Index>(),
            byte in any::<prop::sample::Index>(),
            field in 0..6_usize,
        ) {
            let mut events = chain(&subjects);
            prop_assert!(intact(&events));
            let event = &mut events[row.index(subjects.len())];
            let twist = |s: &str| {
                let mut bytes = s.as_bytes().to_vec();
                let at = byte.index(bytes.len());
                bytes[at] ^= 1;
                String::from_utf8(bytes).expect("one bit of ASCII is ASCII")
            };
            match field {
                0 => event.entry.subject = twist(&event.entry.subject),
                1 => event.entry.kind = AuditKind::JobDecided,
                2 => event.entry.actor = Actor::Operator,
                3 => event.entry.at += time::Duration::MICROSECOND,
                4 => event.hash = Digest::of(event.hash.as_bytes()),
                _ => { event.entry.detail.insert("band".into(), twist("review")); }
            }
            prop_assert!(!intact(&events));
        }
    }
}
