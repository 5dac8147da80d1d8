//! Tests from outside, in one binary.

mod api;
mod cli;
mod console;
mod encoder;
mod eval;
mod ground;
mod handle;
mod service;
mod store;
mod support;
mod tiny;
mod train;
