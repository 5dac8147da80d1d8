//! Who is measured. Every subject ends as the same [`Prediction`]s, so that all of them meet the same code.

pub mod bundle;

use std::path::{Path, PathBuf};

use crate::domain::assessment::{Assessment, ModelRef};
use crate::domain::policy::{Band, Policy};
use crate::domain::taxonomy::Category;
use crate::domain::text::Text;
use crate::eval::error::Error;
use crate::eval::manifest::Target;
use crate::eval::subject::bundle::Bundle;
use crate::inference;

/// What a subject said of one case.
#[derive(Debug, Clone, PartialEq)]
pub struct Prediction {
    /// The id of the example.
    pub id: String,
    /// Combined probability, 0..=1; `None` when the subject gave none.
    pub extremism: Option<f32>,
    /// Probabilities in the order of [`Category::ALL`]; `None` where the subject has none.
    pub scores: [Option<f32>; Category::COUNT],
    pub band: Band,
    /// Whether each category applies at the subject's thresholds.
    pub categories: [bool; Category::COUNT],
    /// What the subject took the language for.
    pub language: String,
    /// `supported`, `unknown` or `unsupported`.
    pub language_support: String,
}

impl Prediction {
    /// What the policy makes of an assessment.
    #[must_use]
    pub fn new(id: String, assessment: &Assessment, policy: &Policy) -> Self {
        let outcome = policy.evaluate(assessment);
        let reading = assessment.reading.as_ref();
        Self {
            id,
            extremism: reading.map(|r| r.extremism.get()),
            scores: Category::ALL.map(|c| reading.map(|r| r.scores.get(c).get())),
            band: outcome.band,
            categories: outcome.categories,
            language: assessment.language.to_owned(),
            language_support: assessment.language_support.id().to_owned(),
        }
    }

    /// Whether a person would be asked to look.
    #[must_use]
    pub fn flagged(&self) -> bool {
        self.band != Band::None
    }

    /// Whether the subject gave no score at all.
    #[must_use]
    pub fn abstained(&self) -> bool {
        self.extremism.is_none() && self.scores.iter().all(Option::is_none)
    }

    /// The probability of a target.
    #[must_use]
    pub fn score(&self, target: Target) -> Option<f32> {
        match target {
            Target::Extremism => self.extremism,
            Target::Category(category) => self.scores[category.index()],
        }
    }

    /// The decision about a target at the subject's own threshold.
    #[must_use]
    pub fn decision(&self, target: Target) -> bool {
        match target {
            Target::Extremism => self.flagged(),
            Target::Category(category) => self.categories[category.index()],
        }
    }
}

/// A system under measurement.
#[derive(Debug)]
pub enum Subject {
    /// A model bundle of ours.
    Bundle(Box<Bundle>),
    /// A folder of `NAME.jsonl` prediction files, from an earlier run or from another system.
    Predictions(PathBuf),
    /// A model that answers from a function: for tests of the harness itself.
    Scripted(Box<Scripted>),
}

/// See [`Subject::Scripted`].
#[derive(Debug)]
pub struct Scripted {
    pub model: ModelRef,
    pub policy: Policy,
    pub script: fn(&str) -> Assessment,
}

impl Subject {
    /// Opens and verifies a bundle.
    ///
    /// # Errors
    /// When it is incomplete or damaged.
    pub fn open(bundle: &Path) -> Result<Self, Error> {
        Ok(Self::Bundle(Box::new(Bundle::open(bundle).map_err(Error::Open)?)))
    }

    /// Which model answers and by which thresholds; `None` when each prediction file says so itself.
    #[must_use]
    pub fn identity(&self) -> Option<(&ModelRef, &Policy)> {
        match self {
            Self::Bundle(bundle) => Some((bundle.model(), bundle.policy())),
            Self::Scripted(scripted) => Some((&scripted.model, &scripted.policy)),
            Self::Predictions(_) => None,
        }
    }

    /// What it is called in the report, and what its folder of predictions is called.
    #[must_use]
    pub fn name(&self) -> String {
        match self {
            Self::Bundle(_) | Self::Scripted(_) => {
                self.identity().map_or_else(String::new, |(model, _)| model.name.clone())
            }
            Self::Predictions(folder) => {
                folder.file_name().unwrap_or_default().to_string_lossy().into_owned()
            }
        }
    }

    /// What sort of subject it is, as the report says it.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Bundle(_) => "bundle",
            Self::Predictions(_) => "predictions",
            Self::Scripted(_) => "scripted",
        }
    }

    /// Assesses texts in order.
    ///
    /// # Errors
    /// When the model fails.
    ///
    /// # Panics
    /// For [`Subject::Predictions`], which has nothing to run.
    pub fn assess(&mut self, texts: &[Text]) -> Result<Vec<Assessment>, inference::error::Error> {
        match self {
            Self::Bundle(bundle) => bundle.assess(texts),
            Self::Scripted(scripted) => Ok(texts.iter().map(|t| (scripted.script)(t.as_str())).collect()),
            Self::Predictions(_) => unreachable!("prediction files are read, not run"),
        }
    }
}
