//! Asking twice must not do it twice: a client's key names its request, and the stored answer is given again.

use std::str::FromStr;

use time::OffsetDateTime;

use crate::domain::digest::{Canonical, Digest};
use crate::domain::item::{AuthorRef, ExternalId, Source};
use crate::domain::text::Text;
use crate::service::Service;
use crate::service::access::ApiClient;
use crate::service::error::Error;
use crate::service::moderate::NewItem;
use crate::store::Tx;
use crate::store::error::Error as StoreError;
use crate::store::idempotency::RequestName;

/// What a client calls one of its requests: 1 to 255 visible ASCII characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdempotencyKey(String);

impl IdempotencyKey {
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name of `request`, as `by` sent it. Each client has its own keys.
    pub(super) fn name(&self, by: &ApiClient, request: Digest) -> RequestName {
        let client = by.key_id.map_or_else(|| "keyless".to_owned(), |id| id.to_string());
        RequestName { client, key: self.0.clone(), request }
    }
}

impl FromStr for IdempotencyKey {
    type Err = Error;

    fn from_str(s: &str) -> Result<Self, Error> {
        if (1..=255).contains(&s.len()) && s.bytes().all(|b| b.is_ascii_graphic()) {
            Ok(Self(s.to_owned()))
        } else {
            Err(Error::BadIdempotencyKey)
        }
    }
}

impl Service {
    /// What was answered to this name, if it was used and is still remembered.
    pub(super) async fn earlier_answer(&self, name: Option<&RequestName>) -> Result<Option<String>, Error> {
        let Some(name) = name else { return Ok(None) };
        let since = self.remembered_since(self.clock().now());
        match self.inner.store.answered_request(name, since).await? {
            None => Ok(None),
            Some(stored) if stored.request == name.request => Ok(Some(stored.answer)),
            Some(_) => Err(Error::IdempotencyMismatch),
        }
    }

    /// Whether the name is ours: not when the same request came twice at once and the other was first.
    pub(super) async fn take_name(
        &self,
        tx: &mut Tx,
        name: Option<&RequestName>,
        answer: &str,
    ) -> Result<bool, StoreError> {
        let Some(name) = name else { return Ok(true) };
        let now = self.clock().now();
        tx.take_request_name(name, answer, now, self.remembered_since(now)).await
    }

    pub(super) fn remembered_since(&self, now: OffsetDateTime) -> OffsetDateTime {
        now - self.limits().idempotency_ttl
    }
}

/// Adds all of an item that a client can vary.
pub(super) fn add_item(form: Canonical, item: &NewItem) -> Canonical {
    form.text(item.text.as_str())
        .optional(item.source.as_ref().map(Source::as_str))
        .optional(item.external_id.as_ref().map(ExternalId::as_str))
        .optional(item.author.as_ref().map(AuthorRef::as_str))
        .optional(item.context.as_ref().map(Text::as_str))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_visible_ascii() {
        assert!("order-17/a".parse::<IdempotencyKey>().is_ok());
        for bad in ["", "two words", "é", &"x".repeat(256)] {
            assert!(bad.parse::<IdempotencyKey>().is_err(), "{bad}");
        }
    }
}
