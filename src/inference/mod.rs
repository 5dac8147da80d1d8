//! The model, behind one small seam: texts in, [`Assessment`]s out. Nothing above this module knows tensors.
//!
//! [`Assessment`]: crate::domain::assessment::Assessment

pub mod candle;
pub mod classifier;
pub mod error;
pub mod handle;
