//! The tests from outside, in one binary.

mod ground;
mod service;
mod store;
