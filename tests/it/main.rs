//! Tests from outside, in one binary.

mod architecture;
mod encoder;
mod eval;
mod ground;
mod service;
mod sources;
mod store;
mod tidy;
