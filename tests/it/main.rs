//! Tests from outside, in one binary.

mod architecture;
mod encoder;
mod eval;
mod ground;
mod handle;
mod service;
mod sources;
mod store;
mod tidy;
mod tiny;
mod train;
