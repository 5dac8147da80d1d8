//! What waits for people, most urgent first, and everything about one job.

use std::fmt;
use std::str::FromStr;

use crate::domain::id::ReviewJobId;
use crate::domain::item::{Item, Source};
use crate::domain::moderation::Moderation;
use crate::domain::policy::Band;
use crate::domain::report::Report;
use crate::domain::review::{RecordedDecision, ReviewJob, ReviewState};
use crate::domain::taxonomy::Category;
use crate::service::Service;
use crate::service::access::SignedIn;
use crate::service::error::Error;

/// Which jobs to list; `Default` is what waits for anybody.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct InboxFilter {
    pub state: InboxState,
    pub band: Option<Band>,
    pub source: Option<Source>,
}

/// Which part of the inbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum InboxState {
    #[default]
    Open,
    /// Claimed by whoever asks.
    Mine,
    Claimed,
    Escalated,
    Decided,
}

impl InboxState {
    pub const ALL: [Self; 5] = [Self::Open, Self::Mine, Self::Claimed, Self::Escalated, Self::Decided];

    #[must_use]
    pub const fn id(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Mine => "mine",
            Self::Claimed => "claimed",
            Self::Escalated => "escalated",
            Self::Decided => "decided",
        }
    }

    pub(crate) const fn state(self) -> ReviewState {
        match self {
            Self::Open => ReviewState::Open,
            Self::Mine | Self::Claimed => ReviewState::Claimed,
            Self::Escalated => ReviewState::Escalated,
            Self::Decided => ReviewState::Decided,
        }
    }
}

/// A name that is no part of the inbox.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a part of the inbox; the parts are open, mine, claimed, escalated, decided")]
pub struct UnknownInboxState(String);

impl FromStr for InboxState {
    type Err = UnknownInboxState;

    fn from_str(s: &str) -> Result<Self, UnknownInboxState> {
        let unknown = || UnknownInboxState(s.chars().take(64).collect());
        Self::ALL.into_iter().find(|k| k.id() == s).ok_or_else(unknown)
    }
}

/// Where the next page begins. Opaque to clients: `Display` and `FromStr` are its wire form.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Cursor(pub(crate) crate::store::inbox::Position);

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let _ = f;
        todo!()
    }
}

/// The cursor was not given out by us.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("cursor is not one that was given out; start from the first page")]
pub struct BadCursor;

impl FromStr for Cursor {
    type Err = BadCursor;

    fn from_str(s: &str) -> Result<Self, BadCursor> {
        let _ = s;
        todo!()
    }
}

/// One line of the inbox. Without the text: that is shown when somebody asks for it.
#[derive(Debug, Clone, PartialEq)]
pub struct InboxEntry {
    pub job: ReviewJob,
    pub source: Option<Source>,
    /// ISO 639-3 code; `None` when the model could not answer.
    pub language: Option<&'static str>,
    /// Categories that apply under the policy of the time.
    pub categories: Vec<Category>,
}

/// One page of the inbox.
#[derive(Debug, Clone, PartialEq)]
pub struct InboxPage {
    pub entries: Vec<InboxEntry>,
    /// `None` on the last page.
    pub next: Option<Cursor>,
}

/// How many jobs are in each state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct InboxCounts {
    pub open: u64,
    pub mine: u64,
    pub claimed: u64,
    pub escalated: u64,
    pub decided: u64,
}

/// Everything about one job.
#[derive(Debug, Clone, PartialEq)]
pub struct JobFile {
    pub job: ReviewJob,
    pub item: Item,
    pub moderation: Option<Moderation>,
    /// Oldest first, each with the name of whoever decided.
    pub decisions: Vec<(RecordedDecision, String)>,
    /// Oldest first.
    pub reports: Vec<Report>,
    /// Name of whoever holds the claim.
    pub claimed_by: Option<String>,
}

impl Service {
    /// One page, by band, number of reports, score, then age; `limit` is cut to `limits.max_page`.
    ///
    /// # Errors
    /// [`Error::NotPermitted`] or [`Error::Store`].
    pub async fn inbox(
        &self,
        by: &SignedIn,
        filter: &InboxFilter,
        cursor: Option<Cursor>,
        limit: usize,
    ) -> Result<InboxPage, Error> {
        let _ = (by, filter, cursor, limit);
        todo!()
    }

    /// # Errors
    /// [`Error::NotPermitted`] or [`Error::Store`].
    pub async fn inbox_counts(&self, by: &SignedIn) -> Result<InboxCounts, Error> {
        let _ = by;
        todo!()
    }

    /// # Errors
    /// [`Error::NotPermitted`], [`Error::NotFound`] or [`Error::Store`].
    pub async fn job(&self, by: &SignedIn, id: ReviewJobId) -> Result<JobFile, Error> {
        let _ = (by, id);
        todo!()
    }
}
