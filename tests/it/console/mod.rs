//! The review desk, through real HTTP.

#![expect(clippy::unwrap_used, reason = "in a test, a panic is the report")]

mod flow;
mod guard;
