//! Tests from outside, in one binary.

mod encoder;
mod ground;
mod service;
mod store;
