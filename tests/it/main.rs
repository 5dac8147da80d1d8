//! Tests from outside, in one binary.

mod api;
mod cli;
mod console;
mod encoder;
mod eval;
mod ground;
mod handle;
#[path = "../shared/network.rs"]
mod network;
mod service;
mod store;
mod support;
#[path = "../shared/tiny.rs"]
mod tiny;
mod train;
