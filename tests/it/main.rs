//! Tests from outside, in one binary.

mod encoder;
mod eval;
mod ground;
mod service;
mod store;
