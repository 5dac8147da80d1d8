//! The review desk, through real HTTP.

mod flow;
mod guard;
