//! One number with its n and its interval, or with the reason why there is none.

use serde::Serialize;

use crate::eval::intervals::bootstrap::Bootstrapped;
use crate::eval::intervals::{Interval, wilson};

/// A number that says how sure it is.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Metric {
    pub value: Option<f64>,
    pub low: Option<f64>,
    pub high: Option<f64>,
    /// The whole: cases the number is about.
    pub n: usize,
    /// The part, when the number is a counted share.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub k: Option<usize>,
    /// How the interval was made: `wilson`, `bca`, `percentile`, `delong`, `newcombe`, `clopper_pearson` or `none`.
    pub interval: &'static str,
    /// Why there is no value, or no interval.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub because: Option<&'static str>,
}

impl Metric {
    /// A counted share with Wilson's interval; without a value when nothing was counted.
    #[must_use]
    pub fn rate(k: usize, n: usize, when_empty: &'static str) -> Self {
        match wilson(k, n) {
            Some(w) => Self { k: Some(k), ..Self::with_interval(k as f64 / n as f64, w, n, "wilson") },
            None => Self::undefined(n, when_empty),
        }
    }

    /// A number with a bootstrap interval.
    #[must_use]
    pub fn bootstrapped(
        value: Option<f64>,
        interval: Option<Bootstrapped>,
        n: usize,
        undefined: &'static str,
    ) -> Self {
        match (value, interval) {
            (None, _) => Self::undefined(n, undefined),
            (Some(value), Some(b)) => Self::with_interval(value, b.interval, n, b.method.id()),
            (Some(value), None) => {
                Self::bare(value, n, "too few groups, or too few resamples in which it is defined")
            }
        }
    }

    /// A number with an interval made in the way that `method` names.
    #[must_use]
    pub fn with_interval(value: f64, interval: Interval, n: usize, method: &'static str) -> Self {
        Self {
            value: Some(rounded(value)),
            low: Some(rounded(interval.low)),
            high: Some(rounded(interval.high)),
            n,
            k: None,
            interval: method,
            because: None,
        }
    }

    /// A number that carries no interval, and why.
    #[must_use]
    pub fn bare(value: f64, n: usize, because: &'static str) -> Self {
        let value = Some(rounded(value));
        Self { value, low: None, high: None, n, k: None, interval: "none", because: Some(because) }
    }

    /// No number, and why.
    #[must_use]
    pub fn undefined(n: usize, because: &'static str) -> Self {
        Self { value: None, low: None, high: None, n, k: None, interval: "none", because: Some(because) }
    }
}

/// Six decimals: far below any interval, and the same on machines whose last bits of `ln` and `erf` differ.
#[must_use]
pub fn rounded(value: f64) -> f64 {
    (value * 1e6).round() / 1e6
}
