//! Tests from outside, in one binary.

mod encoder;
mod eval;
mod ground;
mod handle;
#[path = "../support/network.rs"]
mod network;
mod service;
mod store;
#[path = "../support/tiny.rs"]
mod tiny;
mod train;
