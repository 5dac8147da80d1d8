//! Answers to texts that were seen before, since propaganda is pasted. A text is known by a hash of its normalised
//! form and of the model; the text itself is not kept.

use std::sync::Arc;

use moka::sync::Cache;

use crate::domain::assessment::ModelRef;
use crate::domain::digest::{Canonical, Digest};
use crate::inference::prepare::Finding;
use crate::text::normalize::Normalized;

/// What a normalised text is known by, to one model.
pub(super) type Key = Digest;

/// A bounded number of findings; those not asked for make room.
pub(super) struct Answers {
    model: String,
    cache: Cache<Key, Arc<Finding>>,
}

impl Answers {
    pub(super) fn new(model: &ModelRef, entries: u64) -> Self {
        Self { model: model.digest.clone(), cache: Cache::new(entries) }
    }

    pub(super) fn key(&self, text: &Normalized) -> Key {
        Canonical::new("countervail answer 1").text(&self.model).text(text.text()).digest()
    }

    pub(super) fn get(&self, key: &Key) -> Option<Arc<Finding>> {
        self.cache.get(key)
    }

    pub(super) fn put(&self, key: Key, finding: Arc<Finding>) {
        self.cache.insert(key, finding);
    }
}
