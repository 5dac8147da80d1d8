//! Text → assessment, without threads: what the model thread, `classify` and `eval` all run.

use std::path::Path;

use rayon::prelude::*;

use crate::domain::assessment::{Assessment, LanguageSupport, ModelRef};
use crate::domain::policy::Policy;
use crate::domain::text::Text;
use crate::inference::bundle::ModelBundle;
use crate::inference::calibration::Calibration;
use crate::inference::candle::classifier::CandleClassifier;
use crate::inference::cascade::{Screen, Use, Verdict};
use crate::inference::classifier::{Classifier, Encoding, Logits};
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
    /// The bundle's first stage, where it has one and it is on.
    screen: Option<Screen>,
}

/// A text on its way to the classifier.
struct Prepared {
    language: &'static str,
    support: LanguageSupport,
    /// What the first stage decided.
    verdict: Verdict,
    /// None when the language is unsupported, or the first stage answered.
    windows: Vec<Window>,
}

impl Pipeline {
    /// Opens and verifies a bundle. Its first stage, where it has one, is on, without a sample.
    ///
    /// # Errors
    /// [`Error::Bundle`] naming the file that is wrong.
    pub fn open(folder: &Path) -> Result<Self, Error> {
        let bundle = ModelBundle::open(folder)?;
        let encoder = TextEncoder::open(&bundle.file("tokenizer.json"), &bundle.prefix, bundle.shape)?;
        let weights = bundle.file("model.safetensors");
        let classifier = CandleClassifier::open(&bundle.config, &weights, bundle.arithmetic)?;
        let pipeline = Self { bundle, encoder, classifier: Box::new(classifier), screen: None };
        Ok(pipeline.with_cascade(Use::On { sample: 0.0 }))
    }

    /// The same with its first stage used as `how` says; nothing changes where the bundle has none.
    #[must_use]
    pub fn with_cascade(mut self, how: Use) -> Self {
        self.set_cascade(how);
        self
    }

    /// Uses its first stage as `how` says from here on.
    pub fn set_cascade(&mut self, how: Use) {
        self.screen = self.bundle.cascade.clone().and_then(|cascade| Screen::new(cascade, how));
    }

    /// Whether a first stage answers some of the texts.
    #[must_use]
    pub const fn has_cascade(&self) -> bool {
        self.screen.is_some()
    }

    /// The same bundle with another classifier behind its tokeniser and calibration.
    #[must_use]
    pub fn with_classifier(self, classifier: Box<dyn Classifier>) -> Self {
        Self { classifier, ..self }
    }

    /// The bundle it was opened from.
    #[must_use]
    pub fn bundle(&self) -> &ModelBundle {
        &self.bundle
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
        let read = self.classify(texts, self.screen.clone().as_ref())?;
        read.iter().map(|(text, logits)| assessment(text, logits, &self.bundle.calibration)).collect()
    }

    /// What the network says of each window of each text before any calibration, in their order; nothing of a text in a
    /// language that the bundle does not read. A first stage is not asked.
    ///
    /// # Errors
    /// When a text cannot be tokenised or the arithmetic fails.
    pub fn logits(&mut self, texts: &[Text]) -> Result<Vec<Vec<Logits>>, Error> {
        Ok(self.classify(texts, None)?.into_iter().map(|(_, logits)| logits).collect())
    }

    fn classify(
        &mut self,
        texts: &[Text],
        screen: Option<&Screen>,
    ) -> Result<Vec<(Prepared, Vec<Logits>)>, Error> {
        let (encoder, languages) = (&self.encoder, self.bundle.languages.as_slice());
        let prepared: Vec<Prepared> = texts
            .par_iter()
            .map(|text| prepare(text, encoder, languages, screen))
            .collect::<Result<_, _>>()?;
        let encodings: Vec<&Encoding> =
            prepared.iter().flat_map(|p| p.windows.iter().map(|w| &w.encoding)).collect();
        let mut logits = self.classify_windows(&encodings)?.into_iter();
        Ok(prepared
            .into_iter()
            .map(|text| {
                let logits = logits.by_ref().take(text.windows.len()).collect();
                (text, logits)
            })
            .collect())
    }

    /// Windows of like length go together, so that the cores are evenly busy.
    fn classify_windows(&mut self, encodings: &[&Encoding]) -> Result<Vec<Logits>, Error> {
        let mut order: Vec<usize> = (0..encodings.len()).collect();
        order.sort_by_key(|i| encodings[*i].ids.len());
        let mut out: Vec<Option<Logits>> = vec![None; encodings.len()];
        let mut rest = order.as_slice();
        while !rest.is_empty() {
            let (now, later) = rest.split_at(batch_size(rest, encodings));
            let batch: Vec<Encoding> = now.iter().map(|i| encodings[*i].clone()).collect();
            for (i, logits) in now.iter().zip(self.classifier.classify(&batch)?) {
                out[*i] = Some(logits);
            }
            rest = later;
        }
        Ok(out.into_iter().map(|l| l.expect("every index was in one batch")).collect())
    }
}

impl std::fmt::Debug for Pipeline {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pipeline").field("model", &self.bundle.model).finish_non_exhaustive()
    }
}

fn prepare(
    text: &Text,
    encoder: &TextEncoder,
    languages: &[String],
    screen: Option<&Screen>,
) -> Result<Prepared, Error> {
    let normalized = normalize(text.as_str());
    let (language, support) = language::support(normalized.text(), languages);
    let verdict = screen.map_or(Verdict::Encode, |s| s.look(normalized.text(), language, support));
    let windows = match (support, &verdict) {
        (LanguageSupport::Unsupported, _) | (_, Verdict::Stop(_)) => Vec::new(),
        (LanguageSupport::Supported | LanguageSupport::Unknown, _) => encoder.encode(&normalized)?,
    };
    Ok(Prepared { language, support, verdict, windows })
}

fn batch_size(order: &[usize], encodings: &[&Encoding]) -> usize {
    let mut tokens = 0;
    let fits = order.iter().take_while(|i| {
        tokens += encodings[**i].ids.len();
        tokens <= MAX_BATCH_TOKENS
    });
    fits.count().max(1)
}

fn assessment(text: &Prepared, logits: &[Logits], calibration: &Calibration) -> Result<Assessment, Error> {
    let read = calibration.read_windows(logits).map_err(|e| Error::Model(e.to_string()))?;
    let several = text.windows.len() > 1;
    let strongest_window =
        read.as_ref().filter(|_| several).map(|(_, strongest)| text.windows[*strongest].span);
    Ok(Assessment {
        reading: text.verdict.reading(read.map(|(reading, _)| reading)),
        language: text.language,
        language_support: text.support,
        windows: text.windows.len(),
        strongest_window,
    })
}
