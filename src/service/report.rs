//! A person's flag: the item goes before a reviewer, whatever the model says of it.

use crate::domain::id::ItemId;
use crate::domain::item::ReporterRef;
use crate::domain::report::{Report, ReportReason};
use crate::domain::review::Note;
use crate::service::Service;
use crate::service::access::ApiClient;
use crate::service::error::Error;
use crate::service::idempotency::IdempotencyKey;
use crate::service::moderate::NewItem;

/// What is reported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReportedItem {
    /// One that was sent before, and whose text was kept.
    Known(ItemId),
    New(NewItem),
}

/// A person's flag, as the platform passes it on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewReport {
    pub item: ReportedItem,
    pub reason: ReportReason,
    pub note: Option<Note>,
    pub reporter: Option<ReporterRef>,
}

impl Service {
    /// Stores the report. The item has a review job afterwards: a new one, or the one it had, whose
    /// count of reports grows. A job that was decided stays decided.
    ///
    /// A new item is assessed too; if the model cannot answer, it goes to review without a score.
    ///
    /// # Errors
    /// [`Error::MissingScope`], [`Error::NotFound`], [`Error::TextNotKept`],
    /// [`Error::IdempotencyMismatch`], [`Error::Store`].
    pub async fn report(
        &self,
        report: NewReport,
        by: &ApiClient,
        key: Option<&IdempotencyKey>,
    ) -> Result<Report, Error> {
        let _ = (report, by, key);
        todo!()
    }
}
