//! Tests from outside, in one binary.

mod api;
mod architecture;
mod cli;
mod console;
mod encoder;
mod eval;
mod ground;
mod handle;
mod service;
mod sources;
mod store;
mod support;
mod tidy;
mod tiny;
mod train;
