//! The nouns. Pure and synchronous: no IO, no serde, no clock, no randomness, nothing of ours above.

pub mod assessment;
pub mod audit;
pub mod digest;
pub mod id;
pub mod item;
pub mod key;
pub mod moderation;
pub mod policy;
pub mod report;
pub mod review;
pub mod score;
pub mod taxonomy;
pub mod text;
pub mod user;
