//! Logits of the held-out parts, for calibration and thresholds.

use super::corpus::Encoded;
use crate::domain::taxonomy::Category;
use crate::inference::calibration::Calibration;
use crate::inference::classifier::{Classifier, Encoding, Logits};
use crate::train::error::Error;

const BATCH: usize = 32;

/// Logits of each example, in order.
///
/// # Errors
/// When the arithmetic fails.
pub fn logits(classifier: &mut dyn Classifier, examples: &[Encoded]) -> Result<Vec<Logits>, Error> {
    let mut order: Vec<usize> = (0..examples.len()).collect();
    order.sort_by_key(|i| examples[*i].ids.len());
    let mut out = vec![None; examples.len()];
    for batch in order.chunks(BATCH) {
        let encodings: Vec<Encoding> =
            batch.iter().map(|i| Encoding { ids: examples[*i].ids.clone() }).collect();
        for (i, logits) in batch.iter().zip(classifier.classify(&encodings)?) {
            out[*i] = Some(logits);
        }
    }
    Ok(out.into_iter().map(|l| l.expect("every index was in one batch")).collect())
}

/// An example of the threshold part with its probabilities.
#[derive(Debug, Clone)]
pub struct Scored {
    /// In the order of `Category::ALL`.
    pub categories: [f32; Category::COUNT],
    pub extremism: f32,
    pub known: [Option<bool>; Category::COUNT],
    pub known_extremism: Option<bool>,
    /// Index into the recipe's sources.
    pub source: usize,
    /// As in [`Encoded::group`].
    pub group: Option<u64>,
}

/// # Errors
/// When a logit is NaN.
pub fn score(
    examples: &[Encoded],
    logits: &[Logits],
    calibration: &Calibration,
) -> Result<Vec<Scored>, Error> {
    let scored = examples.iter().zip(logits).map(|(example, logits)| {
        let reading =
            calibration.read(logits).map_err(|e| crate::inference::error::Error::Model(e.to_string()))?;
        Ok(Scored {
            categories: Category::ALL.map(|c| reading.score(c).get()),
            extremism: reading.extremism.get(),
            known: example.target.categories,
            known_extremism: example.extremism,
            source: example.source,
            group: example.group,
        })
    });
    scored.collect()
}
