//! How we know: a manifest and a subject give predictions, predictions give metrics with intervals, and
//! those a report.
//!
//! ```text
//! manifest ─► cases ─┐
//!                    ├─► predictions ─► measure ─► report
//! subject ───────────┘                     │
//!                        metrics · intervals · compare
//! ```
//!
//! Invariants: no number without its n and an interval, or a reason why there is none; no NaN; no text in
//! any output; the same inputs and seed give the same bytes. What each number means stands in
//! `docs/EVALUATION.md`.

pub mod cascade;
pub mod cases;
pub mod catalogue;
pub mod check;
pub mod compare;
pub mod error;
pub mod fetch;
pub mod gate;
pub mod hygiene;
pub mod intervals;
pub mod ledger;
pub mod linear;
pub mod manifest;
pub mod measure;
pub mod metrics;
pub mod predictions;
pub mod rationale;
pub mod recruitcheck;
pub mod report;
pub mod run;
pub mod subject;
