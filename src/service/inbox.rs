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
use crate::domain::user::Permission;
use crate::service::Service;
use crate::service::access::SignedIn;
use crate::service::error::{Error, missing};
use crate::store::inbox::{InboxQuery, InboxRow, Position};

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
pub struct Cursor(pub(crate) Position);

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Position { band_rank, report_count, score, id } = self.0;
        write!(f, "{band_rank}.{report_count}.{:016x}.{id}", score.to_bits())
    }
}

/// The cursor was not given out by us.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("cursor is not one that was given out; start from the first page")]
pub struct BadCursor;

impl FromStr for Cursor {
    type Err = BadCursor;

    fn from_str(s: &str) -> Result<Self, BadCursor> {
        let parts: Vec<&str> = s.split('.').collect();
        let &[band_rank, report_count, score, id] = parts.as_slice() else { return Err(BadCursor) };
        let score = f64::from_bits(u64::from_str_radix(score, 16).map_err(|_| BadCursor)?);
        if !score.is_finite() {
            return Err(BadCursor);
        }
        Ok(Self(Position {
            band_rank: band_rank.parse().map_err(|_| BadCursor)?,
            report_count: report_count.parse().map_err(|_| BadCursor)?,
            score,
            id: id.parse().map_err(|_| BadCursor)?,
        }))
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
        by.require(Permission::Review)?;
        self.expire_claims().await?;
        let limit = limit.clamp(1, self.limits().max_page);
        let query = InboxQuery {
            state: filter.state.state(),
            claimed_by: (filter.state == InboxState::Mine).then(|| by.id()),
            band: filter.band,
            source: filter.source.clone(),
            after: cursor.map(|c| c.0),
            limit: limit + 1,
        };
        let mut entries: Vec<InboxEntry> =
            self.inner.store.inbox(&query).await?.into_iter().map(InboxEntry::from).collect();
        let more = entries.len() > limit;
        entries.truncate(limit);
        let next = if more { entries.last().map(|e| Cursor(Position::of(&e.job))) } else { None };
        Ok(InboxPage { entries, next })
    }

    /// # Errors
    /// [`Error::NotPermitted`] or [`Error::Store`].
    pub async fn inbox_counts(&self, by: &SignedIn) -> Result<InboxCounts, Error> {
        by.require(Permission::Review)?;
        self.expire_claims().await?;
        let mut counts =
            InboxCounts { mine: self.inner.store.count_claims(by.id()).await?, ..InboxCounts::default() };
        for (state, jobs) in self.inner.store.job_counts().await? {
            match state {
                ReviewState::Open => counts.open = jobs,
                ReviewState::Claimed => counts.claimed = jobs,
                ReviewState::Escalated => counts.escalated = jobs,
                ReviewState::Decided => counts.decided = jobs,
            }
        }
        Ok(counts)
    }

    /// # Errors
    /// [`Error::NotPermitted`], [`Error::NotFound`] or [`Error::Store`].
    pub async fn job(&self, by: &SignedIn, id: ReviewJobId) -> Result<JobFile, Error> {
        by.require(Permission::Review)?;
        self.expire_claims().await?;
        let store = &self.inner.store;
        let job = store.job(id).await.map_err(missing("review job"))?;
        let moderation = match job.moderation_id {
            Some(id) => Some(self.moderation(id).await?),
            None => None,
        };
        let claimed_by = match job.claim {
            Some(claim) => Some(store.user_name(claim.by).await?),
            None => None,
        };
        Ok(JobFile {
            item: self.item(job.item_id).await?,
            moderation,
            decisions: store.decisions(id).await?,
            reports: store.reports(id).await?,
            claimed_by,
            job,
        })
    }
}

impl From<InboxRow> for InboxEntry {
    fn from(row: InboxRow) -> Self {
        let InboxRow { job, source, language, categories } = row;
        Self { job, source, language, categories }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_parses_back() {
        let id = "0190b6c2-7b1e-7cc0-8000-000000000000".parse().expect("valid");
        for score in [-1.0, 0.0, 0.1 + 0.2, 1.0] {
            let cursor = Cursor(Position { band_rank: 2, report_count: 3, score, id });
            assert_eq!(cursor.to_string().parse(), Ok(cursor));
        }
        for bad in ["", "1.2.3", "1.2.7ff8000000000000.0190b6c2-7b1e-7cc0-8000-000000000000", "a.b.c.d"] {
            assert_eq!(bad.parse::<Cursor>(), Err(BadCursor), "{bad}");
        }
    }
}
