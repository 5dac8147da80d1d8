//! Generated cases for the properties of the metrics: few distinct scores, so that ties are the rule, and some
//! abstentions.

use proptest::prelude::*;

use crate::eval::metrics::Case;

const MOST: usize = 40;

/// Up to 40 cases, decided at one half.
pub(crate) fn cases() -> impl Strategy<Value = Vec<Case>> {
    let score = prop_oneof![8 => (0u8..=10).prop_map(|s| Some(f32::from(s) / 10.0)), 1 => Just(None)];
    let case = (score, any::<bool>()).prop_map(|(score, positive)| Case {
        score,
        positive,
        flagged: score.is_some_and(|s| s >= 0.5),
    });
    proptest::collection::vec(case, 0..MOST)
}

/// A weight for each of as many cases as [`cases`] ever gives.
pub(crate) fn weights() -> impl Strategy<Value = Vec<usize>> {
    proptest::collection::vec(0usize..4, MOST)
}

/// Whether each of as many cases belongs to an identity.
pub(crate) fn members() -> impl Strategy<Value = Vec<bool>> {
    proptest::collection::vec(any::<bool>(), MOST)
}

/// Each of the things as often as its weight says.
pub(crate) fn repeated<T: Copy>(things: &[T], weights: &[usize]) -> Vec<T> {
    things.iter().zip(weights).flat_map(|(thing, &weight)| std::iter::repeat_n(*thing, weight)).collect()
}

/// The same from the last to the first.
pub(crate) fn reversed<T: Copy>(things: &[T]) -> Vec<T> {
    things.iter().rev().copied().collect()
}

/// Equal but for rounding, or both undefined.
pub(crate) fn close(a: Option<f64>, b: Option<f64>) -> bool {
    match (a, b) {
        (Some(a), Some(b)) => (a - b).abs() < 1e-12,
        (a, b) => a == b,
    }
}
