//! The transformer, on candle tensors: the only files that import candle for serving.
//!
//! Tokens of a whole batch are packed into one `[tokens, hidden]` matrix, so that no arithmetic is spent
//! on padding and a text's result cannot depend on what else is in the batch. Products are candle's; what
//! lies between them (attention, normalisation, activation) is here, each with its gradient beside it, since
//! training runs the very same forward pass.

pub mod attention;
pub mod classifier;
pub mod embedding;
pub mod encoder;
mod floats;
pub mod gelu;
mod math;
pub mod mixed;
pub mod norm;
pub mod packed;
pub mod serving;
pub mod tensor_file;
pub mod weights;

pub use floats::Floats;
