//! Tests from outside, in one binary.

mod encoder;
mod eval;
