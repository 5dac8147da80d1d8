//! `promise.json`: what was promised and what it rests on. Written into the bundle and never read by the model:
//! people and tools read it. Numbers and names only.

use serde::Serialize;

use crate::eval::intervals::wilson;
use crate::eval::manifest::Target;
use crate::train::promise::certify::Test;
use crate::train::promise::choice::{Choice, Method};
use crate::train::promise::level::Level;

/// Version of the layout.
pub const SCHEMA: u32 = 1;

/// The whole file.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Record {
    pub schema: u32,
    /// What is promised, in words.
    pub statement: String,
    /// The bundle that was calibrated, before.
    pub model: ModelName,
    /// Of the bundle after.
    pub policy_version: String,
    pub set: SetName,
    pub seed: u64,
    pub texts: Texts,
    /// `extremism` first, then the categories in their order.
    pub calibration: Vec<Calibrated>,
    pub promises: Vec<Promise>,
    pub not_promised: Vec<Refusal>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ModelName {
    pub name: String,
    pub digest: String,
}

/// The calibration set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SetName {
    pub name: String,
    pub version: u32,
    /// Of the file that describes it.
    pub sha256: String,
    pub sources: Vec<SourceName>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SourceName {
    pub name: String,
    pub sha256: String,
    pub licence: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub upstream: Option<String>,
}

/// Texts of the set; the two parts share none, nor a near-duplicate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Texts {
    pub read: usize,
    /// In a language that the bundle does not read; never flagged.
    pub without_score: usize,
    pub calibration: usize,
    pub threshold: usize,
}

/// How one target was calibrated.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Calibrated {
    pub target: &'static str,
    pub method: &'static str,
    /// Labelled texts of the calibration part with a score, and the positive ones among them.
    pub labelled: usize,
    pub positives: usize,
    /// Mean log loss of each method on texts left out of its fit; empty when there were too few labels to compare.
    pub log_loss: Vec<Loss>,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Loss {
    pub method: &'static str,
    pub value: f64,
}

/// What the thresholds are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// `extremism`: all that goes to people, urgent or not.
    Review,
    /// `extremism`: what goes to people first.
    Urgent,
    /// A category is said to apply.
    Category,
}

/// One threshold with what is promised of it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Promise {
    pub target: &'static str,
    pub purpose: Purpose,
    pub threshold: f32,
    /// The share that is promised, and the confidence 1 − delta.
    pub precision: f64,
    pub delta: f64,
    /// Texts of the threshold part at the threshold, and the true ones among them; of near-duplicates one counts.
    pub flagged: usize,
    pub correct: usize,
    /// Clopper–Pearson lower bound of the precision, one-sided, at confidence 1 − delta.
    pub bound: f64,
    /// Thresholds tested until one failed.
    pub tested: usize,
    /// Share of the labelled texts that are flagged.
    pub flagged_share: Share,
    /// Share of the positive texts that are flagged: what is missed is the rest.
    pub recall: Share,
}

/// A counted share with Wilson's 95 % interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Share {
    pub count: usize,
    pub n: usize,
    pub value: f64,
    pub low: f64,
    pub high: f64,
}

/// A promise that could not be made.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Refusal {
    pub target: &'static str,
    pub purpose: Purpose,
    pub precision: f64,
    pub delta: f64,
    /// Labelled texts of the threshold part, and the positive ones among them; of near-duplicates one counts.
    pub labelled: usize,
    pub positives: usize,
    /// Where the search began, and ended: absent when there was nothing to begin with.
    #[serde(flatten)]
    pub found: Option<Found>,
    /// Flagged texts without which no promise at this level is possible, all of them true.
    pub fewest: usize,
    /// Flagged texts in all that would do at the share of true ones that was found; absent when no number would.
    pub flagged_needed: Option<usize>,
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Found {
    pub threshold: f32,
    pub flagged: usize,
    pub correct: usize,
    pub bound: f64,
}

impl Calibrated {
    pub(super) fn new(target: Target, choice: &Choice) -> Self {
        let loss = |(method, value): &(Method, f64)| Loss { method: method.id(), value: *value };
        Self {
            target: target.id(),
            method: choice.method.id(),
            labelled: choice.labelled,
            positives: choice.positives,
            log_loss: choice.log_loss.iter().map(loss).collect(),
        }
    }
}

impl Share {
    /// # Panics
    /// When `n` is 0.
    #[must_use]
    pub fn of(count: usize, n: usize) -> Self {
        let interval = wilson(count, n).expect("a share is of something");
        Self { count, n, value: count as f64 / n as f64, low: interval.low, high: interval.high }
    }
}

impl Found {
    pub(super) fn new(test: Test, level: Level) -> Self {
        let Test { threshold, flagged, correct } = test;
        Self { threshold, flagged, correct, bound: level.lower_bound(correct, flagged) }
    }
}
