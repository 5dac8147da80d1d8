//! The cascade: a linear model of a few microseconds before the encoder. A text that it finds nothing in is answered
//! there; all others go to the encoder, which alone can flag.
//!
//! ```text
//! normalised text, language ─► Screen::look ─┬─► Stop: band none, stage 1
//!                                            ├─► Sample: stopped, but read by the encoder all the same, to compare
//!                                            └─► Encode: stage 2
//! ```
//!
//! Invariants: only a bucket of language and length whose retained recall was certified stops anything; the first
//! stage never flags; the same text is treated the same every time. The method stands in `docs/CASCADE.md`.

pub mod bucket;
pub mod features;
pub mod file;
pub mod linear;

use std::collections::BTreeMap;
use std::sync::Arc;

use xxhash_rust::xxh3::xxh3_64_with_seed;

use crate::domain::assessment::{LanguageSupport, Reading, Stage};
use crate::domain::score::{Score, ScoreError};
use crate::inference::cascade::bucket::{Lengths, language_of};
use crate::inference::cascade::linear::Linear;
use crate::inference::correction::Platt;

/// Share of stopped texts that the encoder reads all the same, unless told otherwise.
pub const DEFAULT_SAMPLE: f64 = 0.01;
/// The sample must not depend on the hash that anything else is chosen by.
const SAMPLE_SEED: u64 = 0x636F_756E_7465_7276;

/// The first stage of a bundle.
#[derive(Debug, Clone, PartialEq)]
pub struct Cascade {
    linear: Linear,
    /// From its logit to the probability that the encoder would have something to say.
    platt: Platt,
    lengths: Lengths,
    /// By language, then by length: below which logit a text is stopped; none where all go to the encoder.
    thresholds: BTreeMap<String, Vec<Option<f32>>>,
}

impl Cascade {
    /// The logit below which texts of this language and length are stopped.
    #[must_use]
    pub fn threshold(&self, text: &str, language: &str, support: LanguageSupport) -> Option<f32> {
        let language = language_of(language, support)?;
        self.thresholds.get(language)?[self.lengths.index(text)]
    }

    #[must_use]
    pub const fn linear(&self) -> &Linear {
        &self.linear
    }

    /// The probability that goes with a logit.
    ///
    /// # Errors
    /// When the logit is NaN.
    pub fn score(&self, logit: f32) -> Result<Score, ScoreError> {
        Score::from_logit(self.platt.slope.mul_add(logit, self.platt.offset))
    }

    /// What this stage alone says of a normalised text; `None` when it is the encoder's to read.
    #[must_use]
    pub fn stops(&self, text: &str, language: &str, support: LanguageSupport) -> Option<Reading> {
        // The bucket first: where nothing is certified, nothing is computed.
        let threshold = self.threshold(text, language, support)?;
        let logit = self.linear.logit(text).filter(|logit| *logit < threshold)?;
        Some(Reading { extremism: self.score(logit).ok()?, stage: Stage::First })
    }
}

/// Whether a bundle's first stage is used.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Use {
    /// Every text goes to the encoder.
    Off,
    /// The first stage stops what it may, but for this share of it, 0..=1.
    On { sample: f64 },
}

impl Default for Use {
    fn default() -> Self {
        Self::On { sample: DEFAULT_SAMPLE }
    }
}

/// What becomes of a text before it is tokenised.
#[derive(Debug, Clone, PartialEq)]
pub enum Verdict {
    /// Answered; nothing else is to be done.
    Stop(Reading),
    /// Would have been stopped: the encoder reads it, and its answer is marked as a sample's.
    Sample,
    /// The encoder's.
    Encode,
}

/// A first stage in use.
#[derive(Debug, Clone)]
pub struct Screen {
    cascade: Arc<Cascade>,
    sample: f64,
}

impl Screen {
    /// `None` when it is off.
    #[must_use]
    pub fn new(cascade: Arc<Cascade>, how: Use) -> Option<Self> {
        match how {
            Use::Off => None,
            Use::On { sample } => Some(Self { cascade, sample }),
        }
    }

    /// Decides about a normalised text.
    #[must_use]
    pub fn look(&self, text: &str, language: &str, support: LanguageSupport) -> Verdict {
        match self.cascade.stops(text, language, support) {
            None => Verdict::Encode,
            Some(_) if self.is_sampled(text) => Verdict::Sample,
            Some(reading) => Verdict::Stop(reading),
        }
    }

    /// By the hash of the text: copies are treated alike, and a test can know what will happen.
    fn is_sampled(&self, text: &str) -> bool {
        let hash = xxh3_64_with_seed(text.as_bytes(), SAMPLE_SEED);
        ((hash >> 11) as f64 / (1_u64 << 53) as f64) < self.sample
    }
}

impl Verdict {
    /// The reading of a text, from what the encoder said where it was asked. What it said of a sample is marked so.
    #[must_use]
    pub fn reading(&self, of_encoder: Option<Reading>) -> Option<Reading> {
        match self {
            Self::Stop(reading) => Some(reading.clone()),
            Self::Encode => of_encoder,
            Self::Sample => of_encoder.map(|reading| Reading {
                stage: match reading.stage {
                    Stage::Encoder(heads) => Stage::Sample(heads),
                    other => other,
                },
                ..reading
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inference::cascade::features::FEATURES;

    /// Says `bias` of every text that has a feature.
    fn cascade(bias: f32, threshold: f32) -> Arc<Cascade> {
        Arc::new(Cascade {
            linear: Linear::new(vec![0; FEATURES], 1.0, bias).unwrap(),
            platt: Platt { slope: 2.0, offset: -1.0 },
            lengths: Lengths::new(vec![20]).unwrap(),
            thresholds: BTreeMap::from([("eng".to_owned(), vec![Some(threshold), None])]),
        })
    }

    fn look(cascade: &Arc<Cascade>, sample: f64, text: &str) -> Verdict {
        let screen = Screen::new(Arc::clone(cascade), Use::On { sample }).unwrap();
        screen.look(text, "eng", LanguageSupport::Supported)
    }

    #[test]
    fn a_text_below_the_threshold_of_its_bucket_is_stopped() {
        let below = cascade(-1.0, -0.5);
        let Verdict::Stop(reading) = look(&below, 0.0, "tea is ready") else { panic!("not stopped") };
        assert_eq!((reading.stage_number(), reading.heads()), (1, None));
        assert!((reading.extremism.get() - 1.0 / (1.0 + 3.0_f32.exp())).abs() < 1e-6);
        assert_eq!(look(&cascade(-0.5, -0.5), 0.0, "tea is ready"), Verdict::Encode, "not below");
    }

    #[test]
    fn what_was_not_certified_goes_to_the_encoder() {
        let below = cascade(-1.0, -0.5);
        let screen = Screen::new(Arc::clone(&below), Use::On { sample: 0.0 }).unwrap();
        for (text, language, support) in [
            ("tea is ready, says everybody in the hall", "eng", LanguageSupport::Supported),
            ("tea is ready", "deu", LanguageSupport::Supported),
            ("tea is ready", "eng", LanguageSupport::Unknown),
            ("tea is ready", "eng", LanguageSupport::Unsupported),
            ("?!", "eng", LanguageSupport::Supported),
        ] {
            assert_eq!(
                screen.look(text, language, support),
                Verdict::Encode,
                "{text} {language} {support:?}"
            );
        }
        assert!(Screen::new(below, Use::Off).is_none());
    }

    #[test]
    fn the_sample_is_about_its_share_and_the_same_every_time() {
        let below = cascade(-1.0, -0.5);
        let texts: Vec<String> = (0..5000).map(|i| format!("tea {i}")).collect();
        let sampled = |share: f64| -> Vec<&String> {
            texts.iter().filter(|t| look(&below, share, t) == Verdict::Sample).collect()
        };
        assert_eq!((sampled(0.0).len(), sampled(1.0).len()), (0, 5000));
        let some = sampled(0.1);
        // Three standard deviations of 500.
        assert!((436..=564).contains(&some.len()), "{}", some.len());
        assert_eq!(some, sampled(0.1));
    }
}
