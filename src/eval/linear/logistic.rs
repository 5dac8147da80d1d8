//! Logistic regression with a quadratic penalty, in the convention of liblinear (Fan et al. 2008, "LIBLINEAR: A Library
//! for Large Linear Classification", section 2): with labels y of ±1 the weights w, of which the last is the bias and
//! belongs to a column of ones that is appended to every row, minimise
//!
//! ½ wᵀw + C Σᵢ aᵢ ln(1 + exp(−yᵢ wᵀxᵢ)),
//!
//! aᵢ being the weight of a text. So the bias is penalised too. The minimum is unique; it is found by Newton's method,
//! each step solved by conjugate gradients with a diagonal preconditioner (Lin, Weng and Keerthi 2008, "Trust Region
//! Newton Method for Large-Scale Logistic Regression"; here with a line search in place of the region).

use crate::eval::error::Error;
use crate::eval::linear::Rows;

/// Newton steps; a problem of this kind takes a dozen.
const MAX_STEPS: usize = 200;
/// Conjugate-gradient steps of one Newton step.
const MAX_INNER_STEPS: usize = 500;
/// The gradient's length, over its length at the start, at which the minimum counts as reached.
const TOLERANCE: f64 = 1e-12;

/// A fitted model: the probability of a row is 1 / (1 + exp(−(w·x + b))).
#[derive(Debug, Clone, PartialEq)]
pub struct Logistic {
    /// One for each column.
    pub weights: Vec<f64>,
    pub bias: f64,
}

impl Logistic {
    /// Fits to labels. `weights` says how much each row counts, `None` that all count 1; `c` is liblinear's C, above 0:
    /// the larger, the closer to the labels.
    ///
    /// # Errors
    /// When all labels are the same: there is nothing to tell apart.
    ///
    /// # Panics
    /// When the lists are not equally long, or `c` or a weight is not a finite number above 0.
    pub fn fit(rows: &Rows, labels: &[bool], weights: Option<&[f64]>, c: f64) -> Result<Self, Error> {
        assert!(labels.len() == rows.len() && weights.is_none_or(|w| w.len() == rows.len()));
        assert!([c].iter().chain(weights.unwrap_or_default()).all(|f| f.is_finite() && *f > 0.0));
        if labels.iter().all(|l| *l) || labels.iter().all(|l| !*l) {
            let reason = format!("all of its {} labels are the same", labels.len());
            return Err(Error::Fit { reason });
        }
        let cost = (0..rows.len()).map(|i| c * weights.map_or(1.0, |w| w[i])).collect();
        let problem = Problem { rows, labels, cost };
        let mut w = problem.minimise();
        let bias = w.pop().expect("the last weight is the bias");
        Ok(Self { weights: w, bias })
    }

    /// The probability of each row, 0..=1.
    ///
    /// # Panics
    /// When the rows have another number of columns than those it was fitted to.
    #[must_use]
    pub fn predict(&self, rows: &Rows) -> Vec<f64> {
        assert_eq!(rows.columns(), self.weights.len(), "rows of the same vectorizer");
        rows.times(&self.weights).into_iter().map(|z| sigmoid(z + self.bias)).collect()
    }
}

/// Stable for large arguments of either sign.
fn sigmoid(z: f64) -> f64 {
    if z >= 0.0 {
        1.0 / (1.0 + (-z).exp())
    } else {
        let e = z.exp();
        e / (1.0 + e)
    }
}

struct Problem<'a> {
    rows: &'a Rows,
    labels: &'a [bool],
    /// C times the weight, for each row.
    cost: Vec<f64>,
}

/// Weights, what they say of each row, and what that costs.
struct Point {
    w: Vec<f64>,
    z: Vec<f64>,
    value: f64,
}

/// A direction from a point: in weights, in what they say, and how steeply the value falls there.
struct Step {
    w: Vec<f64>,
    z: Vec<f64>,
    slope: f64,
}

impl Problem<'_> {
    fn minimise(&self) -> Vec<f64> {
        let origin = vec![0.0; self.rows.columns() + 1];
        let mut at = self.point(origin, vec![0.0; self.rows.len()]);
        let mut first = None;
        for _ in 0..MAX_STEPS {
            let probabilities: Vec<f64> = at.z.iter().map(|z| sigmoid(*z)).collect();
            let gradient = self.gradient(&at.w, &probabilities);
            let length = dot(&gradient, &gradient).sqrt();
            if length <= TOLERANCE * *first.get_or_insert(length) {
                break;
            }
            let curvature: Vec<f64> =
                self.cost.iter().zip(&probabilities).map(|(c, p)| c * p * (1.0 - p)).collect();
            let w = self.newton_step(&gradient, &curvature, length);
            let step = Step { z: self.product(&w), slope: dot(&gradient, &w), w };
            // No step makes the value smaller: the minimum, as far as 64 bits can tell.
            let Some(better) = self.search(&at, &step) else { break };
            at = better;
        }
        at.w
    }

    fn point(&self, w: Vec<f64>, z: Vec<f64>) -> Point {
        let value = self.value(&w, &z);
        Point { w, z, value }
    }

    /// Halves the step until the value falls enough (Armijo's rule).
    fn search(&self, at: &Point, step: &Step) -> Option<Point> {
        let mut size = 1.0;
        for _ in 0..30 {
            let (mut w, mut z) = (at.w.clone(), at.z.clone());
            add(&mut w, size, &step.w);
            add(&mut z, size, &step.z);
            let new = self.point(w, z);
            if new.value < at.value && new.value <= at.value + 1e-4 * size * step.slope {
                return Some(new);
            }
            size /= 2.0;
        }
        None
    }

    /// wᵀx + b of each row.
    fn product(&self, w: &[f64]) -> Vec<f64> {
        let (weights, bias) = w.split_at(w.len() - 1);
        self.rows.times(weights).into_iter().map(|z| z + bias[0]).collect()
    }

    fn transposed(&self, per_row: &[f64]) -> Vec<f64> {
        let mut out = self.rows.transposed_times(per_row);
        out.push(per_row.iter().sum());
        out
    }

    fn value(&self, w: &[f64], z: &[f64]) -> f64 {
        let mut loss = 0.0;
        for ((z, positive), cost) in z.iter().zip(self.labels).zip(&self.cost) {
            let margin = if *positive { *z } else { -*z };
            // ln(1 + exp(−m)), without overflow.
            loss += cost * ((-margin.abs()).exp().ln_1p() + (-margin).max(0.0));
        }
        0.5 * dot(w, w) + loss
    }

    fn gradient(&self, w: &[f64], probabilities: &[f64]) -> Vec<f64> {
        let errors: Vec<f64> = probabilities
            .iter()
            .zip(self.labels)
            .zip(&self.cost)
            .map(|((p, positive), cost)| cost * (p - f64::from(u8::from(*positive))))
            .collect();
        let mut gradient = self.transposed(&errors);
        add(&mut gradient, 1.0, w);
        gradient
    }

    /// Solves (I + Xᵀ D X) step = −gradient, the more exactly the nearer the minimum is.
    fn newton_step(&self, gradient: &[f64], curvature: &[f64], length: f64) -> Vec<f64> {
        let mut diagonal = self.rows.squares_transposed_times(curvature);
        diagonal.push(curvature.iter().sum());
        for d in &mut diagonal {
            *d += 1.0;
        }
        let precondition = |r: &[f64]| -> Vec<f64> { r.iter().zip(&diagonal).map(|(r, d)| r / d).collect() };
        let mut step = vec![0.0; gradient.len()];
        let mut residual: Vec<f64> = gradient.iter().map(|g| -g).collect();
        let mut solved = precondition(&residual);
        let mut direction = solved.clone();
        let mut rho = dot(&residual, &solved);
        let goal = length * length.sqrt().min(0.1);
        for _ in 0..MAX_INNER_STEPS {
            let bent: Vec<f64> = self.product(&direction).iter().zip(curvature).map(|(z, d)| z * d).collect();
            let mut image = self.transposed(&bent);
            add(&mut image, 1.0, &direction);
            let alpha = rho / dot(&direction, &image);
            add(&mut step, alpha, &direction);
            add(&mut residual, -alpha, &image);
            if dot(&residual, &residual).sqrt() <= goal {
                break;
            }
            solved = precondition(&residual);
            let next = dot(&residual, &solved);
            direction = solved.iter().zip(&direction).map(|(s, d)| s + next / rho * d).collect();
            rho = next;
        }
        step
    }
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn add(to: &mut [f64], factor: f64, what: &[f64]) {
    to.iter_mut().zip(what).for_each(|(t, w)| *t += factor * w);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one_column(values: &[f64]) -> Rows {
        let mut rows = Rows::new(1);
        for value in values {
            rows.push([(0, *value)]);
        }
        rows
    }

    #[test]
    fn the_gradient_vanishes_at_the_minimum() {
        let rows = one_column(&[-2.0, -1.0, 0.5, 1.0, 3.0]);
        let labels = [false, false, true, false, true];
        for c in [0.01, 1.0, 1000.0] {
            let fitted = Logistic::fit(&rows, &labels, None, c).unwrap();
            let problem = Problem { rows: &rows, labels: &labels, cost: vec![c; 5] };
            let w = [fitted.weights[0], fitted.bias];
            let gradient = problem.gradient(&w, &fitted.predict(&rows));
            assert!(gradient.iter().all(|g| g.abs() < 1e-8 * c.max(1.0)), "{c}: {gradient:?}");
        }
    }

    #[test]
    fn a_row_of_weight_two_is_that_row_twice() {
        let labels = [true, false, true];
        let weighted =
            Logistic::fit(&one_column(&[1.0, 2.0, 4.0]), &labels, Some(&[1.0, 2.0, 1.0]), 1.0).unwrap();
        let twice = Logistic::fit(&one_column(&[1.0, 2.0, 2.0, 4.0]), &[true, false, false, true], None, 1.0)
            .unwrap();
        assert!((weighted.weights[0] - twice.weights[0]).abs() < 1e-9);
        assert!((weighted.bias - twice.bias).abs() < 1e-9);
    }

    #[test]
    fn labels_of_one_kind_are_refused() {
        let error = Logistic::fit(&one_column(&[1.0, 2.0]), &[true, true], None, 1.0).unwrap_err();
        assert!(error.to_string().contains("all of its 2 labels are the same"), "{error}");
    }

    #[test]
    fn extreme_products_are_probabilities() {
        assert_eq!((sigmoid(-1e6), sigmoid(0.0), sigmoid(1e6)), (0.0, 0.5, 1.0));
    }
}
