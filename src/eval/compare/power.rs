//! What could have been seen at all: the least difference that a test of this size finds four times in five. Beside
//! "no detectable difference" it says whether that means much.

use crate::eval::intervals::{Z_95, binomial};

/// The share of runs in which a difference of the size named would be detected.
pub const POWER: f64 = 0.8;

/// Φ⁻¹ of [`POWER`].
const Z_POWER: f64 = 0.841_621_233_572_914_3;

/// Half of the level 0.05, for one side.
const SIDE: f64 = 0.025;

/// The least difference in accuracy between two subjects that McNemar's test on `n` cases detects with power 0.8 at
/// level 0.05, when on a share `discordance` of the cases only one of them is right. `None` when even all discordant
/// cases on one side would not do.
///
/// δ solves √n·δ = z₀.₉₇₅·√ψ + z₀.₈·√(ψ − δ²) with ψ the discordance (Connor, Biometrics 43, 1987).
#[must_use]
pub fn paired_gain(n: usize, discordance: f64) -> Option<f64> {
    let (n, psi) = (n as f64, discordance);
    let (alpha2, power2) = (Z_95 * Z_95, Z_POWER * Z_POWER);
    if n <= 0.0 || psi <= 0.0 {
        return None;
    }
    // The equation squared is (n + z²_β)·δ² − 2·√n·z_α·√ψ·δ + ψ·(z²_α − z²_β) = 0; the greater root is the one asked.
    let middle = n.sqrt() * Z_95 * psi.sqrt();
    let inner = middle * middle - (n + power2) * psi * (alpha2 - power2);
    let gain = (middle + inner.max(0.0).sqrt()) / (n + power2);
    (inner >= 0.0 && gain <= psi && gain <= 1.0).then_some(gain)
}

/// The least rise of a rate above a known `rate` that `n` cases detect with power 0.8 by the exact one-sided binomial
/// test at level 0.025; `None` when no count among `n` would reject. For a fall, ask with 1 − `rate`.
///
/// With c the least count for which P(X ≥ c) ≤ 0.025 at `rate`, the answer is r − `rate` where P(X ≥ c) = 0.8 at r.
/// At a rate of 0 it says which rate of false alarms a panel of `n` texts would have shown.
///
/// # Panics
/// When `rate` is outside 0..=1.
#[must_use]
pub fn rate_rise(n: usize, rate: f64) -> Option<f64> {
    let (mut least, mut rejects) = (0, n + 1);
    // P(X ≥ 0) is 1 and never rejects; P(X ≥ n + 1) is 0 and always does.
    while rejects - least > 1 {
        let middle = usize::midpoint(least, rejects);
        *if binomial::at_least(middle, n, rate) <= SIDE { &mut rejects } else { &mut least } = middle;
    }
    let found = |r: f64| binomial::at_least(rejects, n, r) < POWER;
    (rejects <= n).then(|| (binomial::turning_point(found) - rate).max(0.0))
}

#[cfg(test)]
mod tests {
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    use super::*;
    use crate::eval::compare::{ALPHA, mcnemar};

    /// How often the exact test finds a gain of `gain` in `n` cases.
    fn found(n: usize, discordance: f64, gain: f64) -> f64 {
        let mut rng = ChaCha8Rng::seed_from_u64(4);
        let first = f64::midpoint(discordance, gain);
        let runs = 1000;
        let hits = (0..runs).filter(|_| {
            let (mut b, mut c) = (0, 0);
            for _ in 0..n {
                let u: f64 = rng.random();
                b += usize::from(u < first);
                c += usize::from(first <= u && u < discordance);
            }
            mcnemar::exact(b, c).p <= ALPHA
        });
        hits.count() as f64 / f64::from(runs)
    }

    #[test]
    fn the_gain_named_is_found_about_four_times_in_five() {
        let gain = paired_gain(450, 0.12).unwrap();
        // The exact test is conservative, the formula is not: a little under 0.8.
        let power = found(450, 0.12, gain);
        assert!((0.70..0.85).contains(&power), "{power}");
        assert!(found(450, 0.12, gain / 2.0) < 0.4);
    }

    #[test]
    fn more_cases_show_less() {
        let gains: Vec<f64> = [100, 400, 1600].iter().map(|&n| paired_gain(n, 0.2).unwrap()).collect();
        assert!(gains.is_sorted_by(|a, b| a > b), "{gains:?}");
        let rises: Vec<f64> = [20, 200, 2000].iter().map(|&n| rate_rise(n, 0.1).unwrap()).collect();
        assert!(rises.is_sorted_by(|a, b| a > b), "{rises:?}");
    }

    #[test]
    fn what_cannot_be_seen_has_no_size() {
        assert_eq!(paired_gain(0, 0.5), None);
        assert_eq!(paired_gain(100, 0.0), None);
        assert_eq!(rate_rise(1, 0.5), None);
        assert_eq!(rate_rise(100, 1.0), None);
    }
}
