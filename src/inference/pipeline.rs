//! Text → assessment, without threads: what the model thread, `classify` and `eval` all run.

use std::path::Path;

use rayon::prelude::*;

use crate::domain::assessment::{Assessment, LanguageSupport, ModelRef, Reading, Span};
use crate::domain::policy::Policy;
use crate::domain::text::Text;
use crate::inference::bundle::ModelBundle;
use crate::inference::candle::classifier::CandleClassifier;
use crate::inference::classifier::{Classifier, Encoding};
use crate::inference::encode::{TextEncoder, Window};
use crate::inference::error::Error;
use crate::text::language;
use crate::text::normalize::normalize;

/// Tokens the classifier is given at a time; bounds memory, not results.
const MAX_BATCH_TOKENS: usize = 4096;

/// A bundle, ready to read texts.
pub struct Pipeline {
    bundle: ModelBundle,
    encoder: TextEncoder,
    classifier: Box<dyn Classifier>,
}

/// A text on its way to the classifier.
struct Prepared {
    language: &'static str,
    support: LanguageSupport,
    /// None when the language is unsupported.
    windows: Vec<Window>,
}

impl Pipeline {
    /// Opens and verifies a bundle.
    ///
    /// # Errors
    /// [`Error::Bundle`] naming the file that is wrong.
    pub fn open(folder: &Path) -> Result<Self, Error> {
        let bundle = ModelBundle::open(folder)?;
        let encoder = TextEncoder::open(&bundle.file("tokenizer.json"), &bundle.prefix, bundle.shape)?;
        let weights = bundle.file("model.safetensors");
        let classifier = CandleClassifier::open(&bundle.config, &weights, bundle.arithmetic)?;
        Ok(Self { bundle, encoder, classifier: Box::new(classifier) })
    }

    /// The same bundle with another classifier behind its tokeniser and calibration.
    #[must_use]
    pub fn with_classifier(self, classifier: Box<dyn Classifier>) -> Self {
        Self { classifier, ..self }
    }

    /// Which weights answer.
    #[must_use]
    pub fn model(&self) -> &ModelRef {
        &self.bundle.model
    }

    /// The thresholds the bundle ships with.
    #[must_use]
    pub fn policy(&self) -> &Policy {
        &self.bundle.policy
    }

    /// One assessment for each text, in their order; the same whatever else is in `texts`.
    ///
    /// # Errors
    /// When a text cannot be tokenised or the arithmetic fails.
    pub fn assess(&mut self, texts: &[Text]) -> Result<Vec<Assessment>, Error> {
        let (encoder, languages) = (&self.encoder, self.bundle.languages.as_slice());
        let prepared: Vec<Prepared> =
            texts.par_iter().map(|text| prepare(text, encoder, languages)).collect::<Result<_, _>>()?;
        let encodings: Vec<&Encoding> =
            prepared.iter().flat_map(|p| p.windows.iter().map(|w| &w.encoding)).collect();
        let mut readings = self.read(&encodings)?.into_iter();
        Ok(prepared
            .iter()
            .map(|text| {
                let readings: Vec<Reading> = readings.by_ref().take(text.windows.len()).collect();
                combine_windows(text, readings)
            })
            .collect())
    }

    /// Windows of like length go together, so that the cores are evenly busy.
    fn read(&mut self, encodings: &[&Encoding]) -> Result<Vec<Reading>, Error> {
        let mut order: Vec<usize> = (0..encodings.len()).collect();
        order.sort_by_key(|i| encodings[*i].ids.len());
        let mut readings: Vec<Option<Reading>> = vec![None; encodings.len()];
        let mut rest = order.as_slice();
        while !rest.is_empty() {
            let (now, later) = rest.split_at(batch_size(rest, encodings));
            let batch: Vec<Encoding> = now.iter().map(|i| encodings[*i].clone()).collect();
            for (i, logits) in now.iter().zip(self.classifier.classify(&batch)?) {
                let reading = self.bundle.calibration.read(&logits);
                readings[*i] = Some(reading.map_err(|e| Error::Model(e.to_string()))?);
            }
            rest = later;
        }
        Ok(readings.into_iter().map(|r| r.expect("every index was in one batch")).collect())
    }
}

impl std::fmt::Debug for Pipeline {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pipeline").field("model", &self.bundle.model).finish_non_exhaustive()
    }
}

fn prepare(text: &Text, encoder: &TextEncoder, languages: &[String]) -> Result<Prepared, Error> {
    let normalized = normalize(text.as_str());
    let (language, support) = language::support(normalized.text(), languages);
    let windows = match support {
        LanguageSupport::Unsupported => Vec::new(),
        LanguageSupport::Supported | LanguageSupport::Unknown => encoder.encode(&normalized)?,
    };
    Ok(Prepared { language, support, windows })
}

fn batch_size(order: &[usize], encodings: &[&Encoding]) -> usize {
    let mut tokens = 0;
    let fits = order.iter().take_while(|i| {
        tokens += encodings[**i].ids.len();
        tokens <= MAX_BATCH_TOKENS
    });
    fits.count().max(1)
}

/// The highest score of any window counts, category by category; the context is that of the window with the
/// highest `extremism`. Averaging would let a long harmless text hide one sentence.
fn combine_windows(text: &Prepared, readings: Vec<Reading>) -> Assessment {
    let several = readings.len() > 1;
    let windows = readings.len();
    let mut best: Option<(Reading, Span)> = None;
    for (reading, window) in readings.into_iter().zip(&text.windows) {
        best = Some(match best {
            None => (reading, window.span),
            Some((so_far, span)) => {
                let scores = so_far.scores.max(&reading.scores);
                let (kept, span) = if reading.extremism > so_far.extremism {
                    (reading, window.span)
                } else {
                    (so_far, span)
                };
                (Reading { scores, ..kept }, span)
            }
        });
    }
    let strongest_window = best.as_ref().filter(|_| several).map(|(_, span)| *span);
    Assessment {
        reading: best.map(|(reading, _)| reading),
        language: text.language,
        language_support: text.support,
        windows,
        strongest_window,
    }
}
