//! Texts in, stored moderations out; a review job for each that is flagged.

use crate::domain::id::{ItemId, ModerationId};
use crate::domain::item::{AuthorRef, ExternalId, Item, Source};
use crate::domain::moderation::Moderation;
use crate::domain::text::Text;
use crate::service::Service;
use crate::service::access::ApiClient;
use crate::service::error::Error;
use crate::service::idempotency::IdempotencyKey;

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

impl Service {
    /// Assesses and stores each item, in the order given. A flagged one gets exactly one review job.
    /// All are stored in one transaction, and the answer is given after it: what was acknowledged is on disk.
    ///
    /// With a key that was seen before, the stored answer is given again and nothing else happens.
    ///
    /// # Errors
    /// Of the whole call, with nothing stored: [`Error::Overloaded`] and [`Error::ModelUnavailable`]
    /// (also when only some items met with it, so that a client can simply repeat the call),
    /// [`Error::TooManyItems`], [`Error::MissingScope`], [`Error::IdempotencyMismatch`], [`Error::Store`].
    /// Of one item: [`Error::NotAssessed`].
    pub async fn moderate(
        &self,
        items: Vec<NewItem>,
        by: &ApiClient,
        key: Option<&IdempotencyKey>,
    ) -> Result<Vec<Result<Moderation, Error>>, Error> {
        let _ = (items, by, key);
        todo!()
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
    ) -> Result<Moderation, Error> {
        let _ = (item, by, key);
        todo!()
    }

    /// # Errors
    /// [`Error::NotFound`] or [`Error::Store`].
    pub async fn item(&self, id: ItemId) -> Result<Item, Error> {
        let _ = id;
        todo!()
    }

    /// # Errors
    /// [`Error::NotFound`] or [`Error::Store`].
    pub async fn moderation(&self, id: ModerationId) -> Result<Moderation, Error> {
        let _ = id;
        todo!()
    }
}
