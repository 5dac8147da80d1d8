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

pub mod cli;
pub mod config;
pub mod data;
pub mod domain;
pub mod eval;
pub mod http;
pub mod inference;
pub mod service;
pub mod store;
pub mod telemetry;
pub mod text;
pub mod train;
