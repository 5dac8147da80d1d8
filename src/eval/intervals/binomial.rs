//! The binomial distribution, exactly, and the Clopper–Pearson limits that it gives.
//!
//! Tails are summed term by term from their largest term outwards, so that they hold for tens of thousands of trials:
//! some √n terms matter. Terms are Loader's ("Fast and accurate computation of binomial probabilities", 2000), which
//! do not lose digits to the difference of large logarithms.

use std::f64::consts::PI;

use statrs::function::gamma::ln_gamma;

use crate::eval::intervals::Interval;

/// P(X ≥ k) of X ~ Binomial(n, p), 0..=1: the p-value of "`k` of `n`" where the rate is at most `p`.
///
/// # Panics
/// When `p` is outside 0..=1.
#[must_use]
pub fn at_least(k: usize, n: usize, p: f64) -> f64 {
    assert!((0.0..=1.0).contains(&p), "a rate is within 0..=1");
    tail(k, n, Rate { hit: p, miss: 1.0 - p })
}

/// P(X ≤ k) of X ~ Binomial(n, p), 0..=1: the p-value of "`k` of `n`" where the rate is at least `p`.
///
/// # Panics
/// When `p` is outside 0..=1.
#[must_use]
pub fn at_most(k: usize, n: usize, p: f64) -> f64 {
    assert!((0.0..=1.0).contains(&p), "a rate is within 0..=1");
    tail(n.saturating_sub(k), n, Rate { hit: 1.0 - p, miss: p })
}

/// P(X = k) of X ~ Binomial(n, p), 0..=1.
///
/// # Panics
/// When `p` is outside 0..=1.
#[must_use]
pub fn exactly(k: usize, n: usize, p: f64) -> f64 {
    assert!((0.0..=1.0).contains(&p), "a rate is within 0..=1");
    if k > n { 0.0 } else { term(k, n, Rate { hit: p, miss: 1.0 - p }) }
}

/// The two-sided interval of Clopper and Pearson (Biometrika 26, 1934) for a rate of `k` in `n`, at least
/// `confidence` whatever the rate is; `None` when `n` is 0.
///
/// # Panics
/// When `k` exceeds `n`, or `confidence` is not between 0 and 1.
#[must_use]
pub fn clopper_pearson(k: usize, n: usize, confidence: f64) -> Option<Interval> {
    let each = f64::midpoint(confidence, 1.0);
    Some(Interval { low: lower_limit(k, n, each)?, high: upper_limit(k, n, each)? })
}

/// The one-sided lower limit: the rate is at least this, with `confidence`. 0 when `k` is 0, `None` when `n` is.
///
/// # Panics
/// When `k` exceeds `n`, or `confidence` is not between 0 and 1.
#[must_use]
pub fn lower_limit(k: usize, n: usize, confidence: f64) -> Option<f64> {
    check(k, n, confidence);
    let too_low = |p: f64| at_least(k, n, p) < 1.0 - confidence;
    (n > 0).then(|| if k == 0 { 0.0 } else { turning_point(too_low) })
}

/// The one-sided upper limit: the rate is at most this, with `confidence`. 1 when `k` is `n`, `None` when `n` is 0.
///
/// # Panics
/// When `k` exceeds `n`, or `confidence` is not between 0 and 1.
#[must_use]
pub fn upper_limit(k: usize, n: usize, confidence: f64) -> Option<f64> {
    check(k, n, confidence);
    let allowed = |p: f64| at_most(k, n, p) >= 1.0 - confidence;
    (n > 0).then(|| if k == n { 1.0 } else { turning_point(allowed) })
}

fn check(k: usize, n: usize, confidence: f64) {
    assert!(k <= n, "a rate counts a part of its whole");
    assert!(0.0 < confidence && confidence < 1.0, "confidence is between 0 and 1");
}

/// Where `holds` turns from true to false between 0 and 1, to the last bit or 2⁻²⁰⁰.
pub(crate) fn turning_point(holds: impl Fn(f64) -> bool) -> f64 {
    let (mut low, mut high) = (0.0, 1.0);
    for _ in 0..200 {
        let middle = f64::midpoint(low, high);
        if middle <= low || middle >= high {
            break;
        }
        *if holds(middle) { &mut low } else { &mut high } = middle;
    }
    f64::midpoint(low, high)
}

/// A rate and its rest, each as exact as it was given.
#[derive(Clone, Copy)]
struct Rate {
    hit: f64,
    miss: f64,
}

impl Rate {
    fn turned(self) -> Self {
        Self { hit: self.miss, miss: self.hit }
    }
}

fn tail(k: usize, n: usize, rate: Rate) -> f64 {
    if k == 0 {
        1.0
    } else if k > n {
        0.0
    } else if k as f64 > n as f64 * rate.hit {
        falling_sum(k, n, rate)
    } else {
        1.0 - falling_sum(n - k + 1, n, rate.turned())
    }
}

/// Σ of P(X = j) for j from `k`, above the mean, to `n`: every term is smaller than the one before.
fn falling_sum(k: usize, n: usize, rate: Rate) -> f64 {
    let odds = rate.hit / rate.miss;
    let (mut sum, mut next) = (0.0, term(k, n, rate));
    for j in k..=n {
        sum += next;
        if next <= sum * f64::EPSILON * 1e-3 {
            break;
        }
        next *= (n - j) as f64 / (j + 1) as f64 * odds;
    }
    sum.min(1.0)
}

/// P(X = k), after Loader.
fn term(k: usize, n: usize, rate: Rate) -> f64 {
    let (x, whole, rest) = (k as f64, n as f64, (n - k) as f64);
    if k == 0 {
        return rate.miss.powf(whole);
    }
    if k == n {
        return rate.hit.powf(whole);
    }
    if rate.hit <= 0.0 || rate.miss <= 0.0 {
        return 0.0;
    }
    let exponent = stirling_error(whole)
        - stirling_error(x)
        - stirling_error(rest)
        - deviance(x, whole * rate.hit)
        - deviance(rest, whole * rate.miss);
    exponent.exp() * (whole / (2.0 * PI * x * rest)).sqrt()
}

/// ln n! − Stirling's approximation of it.
fn stirling_error(n: f64) -> f64 {
    if n < 16.0 {
        return ln_gamma(n + 1.0) - (n + 0.5) * n.ln() + n - 0.5 * (2.0 * PI).ln();
    }
    let square = n * n;
    (1.0 / 12.0
        - (1.0 / 360.0 - (1.0 / 1260.0 - (1.0 / 1680.0 - 1.0 / 1188.0 / square) / square) / square) / square)
        / n
}

/// x·ln(x/mean) + mean − x, by its series where the two are close.
fn deviance(x: f64, mean: f64) -> f64 {
    if (x - mean).abs() >= 0.1 * (x + mean) {
        return x * (x / mean).ln() + mean - x;
    }
    let v = (x - mean) / (x + mean);
    let (mut sum, mut part) = ((x - mean) * v, 2.0 * x * v);
    for j in 1..1000 {
        part *= v * v;
        let more = sum + part / f64::from(2 * j + 1);
        if (more - sum).abs() <= sum.abs() * f64::EPSILON * 1e-3 {
            break;
        }
        sum = more;
    }
    sum
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::eval::intervals::wilson;

    #[test]
    fn fifty_nine_right_of_fifty_nine_promise_ninety_five_percent() {
        assert!(lower_limit(59, 59, 0.95).unwrap() >= 0.95);
        assert!(lower_limit(58, 58, 0.95).unwrap() < 0.95);
        assert_eq!(clopper_pearson(0, 0, 0.95), None);
    }

    #[test]
    fn eighty_thousand_trials_are_no_trouble() {
        let whole = at_most(40_000, 80_000, 0.5) + at_least(40_001, 80_000, 0.5);
        assert!((whole - 1.0).abs() < 1e-12, "{whole}");
        let interval = clopper_pearson(40_000, 80_000, 0.95).unwrap();
        assert!((interval.low + interval.high - 1.0).abs() < 1e-12, "{interval:?}");
    }

    proptest! {
        #[test]
        fn terms_sum_to_one(n in 1usize..200, p in 0.0f64..=1.0) {
            let sum: f64 = (0..=n).map(|k| exactly(k, n, p)).sum();
            prop_assert!((sum - 1.0).abs() < 1e-12, "{sum}");
        }

        #[test]
        fn tails_are_sums_of_terms(n in 1usize..60, k in 0usize..62, p in 0.0f64..=1.0) {
            let above: f64 = (k..=n).map(|j| exactly(j, n, p)).sum();
            let below: f64 = (0..=k.min(n)).map(|j| exactly(j, n, p)).sum();
            prop_assert!((at_least(k, n, p) - above).abs() < 1e-12);
            prop_assert!((at_most(k, n, p) - below).abs() < 1e-12);
        }

        #[test]
        fn limits_hold_the_rate_and_the_middle_of_wilson(n in 1usize..400, k in 0usize..400) {
            prop_assume!(k <= n);
            let (exact, score) = (clopper_pearson(k, n, 0.95).unwrap(), wilson(k, n).unwrap());
            let rate = k as f64 / n as f64;
            prop_assert!(exact.low <= rate && rate <= exact.high);
            let middle = f64::midpoint(score.low, score.high);
            prop_assert!(exact.low <= middle && middle <= exact.high);
            prop_assert!(lower_limit(k, n, 0.95).unwrap() >= exact.low);
            prop_assert!(upper_limit(k, n, 0.95).unwrap() <= exact.high);
        }
    }
}
