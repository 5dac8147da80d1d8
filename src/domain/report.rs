//! A person's flag. It always brings the item before a reviewer, whatever the model says.

use std::fmt;
use std::str::FromStr;

use time::OffsetDateTime;

use crate::domain::id::{ItemId, ReportId, ReviewJobId};
use crate::domain::item::ReporterRef;
use crate::domain::review::Note;
use crate::domain::taxonomy::Category;

/// A name that is no reason to report.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a reason to report; the reasons are the categories and `other`")]
pub struct UnknownReportReason(String);

/// What the reporter says it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ReportReason {
    Category(Category),
    Other,
}

impl ReportReason {
    #[must_use]
    pub const fn id(self) -> &'static str {
        match self {
            Self::Category(category) => category.id(),
            Self::Other => "other",
        }
    }
}

impl fmt::Display for ReportReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.id())
    }
}

impl FromStr for ReportReason {
    type Err = UnknownReportReason;

    fn from_str(s: &str) -> Result<Self, UnknownReportReason> {
        if s == "other" {
            return Ok(Self::Other);
        }
        s.parse().map(Self::Category).map_err(|_| UnknownReportReason(s.chars().take(64).collect()))
    }
}

/// One person's flag on one item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    pub id: ReportId,
    pub item_id: ItemId,
    pub job_id: ReviewJobId,
    pub reason: ReportReason,
    pub note: Option<Note>,
    pub reporter: Option<ReporterRef>,
    pub at: OffsetDateTime,
}
