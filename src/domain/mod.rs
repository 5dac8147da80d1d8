//! The nouns. Pure and synchronous: no IO, no serde, no clock, no randomness, nothing of ours above.

pub mod assessment;
pub mod id;
pub mod policy;
pub mod score;
pub mod taxonomy;
pub mod text;
