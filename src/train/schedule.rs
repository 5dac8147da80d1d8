//! Learning rates: linear warm-up, linear fall, smaller for lower layers.

#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    reason = "factors lie in 0..=1, and an encoder has a few dozen layers"
)]

use super::gradient::Parameter;
use super::recipe::Fit;

/// Factor on the peak rate at `step` (from 1) of `steps`.
#[must_use]
pub fn ramp(step: u64, steps: u64, warmup: f64) -> f32 {
    let (step, steps) = (step as f64, steps as f64);
    let rise = (steps * warmup).max(1.0);
    let factor = if step <= rise { step / rise } else { (steps - step + 1.0) / (steps - rise).max(1.0) };
    factor.clamp(0.0, 1.0) as f32
}

/// Peak rate of each parameter: the head's own, then `rate` for the last layer and `layer_decay` times less for
/// each one below (Howard & Ruder 2018).
#[must_use]
pub fn peak_rates(parameters: &[Parameter], fit: &Fit) -> Vec<f32> {
    let top = parameters.iter().map(|p| p.depth).max().unwrap_or(0);
    parameters
        .iter()
        .map(|p| {
            if p.depth == top {
                fit.head_rate
            } else {
                fit.rate * fit.layer_decay.powi((top - 1 - p.depth) as i32)
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rises_then_falls() {
        let factors: Vec<f32> = (1..=100).map(|s| ramp(s, 100, 0.1)).collect();
        assert!((factors[9] - 1.0).abs() < 1e-6);
        assert!(factors[..10].windows(2).all(|w| w[0] < w[1]));
        assert!(factors[10..].windows(2).all(|w| w[0] > w[1]));
        assert!(factors.iter().all(|f| *f > 0.0));
    }
}
