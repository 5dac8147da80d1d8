//! How sure a number is: intervals for counted rates here and in `binomial`, for AUCs in `delong`, for everything
//! else in `bootstrap`.

pub mod binomial;
pub mod bootstrap;
pub mod delong;

/// The two-sided 95 % quantile of the standard normal distribution, Φ⁻¹(0.975).
pub const Z_95: f64 = 1.959_963_984_540_054;

/// Confidence of every interval in a report.
pub const CONFIDENCE: f64 = 0.95;

/// An interval with its ends, `low ≤ high`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interval {
    pub low: f64,
    pub high: f64,
}

/// A difference of two rates, −1..=1, with its interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Difference {
    pub value: f64,
    pub interval: Interval,
}

/// Wilson's score interval for `k` successes in `n` independent trials, 95 %, without continuity correction;
/// `None` when `n` is 0.
///
/// With p = k/n and z = 1.96: centre (p + z²/2n) / (1 + z²/n), half-width z·√(p(1−p)/n + z²/4n²) / (1 + z²/n).
/// Source: E. B. Wilson, "Probable inference, the law of succession, and statistical inference", JASA 22
/// (1927); recommended for small n and rates near 0 or 1 by Brown, Cai and DasGupta, Statistical Science 16 (2001).
///
/// # Panics
/// When `k` exceeds `n`.
#[must_use]
pub fn wilson(k: usize, n: usize) -> Option<Interval> {
    assert!(k <= n, "a rate counts a part of its whole");
    if n == 0 {
        return None;
    }
    let (kf, nf, z2) = (k as f64, n as f64, Z_95 * Z_95);
    let p = kf / nf;
    let scale = 1.0 + z2 / nf;
    let centre = (p + z2 / (2.0 * nf)) / scale;
    let half = Z_95 * (p * (1.0 - p) / nf + z2 / (4.0 * nf * nf)).sqrt() / scale;
    // At the ends the formula is exact in algebra and off by one rounding in floating point.
    let low = if k == 0 { 0.0 } else { (centre - half).max(0.0) };
    let high = if k == n { 1.0 } else { (centre + half).min(1.0) };
    Some(Interval { low, high })
}

/// First rate − second, each given as (part, whole), of different cases, with a 95 % interval; `None` when either
/// is a rate of nothing.
///
/// With d = p − q and Wilson's intervals (l, u) of each: d − √((p − l₁)² + (u₂ − q)²) to d + √((u₁ − p)² + (q − l₂)²).
/// Source: R. G. Newcombe, "Interval estimation for the difference between independent proportions", Statistics in
/// Medicine 17 (1998), method 10.
#[must_use]
pub fn newcombe(first: (usize, usize), second: (usize, usize)) -> Option<Difference> {
    let (a, b) = (wilson(first.0, first.1)?, wilson(second.0, second.1)?);
    let (p, q) = (first.0 as f64 / first.1 as f64, second.0 as f64 / second.1 as f64);
    let value = p - q;
    let low = (value - (p - a.low).hypot(b.high - q)).max(-1.0);
    let high = (value + (a.high - p).hypot(q - b.low)).min(1.0);
    Some(Difference { value, interval: Interval { low, high } })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn nothing_counted_has_no_interval() {
        assert_eq!(wilson(0, 0), None);
    }

    #[test]
    fn none_of_forty_four_still_allows_eight_percent() {
        let interval = wilson(0, 44).unwrap();
        assert!(interval.low.abs() < f64::EPSILON);
        assert!((interval.high - 0.080_3).abs() < 1e-4, "{interval:?}");
    }

    proptest! {
        #[test]
        fn the_rate_lies_inside(n in 1usize..5000, share in 0.0f64..=1.0) {
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "share is within 0..=1")]
            let k = (share * n as f64).round() as usize;
            let rate = k as f64 / n as f64;
            let interval = wilson(k, n).unwrap();
            prop_assert!(0.0 <= interval.low && interval.low <= rate);
            prop_assert!(rate <= interval.high && interval.high <= 1.0);
        }

        #[test]
        fn it_is_symmetric(n in 1usize..2000, k in 0usize..2000) {
            prop_assume!(k <= n);
            let (a, b) = (wilson(k, n).unwrap(), wilson(n - k, n).unwrap());
            prop_assert!((a.low - (1.0 - b.high)).abs() < 1e-12);
        }

        #[test]
        fn a_difference_turned_round_changes_its_sign(a in 1usize..200, b in 1usize..200, k in 0usize..200, l in 0usize..200) {
            prop_assume!(k <= a && l <= b);
            let (one, other) = (newcombe((k, a), (l, b)).unwrap(), newcombe((l, b), (k, a)).unwrap());
            prop_assert!((one.value + other.value).abs() < 1e-12);
            prop_assert!((one.interval.low + other.interval.high).abs() < 1e-12);
            prop_assert!(one.interval.low <= one.value && one.value <= one.interval.high);
        }
    }

    #[test]
    fn a_rate_of_nothing_has_no_difference() {
        assert_eq!(newcombe((0, 0), (1, 2)), None);
        assert_eq!(newcombe((1, 2), (0, 0)), None);
    }
}
