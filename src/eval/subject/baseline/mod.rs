//! The plain rivals that are built in, each described by a file of `eval/baselines`: a model that cannot beat them has
//! learnt nothing worth its weight.
//!
//! Where a benchmark publishes a training part, a baseline learns from that, and chooses its thresholds on the
//! validation part; elsewhere it learns from the general sources that its file names. A target that has no labels
//! there gets no score.

mod keywords;
mod learn;
mod lesson;
mod spec;

use std::path::Path;

use crate::data::example::Example;
use crate::data::source::Source;
use crate::domain::assessment::{LanguageSupport, ModelRef};
use crate::domain::policy::Policy;
use crate::domain::score::Score;
use crate::eval::error::Error;
use crate::eval::manifest::{BenchmarkManifest, Target};
use crate::eval::subject::Identity;
use crate::eval::subject::answer::{self, Answer};
use crate::eval::subject::baseline::learn::Learnt;
use crate::eval::subject::baseline::lesson::Lesson;
use crate::eval::subject::baseline::spec::Spec;

/// A baseline and what it has learnt so far.
#[derive(Debug)]
pub struct Baseline {
    spec: Spec,
    model: ModelRef,
    /// What it learnt from the general sources: once, for all benchmarks that publish nothing to learn from.
    general: Option<Fitted>,
    /// What it learnt from the benchmark it is prepared for.
    own: Option<Fitted>,
}

/// Ready to answer about one benchmark.
#[derive(Debug)]
struct Fitted {
    learnt: Learnt,
    policy: Policy,
    /// SHA-256 over the texts and labels it learnt from; `None` when it does not learn.
    trained_on: Option<String>,
}

impl Baseline {
    /// Reads a description: a file of `eval/baselines`, with the list of sources it may name.
    ///
    /// # Errors
    /// When a file cannot be read, has unknown or missing keys, or contradicts itself.
    pub fn open(path: &Path) -> Result<Self, Error> {
        let (spec, digest) = Spec::open(path)?;
        let model = ModelRef { name: spec.name.clone(), digest: format!("sha256:{digest}") };
        Ok(Self { spec, model, general: None, own: None })
    }

    /// What it is called.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.spec.name
    }

    /// Learns what there is to learn for this benchmark.
    ///
    /// # Errors
    /// When the training data is missing, changed, or teaches nothing.
    pub fn prepare(&mut self, manifest: &BenchmarkManifest, data_dir: &Path) -> Result<(), Error> {
        self.own = None;
        if self.spec.method.learns() && !manifest.train.is_empty() {
            let lesson = self.lesson(&manifest.train, &manifest.validation, data_dir)?;
            self.own = Some(self.fit(&lesson)?);
        } else if self.general.is_none() {
            let lesson = self.lesson(&self.spec.sources, &[], data_dir)?;
            self.general = Some(self.fit(&lesson)?);
        }
        Ok(())
    }

    fn lesson(&self, train: &[Source], validation: &[Source], data_dir: &Path) -> Result<Lesson, Error> {
        Lesson::read(train, validation, data_dir)
            .map_err(|source| Error::Training { name: self.spec.name.clone(), source: Box::new(source) })
    }

    fn fit(&self, lesson: &Lesson) -> Result<Fitted, Error> {
        let (learnt, thresholds) = Learnt::from(&self.spec.method, lesson)?;
        let threshold = |target| thresholds.iter().find(|(t, _)| *t == target).map(|(_, s)| *s);
        Ok(Fitted {
            learnt,
            policy: answer::policy(self.spec.name.clone(), None, threshold),
            trained_on: self.spec.method.learns().then(|| lesson.digest()),
        })
    }

    /// Who answers about the benchmark it was prepared for.
    ///
    /// # Panics
    /// When it has not been prepared for one.
    #[must_use]
    pub fn identity(&self) -> Identity<'_> {
        let fitted = self.fitted();
        Identity { model: &self.model, policy: &fitted.policy, trained_on: fitted.trained_on.as_deref() }
    }

    /// One answer for each case. It reads every language, and knows none.
    ///
    /// # Panics
    /// When it has not been prepared for a benchmark.
    #[must_use]
    pub fn answer(&self, cases: &[Example]) -> Vec<Answer> {
        let texts: Vec<&str> = cases.iter().map(|e| e.text.as_str()).collect();
        let scores: Vec<(Target, Vec<Score>)> = self.fitted().learnt.scores(&texts);
        let answer = |(i, case): (usize, &Example)| {
            let score = |target| scores.iter().find(|(t, _)| *t == target).map(|(_, all)| all[i]);
            Answer::of(case.language.as_deref(), LanguageSupport::Unknown, score)
        };
        cases.iter().enumerate().map(answer).collect()
    }

    fn fitted(&self) -> &Fitted {
        self.own.as_ref().or(self.general.as_ref()).expect("a baseline is prepared before it is asked")
    }
}
