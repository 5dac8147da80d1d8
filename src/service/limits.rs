//! Bounds of the use cases, as plain values: `config` fills them, nothing here reads a file.

use std::time::Duration;

/// What is bounded, and by how much.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Texts in one call; they are stored in one transaction.
    pub max_items: usize,
    /// For whoever parses a [`Text`](crate::domain::text::Text), in bytes.
    pub max_text_bytes: usize,
    /// The same for an item's context.
    pub max_context_bytes: usize,
    /// Whether texts that were *not* flagged are kept. Off by default: nobody needs to read them, so
    /// only their SHA-256 and length stay; author and context go too.
    pub keep_unflagged_text: bool,
    /// How long a reviewer may hold a job.
    pub claim_ttl: Duration,
    /// How long a browser stays signed in.
    pub session_ttl: Duration,
    /// How long an idempotency key is remembered.
    pub idempotency_ttl: Duration,
    /// In characters.
    pub min_password_chars: usize,
    /// Rows on one page at most.
    pub max_page: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_items: 128,
            max_text_bytes: 32_768,
            max_context_bytes: 32_768,
            keep_unflagged_text: false,
            claim_ttl: Duration::from_mins(30),
            session_ttl: Duration::from_hours(12),
            idempotency_ttl: Duration::from_hours(24),
            min_password_chars: 12,
            max_page: 100,
        }
    }
}
