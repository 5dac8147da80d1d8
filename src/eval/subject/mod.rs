//! Who is measured. Every subject ends as the same [`Prediction`]s, so that all of them meet the same code.
//!
//! ```text
//! bundle    ┐
//! baseline  ├─ prepare(benchmark) ─► identity ─► answer(cases) ─► Answer + Policy = Prediction
//! endpoint  ┘
//! predictions, table ──────────────────────────────────── read ─► Prediction
//! ```

pub mod answer;
pub mod baseline;
pub mod bundle;
pub mod endpoint;

use std::path::{Path, PathBuf};

use crate::data::example::Example;
use crate::domain::assessment::{Assessment, ModelRef};
use crate::domain::policy::{Band, Policy};
use crate::domain::score::Score;
use crate::domain::taxonomy::Category;
use crate::domain::text::Text;
use crate::eval::error::Error;
use crate::eval::manifest::{BenchmarkManifest, Target};
use crate::eval::predictions::table::Table;
use crate::eval::subject::answer::Answer;
use crate::eval::subject::baseline::Baseline;
use crate::eval::subject::bundle::Bundle;
use crate::eval::subject::endpoint::Endpoint;
use crate::eval::subject::endpoint::cost::Spent;
use crate::inference::cascade::Use;

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
    /// What the policy makes of an answer. A target without a score is not decided for.
    #[must_use]
    pub fn new(id: String, answer: Answer, policy: &Policy) -> Self {
        let applies = |c: Category| answer.scores[c.index()].is_some_and(|score| policy.applies(c, score));
        Self {
            id,
            extremism: answer.extremism.map(Score::get),
            scores: answer.scores.map(|s| s.map(Score::get)),
            band: answer.extremism.map_or(Band::None, |score| policy.band(score)),
            categories: Category::ALL.map(applies),
            language: answer.language,
            language_support: answer.language_support.id().to_owned(),
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
    /// A plain rival that is built in: it learns from each benchmark's own training part, where there is one.
    Baseline(Box<Baseline>),
    /// A service that is asked over HTTP.
    Endpoint(Box<Endpoint>),
    /// A folder of `NAME.jsonl` prediction files, from an earlier run or from another system.
    Predictions(PathBuf),
    /// A folder of `NAME.csv` tables of scores for one target, from another system.
    Table(Table),
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

/// Who answers, and by which thresholds.
#[derive(Debug, Clone, Copy)]
pub struct Identity<'a> {
    pub model: &'a ModelRef,
    /// The same for every benchmark, but for a baseline: its thresholds are chosen on each benchmark's own
    /// validation part.
    pub policy: &'a Policy,
    /// SHA-256 over what it learnt from for this benchmark, when it learns.
    pub trained_on: Option<&'a str>,
}

impl Subject {
    /// Opens and verifies a bundle, whose first stage is used as `cascade` says.
    ///
    /// # Errors
    /// When it is incomplete or damaged.
    pub fn open(bundle: &Path, cascade: Use) -> Result<Self, Error> {
        Ok(Self::Bundle(Box::new(Bundle::open(bundle, cascade).map_err(Error::Open)?)))
    }

    /// What sort of subject it is, in a word, for reports.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Bundle(_) => "bundle",
            Self::Baseline(_) => "baseline",
            Self::Endpoint(_) => "endpoint",
            Self::Predictions(_) | Self::Table(_) => "predictions",
            Self::Scripted(_) => "scripted",
        }
    }

    /// What it is called in the report, and what its folder of predictions is called.
    #[must_use]
    pub fn name(&self) -> String {
        match self {
            Self::Bundle(bundle) => bundle.model().name.clone(),
            Self::Baseline(baseline) => baseline.name().to_owned(),
            Self::Endpoint(endpoint) => endpoint.model().name.clone(),
            Self::Scripted(scripted) => scripted.model.name.clone(),
            Self::Table(table) => table.name().to_owned(),
            Self::Predictions(folder) => {
                folder.file_name().unwrap_or_default().to_string_lossy().into_owned()
            }
        }
    }

    /// Makes ready for a benchmark: a baseline learns from its training part. Must come before [`Subject::identity`]
    /// and [`Subject::answer`].
    ///
    /// # Errors
    /// When the training data is missing, changed, or teaches nothing.
    pub fn prepare(&mut self, manifest: &BenchmarkManifest, data_dir: &Path) -> Result<(), Error> {
        match self {
            Self::Baseline(baseline) => baseline.prepare(manifest, data_dir),
            _ => Ok(()),
        }
    }

    /// Who answers about the benchmark it was prepared for; `None` when each prediction file says so itself.
    #[must_use]
    pub fn identity(&self) -> Option<Identity<'_>> {
        match self {
            Self::Bundle(b) => Some(Identity { model: b.model(), policy: b.policy(), trained_on: None }),
            Self::Baseline(baseline) => Some(baseline.identity()),
            Self::Endpoint(e) => Some(Identity { model: e.model(), policy: e.policy(), trained_on: None }),
            Self::Scripted(s) => Some(Identity { model: &s.model, policy: &s.policy, trained_on: None }),
            Self::Predictions(_) | Self::Table(_) => None,
        }
    }

    /// Answers about the cases of a benchmark, in order.
    ///
    /// # Errors
    /// When the model fails, or the endpoint cannot be reached or refuses.
    ///
    /// # Panics
    /// For prediction files, which have nothing to run.
    pub fn answer(&mut self, benchmark: &str, cases: &[Example]) -> Result<Vec<Answer>, Error> {
        match self {
            Self::Bundle(bundle) => ask_bundle(bundle, benchmark, cases),
            Self::Baseline(baseline) => Ok(baseline.answer(cases)),
            Self::Endpoint(endpoint) => endpoint.answer(cases),
            Self::Scripted(s) => Ok(cases.iter().map(|e| Answer::from(&(s.script)(&e.text))).collect()),
            Self::Predictions(_) | Self::Table(_) => unreachable!("prediction files are read, not run"),
        }
    }

    /// What the answers since the last call cost; `None` for what costs nothing.
    pub fn take_spent(&mut self) -> Option<Spent> {
        match self {
            Self::Endpoint(endpoint) => Some(endpoint.take_spent()),
            _ => None,
        }
    }
}

fn ask_bundle(bundle: &mut Bundle, benchmark: &str, cases: &[Example]) -> Result<Vec<Answer>, Error> {
    let texts = cases
        .iter()
        .map(|e| Text::parse(e.text.as_str(), usize::MAX))
        .collect::<Result<Vec<_>, _>>()
        .map_err(|e| Error::Cases { benchmark: benchmark.to_owned(), reason: e.to_string() })?;
    let assessments = bundle.assess(&texts).map_err(|source| Error::Model {
        benchmark: benchmark.to_owned(),
        case: cases.first().map(|e| e.id.clone()).unwrap_or_default(),
        source,
    })?;
    Ok(assessments.iter().map(Answer::from).collect())
}
