//! The use cases, through the service's own door, on both databases.

#![expect(clippy::unwrap_used, reason = "in a test, a panic is the report")]

mod access;
mod audit;
mod moderate;
mod report;
mod review;
