//! What tests through real HTTP share.

pub(crate) mod app;
pub(crate) mod desk;
pub(crate) mod logs;
