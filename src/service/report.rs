//! A person's flag: the item goes before a reviewer, whatever the model says of it.

use crate::domain::audit::{AuditEntry, AuditKind};
use crate::domain::digest::{Canonical, Digest};
use crate::domain::id::{ItemId, ReportId, ReviewJobId};
use crate::domain::item::{Item, ReporterRef};
use crate::domain::key::Scope;
use crate::domain::moderation::Moderation;
use crate::domain::report::{Report, ReportReason};
use crate::domain::review::{JobOrigin, Note};
use crate::service::access::ApiClient;
use crate::service::error::{Error, missing};
use crate::service::idempotency::{IdempotencyKey, add_item};
use crate::service::moderate::{NewItem, flagged_entry, new_job};
use crate::service::{Service, answer};
use crate::store::idempotency::RequestName;

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

/// The item that was reported, as it is or will be stored.
struct Reported {
    item: Item,
    moderation: Option<Moderation>,
    is_new: bool,
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
        new: NewReport,
        by: &ApiClient,
        key: Option<&IdempotencyKey>,
    ) -> Result<Report, Error> {
        by.require(Scope::Report)?;
        let name = key.map(|key| key.name(by, request_digest(&new)));
        if let Some(stored) = self.earlier_answer(name.as_ref()).await? {
            return self.report_again(&stored).await;
        }
        let reported = self.reported(new.item).await?;
        let draft = Report {
            id: ReportId::from_uuid(self.clock().mint()),
            item_id: reported.item.id,
            job_id: ReviewJobId::from_uuid(self.clock().mint()),
            reason: new.reason,
            note: new.note,
            reporter: new.reporter,
            at: self.clock().now(),
        };
        if let Some(report) = self.store_report(draft, &reported, by, name.as_ref()).await? {
            return Ok(report);
        }
        // The same request came twice at once, and the other one was stored.
        let stored = self.earlier_answer(name.as_ref()).await?.ok_or(Error::IdempotencyMismatch)?;
        self.report_again(&stored).await
    }

    async fn reported(&self, item: ReportedItem) -> Result<Reported, Error> {
        match item {
            ReportedItem::Known(id) => {
                let item = self.item(id).await?;
                if item.text.kept().is_none() {
                    return Err(Error::TextNotKept);
                }
                let moderation = self.inner.store.moderation_of(id).await?;
                Ok(Reported { item, moderation, is_new: false })
            }
            ReportedItem::New(new) => {
                // A person's report must not be lost because the model is busy, down or at a loss.
                let assessment = self.assess(&new.text).await.ok().and_then(Result::ok);
                let item = self.new_item(new);
                let moderation = assessment.map(|a| self.new_moderation(&item, a));
                Ok(Reported { item, moderation, is_new: true })
            }
        }
    }

    /// `None` when the name is taken.
    async fn store_report(
        &self,
        draft: Report,
        reported: &Reported,
        by: &ApiClient,
        name: Option<&RequestName>,
    ) -> Result<Option<Report>, Error> {
        let Reported { item, moderation, is_new } = reported;
        let mut tx = self.inner.store.begin().await?;
        let ids = [Ok::<_, Error>(draft.id)].into_iter();
        if !self.take_name(&mut tx, name, &answer::write(ids)).await? {
            return Ok(None);
        }
        if *is_new {
            tx.insert_item(item).await?;
            if let Some(moderation) = moderation {
                tx.insert_moderation(moderation).await?;
            }
        }
        let job = new_job(draft.job_id, item, moderation.as_ref(), JobOrigin::Report(draft.id));
        let job = tx.insert_job_or_count_report(&job).await?;
        let report = Report { job_id: job.id, ..draft };
        tx.insert_report(&report).await?;
        let mut audit = Vec::new();
        if let Some(moderation) = moderation.as_ref().filter(|m| *is_new && m.outcome.flagged()) {
            audit.push(flagged_entry(by, moderation, job.id));
        }
        audit.push(reported_entry(by, &report));
        tx.append_audit(audit).await?;
        tx.commit().await?;
        Ok(Some(report))
    }

    async fn report_again(&self, stored: &str) -> Result<Report, Error> {
        match answer::read::<ReportId>(stored)?.pop() {
            Some(Ok(id)) => self.inner.store.report(id).await.map_err(missing("report")),
            _ => Err(Error::NotFound { what: "report" }),
        }
    }
}

fn reported_entry(by: &ApiClient, report: &Report) -> AuditEntry {
    AuditEntry::new(report.at, by.actor(), AuditKind::ItemReported, report.item_id)
        .with("job", report.job_id)
        .with("reason", report.reason)
        .with("report", report.id)
}

fn request_digest(new: &NewReport) -> Digest {
    let form = Canonical::new("countervail report 1");
    let form = match &new.item {
        ReportedItem::Known(id) => form.text("known").text(&id.to_string()),
        ReportedItem::New(item) => add_item(form.text("new"), item),
    };
    form.text(new.reason.id())
        .optional(new.note.as_ref().map(Note::as_str))
        .optional(new.reporter.as_ref().map(ReporterRef::as_str))
        .digest()
}
