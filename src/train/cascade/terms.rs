//! `[cascade]` of a recipe: what the first stage must keep, and how it is fitted.

use serde::Deserialize;

/// All keys may be left out.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Terms {
    /// The least share of what the encoder flags that must get past the first stage, between 0 and 1.
    pub retained: f64,
    /// The same of what it flags or names a category of. May be less: a category by itself asks nobody to look.
    pub retained_named: f64,
    /// How surely all buckets together keep it, between 0 and 1.
    pub confidence: f64,
    /// Borders of the lengths that are certified one by one, in characters of the normalised text; rising.
    pub lengths: Vec<usize>,
    /// Times the fit part is seen; at least 1.
    pub passes: u32,
    /// Learning rate of AdaGrad; above 0.
    pub rate: f32,
    /// Pull of every weight towards 0; not negative.
    pub penalty: f32,
    /// How much a text counts that the encoder says something of, others counting 1; above 0. The more, the fewer of
    /// those the first stage takes for harmless.
    pub said_weight: f32,
}

impl Default for Terms {
    fn default() -> Self {
        Self {
            retained: 0.99,
            retained_named: 0.98,
            confidence: 0.95,
            lengths: vec![100],
            passes: 4,
            rate: 0.05,
            penalty: 3e-4,
            said_weight: 5.0,
        }
    }
}

impl Terms {
    /// # Errors
    /// A sentence that names the key.
    pub fn check(&self) -> Result<(), String> {
        let share = |v: f64| v > 0.0 && v < 1.0;
        let positive = |v: f32| v > 0.0 && v.is_finite();
        let problems = [
            (!share(self.retained), "cascade.retained must be between 0 and 1"),
            (!share(self.retained_named), "cascade.retained_named must be between 0 and 1"),
            (!share(self.confidence), "cascade.confidence must be between 0 and 1"),
            (self.passes == 0, "cascade.passes must be at least 1"),
            (!positive(self.rate), "cascade.rate must be above 0"),
            (self.penalty.is_nan() || self.penalty < 0.0, "cascade.penalty must not be negative"),
            (!positive(self.said_weight), "cascade.said_weight must be above 0"),
        ];
        if let Some((_, problem)) = problems.iter().find(|(bad, _)| *bad) {
            return Err((*problem).to_owned());
        }
        crate::inference::cascade::bucket::Lengths::new(self.lengths.clone())
            .map(|_| ())
            .map_err(|e| format!("cascade.{e}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_table_has_the_defaults_and_a_wrong_value_is_named() {
        assert_eq!(toml::from_str::<Terms>("").unwrap(), Terms::default());
        assert!(Terms::default().check().is_ok());
        for (wrong, named) in
            [("retained = 1.0", "retained"), ("rate = 0.0", "rate"), ("lengths = [9, 9]", "lengths")]
        {
            let problem = toml::from_str::<Terms>(wrong).unwrap().check().unwrap_err();
            assert!(problem.contains(named), "{problem}");
        }
        assert!(toml::from_str::<Terms>("recall = 0.9").is_err());
    }
}
