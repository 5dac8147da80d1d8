//! The evaluation harness through its library calls, on made-up data.

#![expect(clippy::unwrap_used, reason = "the helpers of a test fail by panicking, like the tests")]

mod baselines;
mod bench;
mod endpoints;
mod fetch;
mod gate;
mod html;
mod hygiene;
mod ledger;
mod linear;
mod manifests;
mod recipes;
mod recruitcheck;
mod reference;
mod runs;
mod services;
mod tables;
