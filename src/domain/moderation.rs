//! The machine's stored assessment of one item.

use time::OffsetDateTime;

use crate::domain::assessment::{Assessment, ModelRef};
use crate::domain::id::{ItemId, ModerationId};
use crate::domain::policy::Outcome;

/// What the machine said of an item, by which model and under which policy.
#[derive(Debug, Clone, PartialEq)]
pub struct Moderation {
    pub id: ModerationId,
    pub item_id: ItemId,
    pub assessment: Assessment,
    pub outcome: Outcome,
    pub model: ModelRef,
    pub policy_version: String,
    pub at: OffsetDateTime,
}
