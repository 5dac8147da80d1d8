//! Texts in, stored moderations out; a review job for each that is flagged.

use std::time::Instant;

use crate::domain::assessment::Assessment;
use crate::domain::audit::{AuditEntry, AuditKind};
use crate::domain::digest::Canonical;
use crate::domain::id::{ItemId, ModerationId, ReviewJobId};
use crate::domain::item::{AuthorRef, ExternalId, Item, ItemText, Source};
use crate::domain::key::Scope;
use crate::domain::moderation::Moderation;
use crate::domain::policy::Band;
use crate::domain::review::{JobOrigin, ReviewJob, ReviewState};
use crate::domain::text::Text;
use crate::inference::error::Error as ModelError;
use crate::service::access::ApiClient;
use crate::service::error::{Error, missing};
use crate::service::idempotency::{IdempotencyKey, add_item};
use crate::service::together::{Call, Stored};
use crate::service::{Service, answer};

/// What a platform sends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewItem {
    pub text: Text,
    pub source: Option<Source>,
    pub external_id: Option<ExternalId>,
    pub author: Option<AuthorRef>,
    /// The text that this one answers; shown to reviewers, not assessed.
    pub context: Option<Text>,
}

impl NewItem {
    #[must_use]
    pub const fn from_text(text: Text) -> Self {
        Self { text, source: None, external_id: None, author: None, context: None }
    }
}

/// What will be stored of one item that was assessed.
pub(super) struct Draft {
    pub(super) item: Item,
    pub(super) moderation: Moderation,
    /// Present exactly when it was flagged.
    pub(super) job: Option<ReviewJob>,
}

impl Service {
    /// Assesses and stores each item, in the order given. A flagged one gets exactly one review job.
    /// All are stored in one transaction, which calls that come at once share, and the answer is given after it: what
    /// was acknowledged is on disk.
    ///
    /// With a key that was seen before, the stored answer is given again and nothing else happens. What the model
    /// has not read by the `deadline` is given up.
    ///
    /// # Errors
    /// Of the whole call, with nothing stored: [`Error::Overloaded`], [`Error::DeadlineExceeded`] and
    /// [`Error::ModelUnavailable`] (so that a client can simply repeat the call), [`Error::TooManyItems`], [`Error::MissingScope`], [`Error::IdempotencyMismatch`], [`Error::Store`].
    /// Of one item: [`Error::NotAssessed`].
    pub async fn moderate(
        &self,
        items: Vec<NewItem>,
        by: &ApiClient,
        key: Option<&IdempotencyKey>,
        deadline: Option<Instant>,
    ) -> Result<Vec<Result<Moderation, Error>>, Error> {
        by.require(Scope::Moderate)?;
        let limit = self.limits().max_items;
        if items.len() > limit {
            return Err(Error::TooManyItems { got: items.len(), limit });
        }
        let name = key.map(|key| key.name(by, request_form(&items).digest()));
        if let Some(stored) = self.earlier_answer(name.as_ref()).await? {
            return self.answer_again(&stored).await;
        }
        let assessments = self.assess_all(&items, deadline).await?;
        let drafts: Vec<Result<Draft, Error>> =
            items.into_iter().zip(assessments).map(|(item, result)| Ok(self.draft(item, result?))).collect();
        match self.store_call(Call { drafts, by: by.clone(), name: name.clone() }).await? {
            Stored::Whole(drafts) => Ok(drafts.into_iter().map(|draft| Ok(draft?.moderation)).collect()),
            Stored::NameTaken => {
                let stored = self.earlier_answer(name.as_ref()).await?.ok_or(Error::IdempotencyMismatch)?;
                self.answer_again(&stored).await
            }
        }
    }

    /// [`Service::moderate`] for one item.
    ///
    /// # Errors
    /// Those of [`Service::moderate`].
    pub async fn submit_item(
        &self,
        item: NewItem,
        by: &ApiClient,
        key: Option<&IdempotencyKey>,
        deadline: Option<Instant>,
    ) -> Result<Moderation, Error> {
        let mut answers = self.moderate(vec![item], by, key, deadline).await?;
        // A key that was used for a call with several items has another body, and was refused above.
        answers.pop().unwrap_or(Err(Error::IdempotencyMismatch))
    }

    /// # Errors
    /// [`Error::NotFound`] or [`Error::Store`].
    pub async fn item(&self, id: ItemId) -> Result<Item, Error> {
        self.inner.store.item(id).await.map_err(missing("item"))
    }

    /// # Errors
    /// [`Error::NotFound`] or [`Error::Store`].
    pub async fn moderation(&self, id: ModerationId) -> Result<Moderation, Error> {
        self.inner.store.moderation(id).await.map_err(missing("moderation"))
    }

    /// Taken on by the model all together or not at all; in the order given.
    async fn assess_all(
        &self,
        items: &[NewItem],
        deadline: Option<Instant>,
    ) -> Result<Vec<Result<Assessment, Error>>, Error> {
        let texts = items.iter().map(|item| item.text.clone()).collect();
        let results = self.inner.handle.assess_all(texts, deadline).await.map_err(failure)?;
        results.into_iter().map(of_model).collect()
    }

    /// The model's answer on one text.
    pub(super) async fn assess(&self, text: &Text) -> Result<Result<Assessment, Error>, Error> {
        of_model(self.inner.handle.assess(text, None).await)
    }

    fn draft(&self, new: NewItem, assessment: Assessment) -> Draft {
        let item = self.new_item(new);
        let moderation = self.new_moderation(&item, assessment);
        let flagged = moderation.outcome.flagged();
        let job = flagged.then(|| {
            let id = ReviewJobId::from_uuid(self.clock().mint());
            new_job(id, &item, Some(&moderation), JobOrigin::Moderation(moderation.id))
        });
        let keep = flagged || self.limits().keep_unflagged_text;
        Draft { item: if keep { item } else { item.forget_text() }, moderation, job }
    }

    pub(super) fn new_item(&self, new: NewItem) -> Item {
        Item {
            id: ItemId::from_uuid(self.clock().mint()),
            text: ItemText::Kept(new.text),
            source: new.source,
            external_id: new.external_id,
            author: new.author,
            context: new.context,
            at: self.clock().now(),
        }
    }

    pub(super) fn new_moderation(&self, item: &Item, assessment: Assessment) -> Moderation {
        let policy = self.policy();
        Moderation {
            id: ModerationId::from_uuid(self.clock().mint()),
            item_id: item.id,
            outcome: policy.evaluate(&assessment),
            assessment,
            model: self.model().clone(),
            policy_version: policy.version.clone(),
            at: item.at,
        }
    }

    async fn answer_again(&self, stored: &str) -> Result<Vec<Result<Moderation, Error>>, Error> {
        let mut answers = Vec::new();
        for line in answer::read::<ModerationId>(stored)? {
            answers.push(match line {
                Ok(id) => Ok(self.moderation(id).await?),
                Err(reason) => Err(Error::NotAssessed { reason }),
            });
        }
        Ok(answers)
    }
}

/// A job that nobody has touched.
pub(super) fn new_job(
    id: ReviewJobId,
    item: &Item,
    moderation: Option<&Moderation>,
    origin: JobOrigin,
) -> ReviewJob {
    let band = moderation.map_or(Band::None, |m| m.outcome.band);
    let reported = matches!(origin, JobOrigin::Report(_));
    ReviewJob {
        id,
        item_id: item.id,
        moderation_id: moderation.map(|m| m.id),
        origin,
        band: if reported { band.max(Band::Review) } else { band },
        score: moderation.and_then(|m| m.assessment.reading.as_ref()).map(|r| r.extremism),
        report_count: u32::from(reported),
        state: ReviewState::Open,
        claim: None,
        opened_at: moderation.map_or(item.at, |m| m.at),
        decided_at: None,
    }
}

pub(super) fn flagged_entry(by: &ApiClient, m: &Moderation, job: ReviewJobId) -> AuditEntry {
    AuditEntry::new(m.at, by.actor(), AuditKind::ItemFlagged, m.item_id)
        .with("band", m.outcome.band)
        .with("job", job)
        .with("model", &m.model.digest)
        .with("moderation", m.id)
        .with("policy", &m.policy_version)
}

fn request_form(items: &[NewItem]) -> Canonical {
    items.iter().fold(Canonical::new("countervail moderate 1"), add_item)
}

/// Failures that pass (outer) and failures of this text (inner).
fn of_model(result: Result<Assessment, ModelError>) -> Result<Result<Assessment, Error>, Error> {
    match result.map_err(failure) {
        Err(passing) if !matches!(passing, Error::NotAssessed { .. }) => Err(passing),
        of_text => Ok(of_text),
    }
}

fn failure(error: ModelError) -> Error {
    match error {
        ModelError::Overloaded { retry_after } => Error::Overloaded { retry_after },
        ModelError::DeadlineExceeded => Error::DeadlineExceeded,
        ModelError::Unhealthy => Error::ModelUnavailable,
        other => Error::NotAssessed { reason: other.to_string() },
    }
}
