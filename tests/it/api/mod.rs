//! The JSON API, through real HTTP.

#![expect(clippy::unwrap_used, reason = "in a test, a panic is the report")]

mod access;
mod errors;
mod items;
mod leaks;
mod load;
mod moderations;
mod openapi;
mod reports;
