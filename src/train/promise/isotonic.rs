//! The isotonic fit: the best probabilities that never fall as the logit rises.

#![expect(clippy::cast_possible_truncation, reason = "fitted in f64, stored in f32")]

use crate::inference::correction::Isotonic;
use crate::train::calibrate::MIN_OF_EACH;

/// Neighbouring points that share one fitted value.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Block {
    /// Mean x of its points.
    pub centre: f64,
    /// Mean y of its points.
    pub value: f64,
    /// How many points.
    pub weight: usize,
}

/// The least-squares fit among all functions that do not fall, by pooling adjacent violators (Ayer, Brunk, Ewing,
/// Reid and Silverman 1955). Points of equal x are one point. Blocks come in the order of x, their values rising
/// strictly.
#[must_use]
pub fn pool(points: &[(f64, f64)]) -> Vec<Block> {
    let mut sorted = points.to_vec();
    sorted.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut blocks: Vec<Block> = Vec::new();
    // Sorted, so `>=` means equal.
    for ties in sorted.chunk_by(|a, b| a.0 >= b.0) {
        let weight = ties.len();
        let value = ties.iter().map(|(_, y)| y).sum::<f64>() / weight as f64;
        let mut block = Block { centre: ties[0].0, value, weight };
        while let Some(before) = blocks.pop_if(|before| before.value >= block.value) {
            let weight = before.weight + block.weight;
            let mean = |a: f64, b: f64| (before.weight as f64 * a + block.weight as f64 * b) / weight as f64;
            block = Block {
                centre: mean(before.centre, block.centre),
                value: mean(before.value, block.value),
                weight,
            };
        }
        blocks.push(block);
    }
    blocks
}

/// The curve through the centres of the blocks, in logits (centred isotonic regression, Oron and Flournoy 2017): a
/// step function would give many texts one score and take away their order. A block whose labels are all the same
/// is no surer than so many labels allow, by Platt's targets; so everything is finite. `None` with fewer than
/// [`MIN_OF_EACH`] of either kind.
#[must_use]
pub fn fit(pairs: &[(f64, bool)]) -> Option<Isotonic> {
    let positives = pairs.iter().filter(|(_, y)| *y).count();
    if positives.min(pairs.len() - positives) < MIN_OF_EACH {
        return None;
    }
    let points: Vec<(f64, f64)> = pairs.iter().map(|(x, y)| (*x, f64::from(u8::from(*y)))).collect();
    let mut curve: Vec<(f64, f64)> = pool(&points).iter().map(|b| (b.centre, sure(b))).collect();
    // Only the first and the last block can be of one label; what was taken from them must not cross their
    // neighbours.
    if let [(_, first), (_, second), ..] = curve.as_mut_slice() {
        *first = first.min(*second);
    }
    if let [.., (_, second), (_, last)] = curve.as_mut_slice() {
        *last = last.max(*second);
    }
    let logit = |p: f64| (p / (1.0 - p)).ln() as f32;
    Isotonic::new(curve.into_iter().map(|(x, p)| [x as f32, logit(p)]).collect()).ok()
}

fn sure(block: &Block) -> f64 {
    let surest = 1.0 / (block.weight as f64 + 2.0);
    if block.value <= 0.0 {
        surest
    } else if block.value >= 1.0 {
        1.0 - surest
    } else {
        block.value
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn violators_are_pooled() {
        let blocks = pool(&[(0.0, 0.0), (1.0, 1.0), (2.0, 0.0), (3.0, 1.0), (3.0, 0.0)]);
        let values: Vec<(f64, usize)> = blocks.iter().map(|b| (b.value, b.weight)).collect();
        assert_eq!(values, [(0.0, 1), (0.5, 4)]);
    }

    #[test]
    fn perfect_order_has_a_finite_curve() {
        let pairs: Vec<(f64, bool)> = (-30..30).map(|i| (f64::from(i), i >= 0)).collect();
        let curve = fit(&pairs).unwrap();
        let (below, above) = (curve.apply(-15.5), curve.apply(14.5));
        assert!((below + 31.0_f32.ln()).abs() < 1e-5 && (above - 31.0_f32.ln()).abs() < 1e-5, "{curve:?}");
    }

    /// The value of each point under a fit, in the order of the points.
    fn fitted(points: &[(f64, f64)]) -> Vec<f64> {
        let mut values = Vec::new();
        for block in pool(points) {
            values.extend(std::iter::repeat_n(block.value, block.weight));
        }
        values
    }

    /// The least squares of every way to cut the points into runs whose means rise: the optimum is one of these.
    fn brute_force(y: &[f64]) -> f64 {
        let mut best = f64::INFINITY;
        for cuts in 0..1_u32 << (y.len() - 1) {
            let mut runs: Vec<Vec<f64>> = vec![vec![y[0]]];
            for (i, value) in y.iter().enumerate().skip(1) {
                if cuts & (1 << (i - 1)) != 0 {
                    runs.push(Vec::new());
                }
                runs.last_mut().unwrap().push(*value);
            }
            let means: Vec<f64> = runs.iter().map(|r| r.iter().sum::<f64>() / r.len() as f64).collect();
            if means.windows(2).all(|w| w[0] <= w[1]) {
                let of = |(run, mean): (&Vec<f64>, &f64)| run.iter().map(|v| (v - mean).powi(2)).sum::<f64>();
                best = best.min(runs.iter().zip(&means).map(of).sum());
            }
        }
        best
    }

    proptest! {
        #[test]
        fn pooling_is_the_least_squares_optimum(y in prop::collection::vec(0.0_f64..1.0, 1..11)) {
            let points: Vec<(f64, f64)> = y.iter().enumerate().map(|(i, y)| (i as f64, *y)).collect();
            let values = fitted(&points);
            prop_assert!(values.windows(2).all(|w| w[0] <= w[1]));
            let squares: f64 = values.iter().zip(&y).map(|(f, y)| (f - y).powi(2)).sum();
            prop_assert!((squares - brute_force(&y)).abs() < 1e-9);
        }

        #[test]
        fn the_order_of_points_does_not_matter(
            points in prop::collection::vec((-5_i32..5, any::<bool>()), 1..40), seed in any::<usize>(),
        ) {
            let points: Vec<(f64, f64)> =
                points.into_iter().map(|(x, y)| (f64::from(x), f64::from(u8::from(y)))).collect();
            let mut turned = points.clone();
            turned.rotate_left(seed % points.len());
            let (a, b) = (pool(&points), pool(&turned));
            prop_assert_eq!(a.len(), b.len());
            prop_assert!(a.iter().zip(&b).all(|(a, b)| (a.value - b.value).abs() < 1e-12));
        }

        #[test]
        fn a_curve_can_always_be_written(
            pairs in prop::collection::vec((-40.0_f32..40.0, any::<bool>()), 0..200),
        ) {
            let pairs: Vec<(f64, bool)> = pairs.into_iter().map(|(x, y)| (f64::from(x), y)).collect();
            let positives = pairs.iter().filter(|p| p.1).count();
            prop_assert_eq!(fit(&pairs).is_some(), positives.min(pairs.len() - positives) >= MIN_OF_EACH);
        }
    }
}
