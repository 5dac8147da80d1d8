//! Whether a score of 0.8 comes true eight times in ten. Over the cases with a score.

use crate::eval::intervals::{Interval, wilson};
use crate::eval::metrics::Case;
use crate::eval::metrics::ranking::Ranked;

/// Bins of every calibration error and reliability table here.
pub const CALIBRATION_BINS: usize = 10;

/// How scores are put into bins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Binning {
    /// [0, 0.1), …, [0.9, 1].
    EqualWidth,
    /// A tenth of the cases each, from the lowest score up. Equal scores stay together, in the bin that the first of
    /// them falls into, so bins may differ in size and some may be empty.
    EqualMass,
}

/// One bin that is not empty.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bin {
    /// The lowest and the highest score in it.
    pub low: f64,
    pub high: f64,
    pub n: usize,
    pub positives: usize,
    pub mean_score: f64,
    /// Share of positives.
    pub share: f64,
    /// Wilson's interval of the share, 95 %.
    pub interval: Interval,
}

/// The reliability table: mean score beside share of positives per bin, lowest first, empty bins left out (DeGroot
/// and Fienberg, The Statistician 32, 1983).
#[must_use]
pub fn reliability(cases: &[Case], binning: Binning) -> Vec<Bin> {
    let mut bins = [Sums::default(); CALIBRATION_BINS];
    let ranked = Ranked::new(cases);
    let mut before = 0;
    for tied in ranked.tied().rev() {
        let score = f64::from(tied.score);
        let at = match binning {
            Binning::EqualWidth => width_bin(score),
            Binning::EqualMass => before * CALIBRATION_BINS / ranked.scored(),
        };
        let positives = tied.cases.iter().filter(|c| c.positive).count();
        bins[at].add(score, tied.cases.len(), positives);
        before += tied.cases.len();
    }
    bins.iter().filter_map(Sums::bin).collect()
}

/// Expected calibration error over ten bins of equal width: Σ (n_b / n)·|mean score − share of positives|, 0..=1
/// (Naeini, Cooper and Hauskrecht, AAAI 2015, for the binary case). `None` without scored cases.
///
/// It is never negative, so resampling noise only adds to it: it carries no bootstrap interval.
#[must_use]
pub fn expected_calibration_error(cases: &[Case]) -> Option<f64> {
    calibration_error(cases, Binning::EqualWidth)
}

/// The same over ten bins of equal mass (Nguyen and O'Connor, EMNLP 2015; "adaptive" in Nixon et al., CVPR workshops
/// 2019): bins follow the scores, so a subject whose scores crowd near 0 is not judged by one bin. `None` without
/// scored cases; no interval, for the same reason.
#[must_use]
pub fn adaptive_calibration_error(cases: &[Case]) -> Option<f64> {
    calibration_error(cases, Binning::EqualMass)
}

fn calibration_error(cases: &[Case], binning: Binning) -> Option<f64> {
    let bins = reliability(cases, binning);
    let scored: usize = bins.iter().map(|b| b.n).sum();
    let gaps: f64 = bins.iter().map(|b| b.n as f64 * (b.mean_score - b.share).abs()).sum();
    (scored > 0).then(|| gaps / scored as f64)
}

/// Log loss: mean of −ln(the probability that the score gives the label), ≥ 0 (Good, JRSS B 14, 1952). `None` without
/// scored cases.
///
/// Probabilities are kept 2⁻⁵² away from 0 and 1, as scikit-learn does, so a certain score that is wrong costs 36 and
/// not infinitely much.
#[must_use]
pub fn log_loss(ranked: &Ranked, weights: &[usize]) -> Option<f64> {
    let (mut sum, mut total) = (0.0, 0);
    for tied in ranked.tied() {
        let (positives, negatives) = tied.classes(weights);
        let p = f64::from(tied.score).clamp(f64::EPSILON, 1.0 - f64::EPSILON);
        sum -= positives as f64 * p.ln() + negatives as f64 * (1.0 - p).ln();
        total += positives + negatives;
    }
    (total > 0).then(|| sum / total as f64)
}

fn width_bin(score: f64) -> usize {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a score is within 0..=1")]
    let bin = (score * CALIBRATION_BINS as f64) as usize;
    bin.min(CALIBRATION_BINS - 1)
}

#[derive(Clone, Copy, Default)]
struct Sums {
    low: f64,
    high: f64,
    n: usize,
    positives: usize,
    scores: f64,
}

impl Sums {
    /// Adds `n` cases of one score; scores come in rising order.
    fn add(&mut self, score: f64, n: usize, positives: usize) {
        if self.n == 0 {
            self.low = score;
        }
        self.high = score;
        self.n += n;
        self.positives += positives;
        self.scores += score * n as f64;
    }

    fn bin(&self) -> Option<Bin> {
        let interval = wilson(self.positives, self.n)?;
        Some(Bin {
            low: self.low,
            high: self.high,
            n: self.n,
            positives: self.positives,
            mean_score: self.scores / self.n as f64,
            share: self.positives as f64 / self.n as f64,
            interval,
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::eval::metrics::arbitrary::{cases, close, repeated, reversed, weights};

    proptest! {
        #[test]
        fn bins_hold_every_scored_case_once_and_rise(cases in cases()) {
            for binning in [Binning::EqualWidth, Binning::EqualMass] {
                let bins = reliability(&cases, binning);
                let scored = cases.iter().filter(|c| c.score.is_some()).count();
                prop_assert_eq!(bins.iter().map(|b| b.n).sum::<usize>(), scored);
                prop_assert!(bins.iter().all(|b| b.low <= b.mean_score + 1e-12 && b.mean_score <= b.high + 1e-12));
                prop_assert!(bins.windows(2).all(|pair| pair[0].high < pair[1].low));
                prop_assert!(bins.iter().all(|b| b.interval.low <= b.share && b.share <= b.interval.high));
                prop_assert_eq!(&bins, &reliability(&reversed(&cases), binning));
            }
        }

        #[test]
        fn errors_stay_within_bounds(cases in cases()) {
            for error in [expected_calibration_error(&cases), adaptive_calibration_error(&cases)] {
                prop_assert!(error.is_none_or(|e| (0.0..=1.0).contains(&e)));
            }
        }

        #[test]
        fn weights_are_repetitions(cases in cases(), weights in weights()) {
            let weights = &weights[..cases.len()];
            let written = Ranked::new(&repeated(&cases, weights));
            prop_assert!(close(log_loss(&Ranked::new(&cases), weights), log_loss(&written, &written.once())));
        }
    }

    #[test]
    fn nothing_has_no_error() {
        assert_eq!(expected_calibration_error(&[]), None);
        assert_eq!(adaptive_calibration_error(&[]), None);
        assert_eq!(log_loss(&Ranked::new(&[]), &[]), None);
    }

    #[test]
    fn equal_mass_sees_what_equal_width_averages_away() {
        // All scores in one bin of equal width: half at 0.02, never true; half at 0.08, true one time in ten.
        let case = |i: u16| Case {
            score: Some(if i < 100 { 0.02 } else { 0.08 }),
            positive: i >= 100 && i.is_multiple_of(10),
            flagged: false,
        };
        let cases: Vec<Case> = (0..200).map(case).collect();
        let (width, mass) = (expected_calibration_error(&cases), adaptive_calibration_error(&cases));
        assert!(width.unwrap() < 0.001 && mass.unwrap() > 0.019, "{width:?} {mass:?}");
    }
}
