//! Fitting what `inference::calibration` applies, on a part of the data that the weights never saw: for `train`,
//! and line by line for `calibrate`.

#![expect(clippy::cast_possible_truncation, reason = "fitted in f64, stored in f32")]

use crate::domain::taxonomy::Category;
use crate::inference::calibration::{Calibration, Combination};
use crate::inference::classifier::Logits;
use crate::inference::correction::{Correction, Platt};
use crate::train::corpus::Encoded;

/// With fewer of either kind a category keeps its raw logit: two numbers cannot be fitted to so little.
pub const MIN_OF_EACH: usize = 10;

/// Fits Platt's correction for every category, then the combination on top of them.
#[must_use]
pub fn fit(examples: &[Encoded], logits: &[Logits]) -> Calibration {
    let mut categories = [Correction::IDENTITY; Category::COUNT];
    for category in Category::ALL {
        let i = category.index();
        let pairs: Vec<(f64, bool)> = examples
            .iter()
            .zip(logits)
            .filter_map(|(e, l)| e.target.categories[i].map(|y| (f64::from(l.categories[i]), y)))
            .collect();
        categories[i] = Correction::Platt(line(&pairs, Free::Both).unwrap_or(Platt::IDENTITY));
    }
    let unfitted = Combination { weights: [1.0; Category::COUNT], correction: Correction::IDENTITY };
    let mut calibration = Calibration { categories, combination: unfitted };
    let rows: Vec<([f32; Category::COUNT], bool)> = examples
        .iter()
        .zip(logits)
        .filter_map(|(e, l)| e.extremism.map(|y| (calibration.calibrate(&l.categories), y)))
        .collect();
    calibration.combination = combination(&rows);
    calibration
}

fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

/// What of a line is fitted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Free {
    /// The slope alone; the offset is 0. Temperature scaling (Guo et al. 2017), with slope = 1 / temperature.
    Slope,
    /// Slope and offset (Platt 1999).
    Both,
}

/// Minimises the log-loss of sigmoid(slope · x + offset) by Newton's method, with Platt's smoothed targets so that
/// separable data has a finite solution. `None` with fewer than [`MIN_OF_EACH`] of either kind, or when the slope
/// would not be positive.
#[must_use]
pub fn line(pairs: &[(f64, bool)], free: Free) -> Option<Platt> {
    let positives = pairs.iter().filter(|(_, y)| *y).count();
    let negatives = pairs.len() - positives;
    if positives.min(negatives) < MIN_OF_EACH {
        return None;
    }
    let high = (positives as f64 + 1.0) / (positives as f64 + 2.0);
    let low = 1.0 / (negatives as f64 + 2.0);
    let (mut slope, mut offset) = (1.0_f64, 0.0_f64);
    for _ in 0..100 {
        let (mut g, mut h) = ([0.0; 2], [1e-9, 0.0, 1e-9]);
        for (x, y) in pairs {
            let p = sigmoid(slope.mul_add(*x, offset));
            let error = p - if *y { high } else { low };
            let curve = p * (1.0 - p);
            g[0] += error * x;
            g[1] += error;
            h[0] += curve * x * x;
            h[1] += curve * x;
            h[2] += curve;
        }
        if free == Free::Slope {
            (g[1], h[1], h[2]) = (0.0, 0.0, 1.0);
        }
        let determinant = h[0] * h[2] - h[1] * h[1];
        let step = [(h[2] * g[0] - h[1] * g[1]) / determinant, (h[0] * g[1] - h[1] * g[0]) / determinant];
        // A full Newton step can overshoot where the data is nearly separable.
        let shrink = 1.0 / step[0].abs().max(step[1].abs()).max(1.0);
        slope -= shrink * step[0];
        offset -= shrink * step[1];
        if step[0].abs() + step[1].abs() < 1e-10 {
            break;
        }
    }
    let fitted = slope > 0.0 && slope.is_finite() && offset.is_finite();
    fitted.then_some(Platt { slope: slope as f32, offset: offset as f32 })
}

/// Fits the noisy or's weights and its Platt correction together, by Adam on the mean log-loss. Weights are
/// exponentials of the fitted numbers, hence positive. A quadratic pull of their logarithms towards 0 (weight 1)
/// keeps a category that is rare in the calibration part from being argued away by a handful of texts.
#[must_use]
pub fn combination(rows: &[([f32; Category::COUNT], bool)]) -> Combination {
    const PULL: f64 = 2e-3;
    let mut x = [0.0_f64; Category::COUNT + 2]; // log weights, log slope, offset
    let (mut m, mut v) = ([0.0_f64; Category::COUNT + 2], [0.0_f64; Category::COUNT + 2]);
    let positives = rows.iter().filter(|(_, y)| *y).count();
    if positives.min(rows.len() - positives) >= MIN_OF_EACH {
        for step in 1..=1500 {
            let mut g = mean_gradient(&x, rows);
            for i in 0..=Category::COUNT {
                g[i] += PULL * x[i];
            }
            for i in 0..x.len() {
                m[i] = 0.9 * m[i] + 0.1 * g[i];
                v[i] = 0.999 * v[i] + 0.001 * g[i] * g[i];
                let (mean, square) = (m[i] / (1.0 - 0.9_f64.powi(step)), v[i] / (1.0 - 0.999_f64.powi(step)));
                x[i] -= 0.02 * mean / (square.sqrt() + 1e-9);
            }
        }
    }
    let mut weights = [0.0; Category::COUNT];
    for (w, x) in weights.iter_mut().zip(&x) {
        *w = x.exp() as f32;
    }
    let platt = Platt { slope: x[Category::COUNT].exp() as f32, offset: x[Category::COUNT + 1] as f32 };
    Combination { weights, correction: Correction::Platt(platt) }
}

/// With e = ln(1 + eˣ) for each category, s = Σ w·e and z = ln(eˢ − 1): dz/ds = 1/(1 − e⁻ˢ).
fn mean_gradient(
    x: &[f64; Category::COUNT + 2],
    rows: &[([f32; Category::COUNT], bool)],
) -> [f64; Category::COUNT + 2] {
    let (slope, offset) = (x[Category::COUNT].exp(), x[Category::COUNT + 1]);
    let mut g = [0.0; Category::COUNT + 2];
    for (logits, y) in rows {
        let evidence = logits.map(|l| f64::from(l).max(0.0) + (-f64::from(l).abs()).exp().ln_1p());
        let s: f64 = evidence.iter().zip(x).map(|(e, x)| x.exp() * e).sum::<f64>().max(1e-9);
        let z = if s > 20.0 { s } else { s.exp_m1().ln() };
        let error = sigmoid(slope.mul_add(z, offset)) - f64::from(u8::from(*y));
        let per_evidence = error * slope / -(-s).exp_m1();
        for (i, e) in evidence.iter().enumerate() {
            g[i] += per_evidence * x[i].exp() * e;
        }
        g[Category::COUNT] += error * slope * z;
        g[Category::COUNT + 1] += error;
    }
    g.map(|g| g / rows.len() as f64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::Rng as _;

    fn uniform(rng: &mut impl rand::Rng) -> f64 {
        f64::from(rng.next_u32()) / f64::from(u32::MAX)
    }

    #[test]
    fn platt_finds_the_curve_the_labels_were_drawn_from() {
        let rng = &mut crate::train::batches::generator(1, "test", 0);
        let pairs: Vec<(f64, bool)> = (0..40_000)
            .map(|_| {
                let x = 8.0 * uniform(rng) - 4.0;
                (x, uniform(rng) < sigmoid(0.5 * x - 1.0))
            })
            .collect();
        let fitted = line(&pairs, Free::Both).unwrap();
        assert!((fitted.slope - 0.5).abs() < 0.03 && (fitted.offset + 1.0).abs() < 0.05, "{fitted:?}");
    }

    #[test]
    fn too_little_data_leaves_the_logit_alone() {
        let pairs = vec![(1.0, true); 5];
        assert_eq!(line(&pairs, Free::Both), None);
    }

    #[test]
    fn separable_data_has_a_finite_curve() {
        let pairs: Vec<(f64, bool)> = (-50..50).map(|i| (f64::from(i), i >= 0)).collect();
        let fitted = line(&pairs, Free::Both).unwrap();
        assert!(fitted.slope.is_finite() && fitted.slope > 0.0, "{fitted:?}");
    }

    #[test]
    fn labels_that_fall_as_logits_rise_have_no_line() {
        let pairs: Vec<(f64, bool)> = (-50..50).map(|i| (f64::from(i), i < 0)).collect();
        assert_eq!(line(&pairs, Free::Both), None);
    }

    #[test]
    fn a_temperature_alone_has_no_offset() {
        let rng = &mut crate::train::batches::generator(3, "test", 0);
        let pairs: Vec<(f64, bool)> = (0..40_000)
            .map(|_| {
                let x = 8.0 * uniform(rng) - 4.0;
                (x, uniform(rng) < sigmoid(0.6 * x))
            })
            .collect();
        let fitted = line(&pairs, Free::Slope).unwrap();
        assert!((fitted.slope - 0.6).abs() < 0.03 && fitted.offset == 0.0, "{fitted:?}");
    }

    #[test]
    fn the_combination_ignores_a_category_that_says_nothing() {
        let rng = &mut crate::train::batches::generator(2, "test", 0);
        let rows: Vec<([f32; Category::COUNT], bool)> = (0..4000)
            .map(|_| {
                let mut logits = [-8.0_f32; Category::COUNT];
                logits[0] = (8.0 * uniform(rng) - 4.0) as f32;
                logits[5] = (8.0 * uniform(rng) - 4.0) as f32;
                (logits, uniform(rng) < sigmoid(f64::from(logits[0])))
            })
            .collect();
        let fitted = combination(&rows);
        assert!(fitted.weights[5] < 0.1 * fitted.weights[0], "{fitted:?}");
        let _ = rng.next_u32();
    }
}
