//! The seam: token ids in, logits out. Everything that knows tensors is behind it.

use crate::domain::taxonomy::{Category, Context};
use crate::inference::error::Error;

/// Token ids of one window, special tokens included, never empty and never longer than the bundle's limit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Encoding {
    pub ids: Vec<u32>,
}

/// Uncalibrated outputs for one window.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Logits {
    /// In the order of [`Category::ALL`]; each is a sigmoid of its own.
    pub categories: [f32; Category::COUNT],
    /// In the order of [`Context::ALL`]; a softmax over the four.
    pub context: [f32; Context::COUNT],
}

/// A model, owned by one thread.
pub trait Classifier: Send {
    /// One result for each encoding, in their order, the same whatever else is in the batch.
    ///
    /// # Errors
    /// [`Error::Model`] when the arithmetic cannot be done.
    fn classify(&mut self, batch: &[Encoding]) -> Result<Vec<Logits>, Error>;
}
