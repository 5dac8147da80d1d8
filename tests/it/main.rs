//! Tests from outside, in one binary.

mod api;
mod architecture;
mod calibrate;
mod cascade;
mod cli;
mod console;
mod encoder;
mod eval;
mod ground;
mod handle;
#[path = "../../eval/speed/load/mod.rs"]
mod load;
#[path = "../shared/made_up.rs"]
mod made_up;
mod model;
#[path = "../shared/network.rs"]
mod network;
mod service;
mod sources;
mod speed;
mod store;
mod support;
mod tidy;
#[path = "../shared/tiny.rs"]
mod tiny;
mod train;
