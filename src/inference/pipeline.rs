//! Text → assessment, without threads: what `classify`, `eval` and `calibrate` run. The service takes it apart and runs
//! the same parts on threads.

use std::path::Path;
use std::time::Instant;

use rayon::prelude::*;

use crate::domain::assessment::{Assessment, ModelRef, Span};
use crate::domain::policy::Policy;
use crate::domain::text::Text;
use crate::inference::batcher::{Batcher, Budget, Waiting};
use crate::inference::bundle::ModelBundle;
use crate::inference::candle::classifier::CandleClassifier;
use crate::inference::cascade::{Screen, Use};
use crate::inference::classifier::{Classifier, Encoding, Logits};
use crate::inference::encode::TextEncoder;
use crate::inference::error::Error;
use crate::inference::prepare::{Outline, Prepared, Preparer};
use crate::text::normalize::{Normalized, normalize};

/// Tokens the classifier is given at a time; bounds memory, not results.
const BATCH_TOKENS: usize = 4096;

/// A bundle, ready to read texts.
pub struct Pipeline {
    bundle: ModelBundle,
    preparer: Preparer,
    classifier: Box<dyn Classifier>,
}

/// With the first stage, or past it.
type Way = fn(&Preparer, &Normalized) -> Result<Prepared, Error>;

/// What is known of a text, or what to make of its logits.
enum Step {
    Answered(Assessment),
    Read(Outline, Vec<Span>),
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
        let preparer = Preparer::new(encoder, bundle.languages.clone(), bundle.calibration.clone());
        let pipeline = Self { bundle, preparer, classifier: Box::new(classifier) };
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
        let screen = self.bundle.cascade.clone().and_then(|cascade| Screen::new(cascade, how));
        self.preparer.set_screen(screen);
    }

    /// Whether a first stage answers some of the texts.
    #[must_use]
    pub const fn has_cascade(&self) -> bool {
        self.preparer.has_screen()
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

    /// What reads texts for it.
    #[must_use]
    pub fn preparer(&self) -> &Preparer {
        &self.preparer
    }

    /// For running it on threads.
    pub(super) fn into_parts(self) -> (ModelRef, Preparer, Box<dyn Classifier>) {
        (self.bundle.model, self.preparer, self.classifier)
    }

    /// One assessment for each text, in their order; the same whatever else is in `texts`.
    ///
    /// # Errors
    /// When a text cannot be tokenised or the arithmetic fails.
    pub fn assess(&mut self, texts: &[Text]) -> Result<Vec<Assessment>, Error> {
        let read = self.classify(texts, Preparer::prepare)?;
        let conclude = |(step, logits): (Step, Vec<Logits>)| match step {
            Step::Answered(assessment) => Ok(assessment),
            Step::Read(outline, spans) => Ok(self.preparer.conclude(&outline, &logits)?.at(&spans)),
        };
        read.into_iter().map(conclude).collect()
    }

    /// What the network says of each window of each text before any calibration, in their order; nothing of a text in a
    /// language that the bundle does not read. A first stage is not asked.
    ///
    /// # Errors
    /// When a text cannot be tokenised or the arithmetic fails.
    pub fn logits(&mut self, texts: &[Text]) -> Result<Vec<Vec<Logits>>, Error> {
        Ok(self
            .classify(texts, Preparer::prepare_for_encoder)?
            .into_iter()
            .map(|(_, logits)| logits)
            .collect())
    }

    fn classify(&mut self, texts: &[Text], way: Way) -> Result<Vec<(Step, Vec<Logits>)>, Error> {
        let preparer = &self.preparer;
        let steps: Vec<(Step, Vec<Encoding>)> =
            texts.par_iter().map(|text| prepare(text, preparer, way)).collect::<Result<_, _>>()?;
        let (steps, encodings): (Vec<Step>, Vec<Vec<Encoding>>) = steps.into_iter().unzip();
        Ok(steps.into_iter().zip(self.classify_windows(encodings)?).collect())
    }

    /// Windows of like length go together, so that the cores are evenly busy.
    fn classify_windows(&mut self, texts: Vec<Vec<Encoding>>) -> Result<Vec<Vec<Logits>>, Error> {
        let mut batcher = Batcher::new(Budget::new(BATCH_TOKENS, rayon::current_num_threads()));
        let mut logits: Vec<Vec<Option<Logits>>> = texts.iter().map(|text| vec![None; text.len()]).collect();
        let arrived = Instant::now();
        for (text, encodings) in texts.into_iter().enumerate() {
            for (number, encoding) in encodings.into_iter().enumerate() {
                let tokens = encoding.ids.len();
                batcher.push(Waiting { arrived, number, tokens }, (text, number, encoding));
            }
        }
        while !batcher.is_empty() {
            let (places, batch): (Vec<_>, Vec<Encoding>) =
                batcher.take().into_iter().map(|(text, window, encoding)| ((text, window), encoding)).unzip();
            for ((text, window), read) in places.into_iter().zip(self.classifier.classify(&batch)?) {
                logits[text][window] = Some(read);
            }
        }
        let all = |text: Vec<Option<Logits>>| text.into_iter().collect::<Option<Vec<_>>>();
        let logits: Option<Vec<_>> = logits.into_iter().map(all).collect();
        logits.ok_or_else(|| Error::Model("fewer results than windows".into()))
    }
}

impl std::fmt::Debug for Pipeline {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pipeline").field("model", &self.bundle.model).finish_non_exhaustive()
    }
}

fn prepare(text: &Text, preparer: &Preparer, way: Way) -> Result<(Step, Vec<Encoding>), Error> {
    let normalized = normalize(text.as_str());
    Ok(match way(preparer, &normalized)? {
        Prepared::Answered(finding) => (Step::Answered(finding.of(&normalized)), Vec::new()),
        Prepared::Windows(outline, encodings) => {
            let spans = outline.spans(&normalized);
            (Step::Read(outline, spans), encodings)
        }
    })
}
