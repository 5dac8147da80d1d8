//! Tests from outside, in one binary.

mod api;
mod architecture;
mod cli;
mod console;
mod encoder;
mod eval;
mod ground;
mod handle;
mod model;
#[path = "../shared/network.rs"]
mod network;
#[path = "../shared/report.rs"]
mod report;
mod service;
mod sources;
mod store;
mod support;
mod tidy;
#[path = "../shared/tiny.rs"]
mod tiny;
mod train;
