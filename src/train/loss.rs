//! The loss: binary cross-entropy for each category and cross-entropy over the contexts, both masked.
//!
//! A label that a source does not carry is unknown and adds nothing: "not hate" is not "not extremist".

#![expect(clippy::cast_possible_truncation, reason = "summed in f64, trained in f32")]

use crate::domain::taxonomy::{Category, Context};
use crate::inference::candle::weights::HEAD_ROWS;

/// What is known of one training example.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Target {
    pub categories: [Option<bool>; Category::COUNT],
    pub context: Option<Context>,
    /// How much the example counts.
    pub weight: f32,
}

/// How much each part counts.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LossWeights {
    /// Multiplies the loss of positives, by category: rare ones count more.
    pub positive: [f32; Category::COUNT],
    pub context: f32,
    /// Targets are pulled from 0/1 by this much, against labels that are wrong.
    pub smoothing: f32,
}

/// log(1 + eˣ) without overflow: max(x, 0) + log(1 + e^(−|x|)).
fn softplus(x: f32) -> f32 {
    x.max(0.0) + (-x.abs()).exp().ln_1p()
}

fn sigmoid(x: f32) -> f32 {
    if x >= 0.0 {
        1.0 / (1.0 + (-x).exp())
    } else {
        let e = x.exp();
        e / (1.0 + e)
    }
}

/// Mean loss over the batch and its gradient with respect to the logits, `[texts · HEAD_ROWS]`.
///
/// Finite for every finite logit. For logit x, target y and positive weight w the loss is
/// w·y·softplus(−x) + (1−y)·softplus(x).
#[must_use]
pub fn loss(logits: &[f32], targets: &[Target], weights: &LossWeights) -> (f32, Vec<f32>) {
    let scale = 1.0 / targets.len() as f32;
    let mut grad = vec![0.0; logits.len()];
    let mut total = 0.0_f64;
    for ((row, grad), target) in
        logits.chunks_exact(HEAD_ROWS).zip(grad.chunks_exact_mut(HEAD_ROWS)).zip(targets)
    {
        let (x, g) = (row.split_at(Category::COUNT), grad.split_at_mut(Category::COUNT));
        let sum = categories_loss(x.0, g.0, target, weights) + context_loss(x.1, g.1, target, weights);
        total += f64::from(sum * target.weight);
        for g in grad {
            *g *= target.weight * scale;
        }
    }
    ((total * f64::from(scale)) as f32, grad)
}

fn categories_loss(x: &[f32], grad: &mut [f32], target: &Target, weights: &LossWeights) -> f32 {
    let mut sum = 0.0;
    for (i, known) in target.categories.iter().enumerate() {
        let Some(positive) = known else { continue };
        let y = if *positive { 1.0 - weights.smoothing } else { weights.smoothing };
        let w = weights.positive[i];
        sum += w * y * softplus(-x[i]) + (1.0 - y) * softplus(x[i]);
        grad[i] = (1.0 - y) * sigmoid(x[i]) - w * y * sigmoid(-x[i]);
    }
    sum
}

fn context_loss(x: &[f32], grad: &mut [f32], target: &Target, weights: &LossWeights) -> f32 {
    let Some(context) = target.context else { return 0.0 };
    let largest = x.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let sum: f32 = x.iter().map(|x| (x - largest).exp()).sum();
    for (i, g) in grad.iter_mut().enumerate() {
        let p = (x[i] - largest).exp() / sum;
        *g = weights.context * (p - if i == context.index() { 1.0 } else { 0.0 });
    }
    weights.context * (largest + sum.ln() - x[context.index()])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const WEIGHTS: LossWeights =
        LossWeights { positive: [1.0, 3.0, 2.0, 1.0, 1.0, 0.5], context: 0.3, smoothing: 0.02 };

    fn target(known: [Option<bool>; 6], context: Option<Context>) -> Target {
        Target { categories: known, context, weight: 0.7 }
    }

    #[test]
    fn finite_where_the_naive_form_is_not() {
        for x in [17.0_f32, 40.0, 1e4, -17.0, -1e4] {
            for y in [true, false] {
                let (value, grad) =
                    loss(&[x; HEAD_ROWS], &[target([Some(y); 6], Some(Context::None))], &WEIGHTS);
                assert!(value.is_finite() && grad.iter().all(|g| g.is_finite()), "logit {x}, target {y}");
            }
        }
    }

    #[test]
    fn unknown_labels_have_no_gradient() {
        let known = [None, Some(true), None, Some(false), None, None];
        let (_, grad) = loss(&[0.3; HEAD_ROWS], &[target(known, None)], &WEIGHTS);
        let zero: Vec<bool> = grad.iter().map(|g| *g == 0.0).collect();
        assert_eq!(zero, [true, false, true, false, true, true, true, true, true, true]);
    }

    proptest! {
        #[test]
        fn gradient_agrees_with_differences(
            logits in prop::collection::vec(-6.0_f32..6.0, 2 * HEAD_ROWS),
            known in prop::array::uniform6(prop::option::of(any::<bool>())),
            at in 0..2 * HEAD_ROWS,
        ) {
            let targets = [target(known, Some(Context::Reporting)), target(known, None)];
            let (_, grad) = loss(&logits, &targets, &WEIGHTS);
            let h = 0.01;
            let moved = |by: f32| {
                let mut x = logits.clone();
                x[at] += by;
                loss(&x, &targets, &WEIGHTS).0
            };
            let want = (moved(h) - moved(-h)) / (2.0 * h);
            prop_assert!((grad[at] - want).abs() < 2e-3, "{} {}", grad[at], want);
        }
    }
}
