//! What tests through real HTTP share.

#![expect(clippy::unwrap_used, reason = "in a test, a panic is the report")]

pub(crate) mod app;
pub(crate) mod desk;
pub(crate) mod logs;
