//! `[metrics]`: the operating points at which a benchmark is measured. All have defaults.

use serde::Deserialize;

/// Operating points.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct MetricSettings {
    /// False-positive rates at which recall is measured; each above 0 and below 1.
    pub fixed_fpr: Vec<f64>,
    /// Recalls at which precision and false-positive rate are measured; each above 0 and below 1.
    pub fixed_recall: Vec<f64>,
    /// Numbers of texts that a team can read, at which precision is measured; each at least 1.
    pub at_k: Vec<usize>,
    /// Shares of positives in real traffic for which precision is recomputed; each above 0 and below 1.
    pub prevalence: Vec<f64>,
}

impl Default for MetricSettings {
    fn default() -> Self {
        Self {
            fixed_fpr: vec![0.01, 0.05],
            fixed_recall: vec![0.8, 0.95],
            at_k: vec![50, 100],
            prevalence: vec![0.01, 0.001],
        }
    }
}

impl MetricSettings {
    pub(super) fn check(&self) -> Result<(), String> {
        for (name, shares) in [
            ("fixed_fpr", &self.fixed_fpr),
            ("fixed_recall", &self.fixed_recall),
            ("prevalence", &self.prevalence),
        ] {
            if let Some(share) = shares.iter().find(|s| !(**s > 0.0 && **s < 1.0)) {
                return Err(format!("[metrics] {name}: {share} is not between 0 and 1"));
            }
            if repeats(shares) {
                return Err(format!("[metrics] {name} names a value twice"));
            }
        }
        if self.at_k.contains(&0) {
            return Err("[metrics] at_k: precision at 0 texts is not defined".to_owned());
        }
        if repeats(&self.at_k) {
            return Err("[metrics] at_k names a value twice".to_owned());
        }
        Ok(())
    }
}

fn repeats<T: PartialEq>(values: &[T]) -> bool {
    values.iter().enumerate().any(|(i, value)| values[..i].contains(value))
}
