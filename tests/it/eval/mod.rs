//! The evaluation harness through its library calls, on made-up data.

#![expect(clippy::unwrap_used, reason = "the helpers of a test fail by panicking, like the tests")]

mod bench;
mod fetch;
mod manifests;
mod reference;
mod runs;
