//! Tests from outside, in one binary.

mod classify;
mod encoder;
mod eval;
mod ground;
mod handle;
mod service;
mod store;
mod tiny;
mod train;
