//! Whether marked evidence is what the score rests on (DeYoung et al., "ERASER: a benchmark to evaluate rationalized
//! NLP models", ACL 2020, section 4.2).

use crate::eval::intervals::bootstrap::{self, Estimate, Plan};

/// Scores of one text: as it is, without the evidence, and of the evidence only; `None` where the subject abstained.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Erased {
    pub whole: Option<f32>,
    pub without: Option<f32>,
    pub only: Option<f32>,
}

/// Means over the texts for which both scores are there.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Faithfulness {
    /// p(whole) − p(without), −1..=1. High: taking the evidence out takes the score away.
    pub comprehensiveness: Estimate,
    pub comprehensiveness_n: usize,
    /// p(whole) − p(only), −1..=1. Near 0: the evidence alone brings the score about.
    pub sufficiency: Estimate,
    pub sufficiency_n: usize,
}

/// Means with bootstrap intervals; `clusters` as in [`bootstrap::estimates`].
///
/// # Panics
/// When there is not one cluster number per text.
#[must_use]
pub fn faithfulness(texts: &[Erased], clusters: &[usize], plan: Plan) -> Faithfulness {
    let drops = |erased: fn(&Erased) -> Option<f32>| -> Vec<Option<f64>> {
        texts.iter().map(|t| Some(f64::from(t.whole?) - f64::from(erased(t)?))).collect()
    };
    let (without, only) = (drops(|t| t.without), drops(|t| t.only));
    let estimates =
        bootstrap::estimates(clusters, plan, |weights| vec![mean(&without, weights), mean(&only, weights)]);
    Faithfulness {
        comprehensiveness: estimates[0],
        comprehensiveness_n: without.iter().flatten().count(),
        sufficiency: estimates[1],
        sufficiency_n: only.iter().flatten().count(),
    }
}

fn mean(values: &[Option<f64>], weights: &[usize]) -> Option<f64> {
    let (mut sum, mut n) = (0.0, 0);
    for (value, &weight) in values.iter().zip(weights) {
        if let Some(value) = value {
            sum += value * weight as f64;
            n += weight;
        }
    }
    (n > 0).then(|| sum / n as f64)
}
