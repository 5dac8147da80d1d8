//! Countervail flags likely extremist recruitment and propaganda **for human review**. It never
//! removes anything by itself.
//!
//! The modules, in reading order. An arrow means "may use"; `tests/it/architecture.rs` enforces it.
//!
//! ```text
//! main → cli → http → service → { inference, store } → text → domain
//!              cli → train ┐
//!              cli → eval  ┴→ data → { text, domain };  train, eval → inference
//! config, telemetry: leaves
//! ```
//!
//! `docs/ARCHITECTURE.md` is the long version, with walkthroughs.

pub mod domain;
pub mod text;
pub mod data;
pub mod inference;
pub mod store;
pub mod service;
pub mod http;
pub mod train;
pub mod eval;
pub mod config;
pub mod telemetry;
pub mod cli;
