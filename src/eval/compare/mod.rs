//! Two subjects on the same cases: is there a difference, and could one have been seen?
//!
//! All tests here are paired, since both subjects saw the same cases; the unpaired comparison of two intervals wastes
//! what the pairing knows. All comparisons of one run are adjusted together ([`holm`](holm::holm)), and only what is
//! left below [`ALPHA`] then is called better or worse.

pub mod difference;
pub mod holm;
pub mod mcnemar;
pub mod power;

use serde::Serialize;

/// The level of all verdicts: over all comparisons of a run, the chance of any false "better" or "worse" is at most
/// this.
pub const ALPHA: f64 = 0.05;

/// What may be said of the first subject beside the second.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    Better,
    Worse,
    NoDetectableDifference,
}

impl Verdict {
    /// The words for it in a report.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Better => "better",
            Self::Worse => "worse",
            Self::NoDetectableDifference => "no detectable difference",
        }
    }
}

/// One comparison of a run, before adjustment.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Comparison {
    /// By how much the first subject is better: above 0 where it is. For a number that is better when lower (Brier,
    /// a false-positive rate), second − first.
    pub gain: f64,
    /// Two-sided p-value of "no difference".
    pub p: f64,
}

/// A comparison among all of its run.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Adjusted {
    /// Holm's adjusted p-value.
    pub p: f64,
    pub verdict: Verdict,
}

/// The verdicts on all comparisons of a run, in their order.
#[must_use]
pub fn verdicts(comparisons: &[Comparison]) -> Vec<Adjusted> {
    let raw: Vec<f64> = comparisons.iter().map(|c| c.p).collect();
    let adjusted = holm::holm(&raw);
    comparisons.iter().zip(adjusted).map(|(c, p)| Adjusted { p, verdict: verdict(c.gain, p) }).collect()
}

fn verdict(gain: f64, adjusted: f64) -> Verdict {
    if adjusted > ALPHA || gain == 0.0 {
        Verdict::NoDetectableDifference
    } else if gain > 0.0 {
        Verdict::Better
    } else {
        Verdict::Worse
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_small_p_among_many_is_not_enough() {
        let one = Comparison { gain: 0.02, p: 0.03 };
        assert_eq!(verdicts(&[one])[0].verdict, Verdict::Better);
        let many = verdicts(&[one, Comparison { gain: -0.1, p: 0.001 }, Comparison { gain: 0.01, p: 0.6 }]);
        assert_eq!(many[0].verdict, Verdict::NoDetectableDifference);
        assert_eq!(many[1].verdict, Verdict::Worse);
        assert_eq!(many[2].verdict, Verdict::NoDetectableDifference);
    }
}
