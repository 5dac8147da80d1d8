//! The encoder for serving: the arithmetic of [`Network`](super::encoder::Network), arranged for speed.
//!
//! A batch's tokens are cut into blocks of rows that fit the cache nearest to a core. A block goes through everything
//! between two attentions (projection, norm, both feed-forward products, norm, the next queries, keys and values)
//! on one core; then the heads of all texts are shared out. Two meetings of the cores a layer, and no other traffic.

mod attention;
mod product;
mod rows;
mod scratch;
mod stack;
mod table;

use candle_core::Result;
use serde::{Deserialize, Serialize};

use self::product::{Float, Int8};
pub(super) use self::rows::quantise_weights;
use self::stack::Stack;
use super::encoder::EncoderConfig;
use super::packed::Packed;
use super::weights::Tensors;

/// In what numbers the products are computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Arithmetic {
    /// 32-bit floating point, the reference.
    #[default]
    F32,
    /// 8-bit weights and activations with exact 32-bit sums.
    Int8,
}

impl Arithmetic {
    /// This, or [`Arithmetic::F32`] where the CPU cannot do it exactly.
    #[must_use]
    pub fn available(self) -> Self {
        if self == Self::Int8 && Int8::is_exact_here() { Self::Int8 } else { Self::F32 }
    }
}

/// Weights laid out for one kind of arithmetic, and the buffers they work in.
pub struct ServingEncoder(Inner);

enum Inner {
    Float(Stack<Float>),
    Int8(Stack<Int8>),
}

impl ServingEncoder {
    /// Lays out the weights for `arithmetic`, or for f32 where the CPU has no exact 8-bit product.
    ///
    /// # Errors
    /// When a tensor is missing or does not have the shape that `config` says; the message names it.
    pub fn new(config: &EncoderConfig, named: &impl Tensors, arithmetic: Arithmetic) -> Result<Self> {
        Ok(Self(match arithmetic.available() {
            Arithmetic::F32 => Inner::Float(Stack::new(config, named)?),
            Arithmetic::Int8 => Inner::Int8(Stack::new(config, named)?),
        }))
    }

    /// What is computed in.
    #[must_use]
    pub fn arithmetic(&self) -> Arithmetic {
        match self.0 {
            Inner::Float(_) => Arithmetic::F32,
            Inner::Int8(_) => Arithmetic::Int8,
        }
    }

    /// Logits, `[texts, categories + contexts]` row by row.
    ///
    /// # Errors
    /// When a token id or a position is outside the embedding tables.
    pub fn logits(&mut self, packed: &Packed) -> Result<Vec<f32>> {
        match &mut self.0 {
            Inner::Float(stack) => stack.logits(packed),
            Inner::Int8(stack) => stack.logits(packed),
        }
    }
}

impl std::fmt::Debug for ServingEncoder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ServingEncoder").field("arithmetic", &self.arithmetic()).finish_non_exhaustive()
    }
}
