//! Which correction a target gets: the one with the lowest cross-validated log loss.

use crate::inference::correction::{Correction, Platt};
use crate::train::calibrate::{Free, line};
use crate::train::promise::isotonic;

/// Parts of the cross-validation; near-duplicates and groups share one.
pub const FOLDS: usize = 5;
/// With fewer of either kind a target keeps what the bundle shipped: a comparison of methods would be chance.
pub const MIN_TO_CHOOSE: usize = 25;

/// A labelled text of the calibration part.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Case {
    /// What the correction is applied to.
    pub logit: f32,
    pub positive: bool,
    /// Below [`FOLDS`].
    pub fold: usize,
}

/// From the simplest on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Method {
    /// What the bundle had: nothing is fitted.
    AsShipped,
    /// What the bundle had, its logits times one number (Guo et al. 2017).
    Temperature,
    /// A line through the raw logits (Platt 1999).
    Platt,
    /// A rising curve (Zadrozny and Elkan 2002).
    Isotonic,
}

impl Method {
    pub const ALL: [Self; 4] = [Self::AsShipped, Self::Temperature, Self::Platt, Self::Isotonic];

    #[must_use]
    pub const fn id(self) -> &'static str {
        match self {
            Self::AsShipped => "as_shipped",
            Self::Temperature => "temperature",
            Self::Platt => "platt",
            Self::Isotonic => "isotonic",
        }
    }

    /// `None` when there is too little to fit, or no such correction keeps the order.
    fn fit(self, shipped: &Correction, pairs: &[(f64, bool)]) -> Option<Correction> {
        match (self, shipped) {
            (Self::AsShipped, _) => Some(shipped.clone()),
            (Self::Temperature, Correction::Platt(Platt { slope, offset })) => {
                let (a, b) = (f64::from(*slope), f64::from(*offset));
                let corrected: Vec<_> = pairs.iter().map(|(x, y)| (a.mul_add(*x, b), *y)).collect();
                let by = line(&corrected, Free::Slope)?.slope;
                Some(Correction::Platt(Platt { slope: by * slope, offset: by * offset }))
            }
            // A curve is only in a bundle that was promised already, and such a bundle is refused.
            (Self::Temperature, Correction::Isotonic(_)) => None,
            (Self::Platt, _) => line(pairs, Free::Both).map(Correction::Platt),
            (Self::Isotonic, _) => isotonic::fit(pairs).map(Correction::Isotonic),
        }
    }
}

/// What was chosen and on what grounds.
#[derive(Debug, Clone, PartialEq)]
pub struct Choice {
    pub method: Method,
    pub correction: Correction,
    /// Labelled texts, and the positive ones among them.
    pub labelled: usize,
    pub positives: usize,
    /// Mean log loss (natural logarithm) on texts that were left out of the fit; empty when there was too little to
    /// choose.
    pub log_loss: Vec<(Method, f64)>,
}

/// Fits the method with the lowest cross-validated log loss to all of `cases`. A method must be better than a
/// simpler one by more than the standard error of the difference; within it the two are tied and the simpler one is
/// kept.
#[must_use]
pub fn choose(shipped: &Correction, cases: &[Case]) -> Choice {
    let positives = cases.iter().filter(|c| c.positive).count();
    let kept = Choice {
        method: Method::AsShipped,
        correction: shipped.clone(),
        labelled: cases.len(),
        positives,
        log_loss: Vec::new(),
    };
    if positives.min(cases.len() - positives) < MIN_TO_CHOOSE {
        return kept;
    }
    let losses: Vec<(Method, Vec<f64>)> =
        Method::ALL.into_iter().filter_map(|m| Some((m, held_out(m, shipped, cases)?))).collect();
    let mut best = &losses[0];
    for candidate in &losses[1..] {
        if clearly_lower(&candidate.1, &best.1) {
            best = candidate;
        }
    }
    let log_loss = losses.iter().map(|(method, loss)| (*method, mean(loss))).collect();
    let method = best.0;
    match method.fit(shipped, &pairs(cases)) {
        Some(correction) => Choice { method, correction, log_loss, ..kept },
        None => Choice { log_loss, ..kept },
    }
}

/// The log loss of each case under a fit to the other folds; `None` when one of those fits is not possible.
fn held_out(method: Method, shipped: &Correction, cases: &[Case]) -> Option<Vec<f64>> {
    let mut losses = vec![0.0; cases.len()];
    for fold in 0..FOLDS {
        let others: Vec<Case> = cases.iter().filter(|c| c.fold != fold).copied().collect();
        let correction = method.fit(shipped, &pairs(&others))?;
        for (loss, case) in losses.iter_mut().zip(cases).filter(|(_, c)| c.fold == fold) {
            *loss = log_loss(correction.apply(case.logit), case.positive);
        }
    }
    Some(losses)
}

fn pairs(cases: &[Case]) -> Vec<(f64, bool)> {
    cases.iter().map(|c| (f64::from(c.logit), c.positive)).collect()
}

/// −ln of the probability of the label, without overflow.
fn log_loss(logit: f32, positive: bool) -> f64 {
    let x = if positive { -f64::from(logit) } else { f64::from(logit) };
    x.max(0.0) + (-x.abs()).exp().ln_1p()
}

fn clearly_lower(candidate: &[f64], best: &[f64]) -> bool {
    let gains: Vec<f64> = best.iter().zip(candidate).map(|(b, c)| b - c).collect();
    let (n, gain) = (gains.len() as f64, mean(&gains));
    let variance = gains.iter().map(|g| (g - gain).powi(2)).sum::<f64>() / (n - 1.0);
    gain > (variance / n).sqrt()
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

#[cfg(test)]
mod tests {
    use rand::Rng as _;

    use super::*;
    use crate::train::batches::generator;

    /// Logits between −4 and 4 whose labels follow `probability`.
    fn drawn(n: usize, probability: impl Fn(f64) -> f64) -> Vec<Case> {
        let rng = &mut generator(5, "choice", 0);
        let mut uniform = || f64::from(rng.next_u32()) / f64::from(u32::MAX);
        (0..n)
            .map(|i| {
                let logit = 8.0 * uniform() - 4.0;
                #[expect(clippy::cast_possible_truncation, reason = "a made-up logit")]
                let narrow = logit as f32;
                Case { logit: narrow, positive: uniform() < probability(logit), fold: i % FOLDS }
            })
            .collect()
    }

    fn sigmoid(x: f64) -> f64 {
        1.0 / (1.0 + (-x).exp())
    }

    #[test]
    fn each_method_is_chosen_where_it_is_true() {
        let shipped = Correction::IDENTITY;
        let method = |probability: &dyn Fn(f64) -> f64| choose(&shipped, &drawn(6000, probability)).method;
        assert_eq!(method(&sigmoid), Method::AsShipped);
        assert_eq!(method(&|x| sigmoid(0.4 * x)), Method::Temperature);
        assert_eq!(method(&|x| sigmoid(0.7 * x - 1.5)), Method::Platt);
        assert_eq!(method(&|x| if x < 1.0 { 0.05 } else { 0.6 }), Method::Isotonic);
    }

    #[test]
    fn a_temperature_is_on_top_of_what_was_shipped() {
        let shipped = Correction::Platt(Platt { slope: 2.0, offset: 1.0 });
        let choice = choose(&shipped, &drawn(6000, |x| sigmoid(0.5 * (2.0 * x + 1.0))));
        assert_eq!(choice.method, Method::Temperature);
        let Correction::Platt(line) = choice.correction else { panic!("a line") };
        assert!((line.slope - 1.0).abs() < 0.1 && (line.offset - 0.5).abs() < 0.1, "{line:?}");
    }

    #[test]
    fn too_little_keeps_what_was_shipped_and_compares_nothing() {
        let shipped = Correction::Platt(Platt { slope: 2.0, offset: 1.0 });
        let cases = drawn(40, sigmoid);
        let choice = choose(&shipped, &cases);
        assert_eq!((choice.method, choice.log_loss.len()), (Method::AsShipped, 0));
        assert_eq!(choice.correction, shipped);
        assert_eq!(choice.labelled, 40);
    }

    #[test]
    fn a_huge_logit_has_a_finite_loss() {
        assert!((log_loss(80.0, false) - 80.0).abs() < 1e-9);
        assert!(log_loss(80.0, true) < 1e-9);
    }
}
