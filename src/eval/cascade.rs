//! What the first stage of a bundle does to real texts: how many it stops, how many of those that the encoder flags get
//! past it, and what that saves. Needs no labels: the encoder's answer is what is kept or lost.
//!
//! Every text is read twice in one run, with and without the first stage, batch by batch in turn: whatever else the
//! machine is doing meets both alike, so that their ratio can be trusted even where the rates cannot.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::domain::assessment::{Assessment, Reading};
use crate::domain::policy::Policy;
use crate::domain::text::Text;
use crate::eval::cases;
use crate::eval::error::Error;
use crate::eval::intervals::binomial::clopper_pearson;
use crate::eval::intervals::{CONFIDENCE, Interval};
use crate::eval::manifest::{BenchmarkManifest, Kind};
use crate::inference::cascade::Use;
use crate::inference::pipeline::Pipeline;

/// Texts assessed together, one way and then the other.
const BATCH: usize = 64;

/// Texts of one kind.
#[derive(Clone, PartialEq)]
pub struct Group {
    /// What they are counted under: the family of a benchmark, or the name of a source.
    pub family: String,
    /// Where they are from.
    pub name: String,
    pub texts: Vec<String>,
}

/// `Debug` does not print the texts: texts never reach logs.
impl std::fmt::Debug for Group {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Group")
            .field("name", &self.name)
            .field("texts", &self.texts.len())
            .finish_non_exhaustive()
    }
}

/// The texts of a benchmark; `None` for one that cannot be had, and for one about evidence, whose cases are texts with
/// words taken out.
///
/// # Errors
/// When its data is missing or not what is pinned.
pub fn group(manifest: &BenchmarkManifest, data: &Path) -> Result<Option<Group>, Error> {
    if manifest.unavailable.is_some() || manifest.kind == Kind::Evidence {
        return Ok(None);
    }
    let texts = cases::load(manifest, data)?.examples.into_iter().map(|e| e.text).collect();
    let family = manifest.family.clone().unwrap_or_else(|| "other".to_owned());
    Ok(Some(Group { family, name: manifest.name.clone(), texts }))
}

/// What was counted of some texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    pub texts: usize,
    /// Those in a language that the bundle does not read: neither stage does anything.
    pub unread: usize,
    /// Those that the first stage answers.
    pub stopped: usize,
    /// Those that the encoder flags.
    pub flagged: Kept,
    /// Those that it flags or names a category of.
    pub said: Kept,
    /// Time for all of them without the first stage, and with it.
    pub without: Duration,
    pub with: Duration,
}

/// How many there were to keep, and how many were not stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Kept {
    pub all: usize,
    pub kept: usize,
}

impl Kept {
    /// The interval of Clopper and Pearson (Biometrika 26, 1934) for the share kept, 95 %, two-sided; `None` when there
    /// was nothing to keep.
    #[must_use]
    pub fn interval(self) -> Option<Interval> {
        clopper_pearson(self.kept, self.all, CONFIDENCE)
    }

    fn count(&mut self, matters: bool, stopped: bool) {
        self.all += usize::from(matters);
        self.kept += usize::from(matters && !stopped);
    }

    fn add(&mut self, other: Self) {
        self.all += other.all;
        self.kept += other.kept;
    }
}

impl Counts {
    /// Share of all texts that the first stage answers, 0..=1; 0 of none.
    #[must_use]
    pub fn stopped_share(&self) -> f64 {
        self.stopped as f64 / self.texts.max(1) as f64
    }

    /// How many times as many texts a second there are with the first stage.
    #[must_use]
    pub fn speedup(&self) -> f64 {
        self.without.as_secs_f64() / self.with.as_secs_f64().max(f64::MIN_POSITIVE)
    }

    pub fn add(&mut self, other: &Self) {
        self.texts += other.texts;
        self.unread += other.unread;
        self.stopped += other.stopped;
        self.flagged.add(other.flagged);
        self.said.add(other.said);
        self.without += other.without;
        self.with += other.with;
    }

    fn one(&mut self, encoder: &Assessment, cascade: &Assessment, policy: &Policy) {
        let outcome = policy.evaluate(encoder);
        let stopped = cascade.reading.as_ref().map(Reading::stage_number) == Some(1);
        self.texts += 1;
        self.unread += usize::from(encoder.reading.is_none());
        self.stopped += usize::from(stopped);
        self.flagged.count(outcome.flagged(), stopped);
        self.said.count(outcome.flagged() || outcome.categories.contains(&true), stopped);
    }
}

/// Reads every text with and without the first stage; counts by family. `progress` hears how many texts are done.
///
/// # Errors
/// When the model fails.
pub fn verify(
    mut pipeline: Pipeline,
    groups: &[Group],
    progress: &mut dyn FnMut(usize),
) -> Result<BTreeMap<String, Counts>, Error> {
    let policy = pipeline.policy().clone();
    let mut families: BTreeMap<String, Counts> = BTreeMap::new();
    let mut done = 0;
    for group in groups {
        let counts = families.entry(group.family.clone()).or_default();
        for (i, batch) in group.texts.chunks(BATCH).enumerate() {
            let texts = parse(group, batch)?;
            let mut timed = |how: Use, spent: &mut Duration| -> Result<Vec<Assessment>, Error> {
                pipeline.set_cascade(how);
                let began = Instant::now();
                let assessed = pipeline.assess(&texts).map_err(|source| Error::Model {
                    benchmark: group.name.clone(),
                    case: format!("{} and those after it", i * BATCH),
                    source,
                })?;
                *spent += began.elapsed();
                Ok(assessed)
            };
            let on = Use::On { sample: 0.0 };
            // In turn, so that neither is always the one that finds the texts in the cache.
            let (encoder, cascade) = if i % 2 == 0 {
                let encoder = timed(Use::Off, &mut counts.without)?;
                (encoder, timed(on, &mut counts.with)?)
            } else {
                let cascade = timed(on, &mut counts.with)?;
                (timed(Use::Off, &mut counts.without)?, cascade)
            };
            for (encoder, cascade) in encoder.iter().zip(&cascade) {
                counts.one(encoder, cascade, &policy);
            }
            done += batch.len();
            progress(done);
        }
    }
    Ok(families)
}

fn parse(group: &Group, batch: &[String]) -> Result<Vec<Text>, Error> {
    let texts = batch.iter().map(|text| Text::parse(text.as_str(), usize::MAX));
    texts
        .collect::<Result<_, _>>()
        .map_err(|e| Error::Cases { benchmark: group.name.clone(), reason: e.to_string() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_is_counted_with_its_interval() {
        let mut kept = Kept::default();
        for i in 0..400 {
            kept.count(i % 2 == 0, i == 6);
        }
        assert_eq!(kept, Kept { all: 200, kept: 199 });
        let interval = kept.interval().unwrap();
        assert!(interval.low > 0.972 && interval.low < 0.973 && interval.high > 0.9998, "{interval:?}");
        assert_eq!(Kept::default().interval(), None);
    }

    #[test]
    fn sums_and_shares() {
        let one = Counts {
            texts: 10,
            stopped: 4,
            without: Duration::from_secs(8),
            with: Duration::from_secs(2),
            ..Counts::default()
        };
        let mut sum = Counts::default();
        assert!(sum.stopped_share().abs() < f64::EPSILON);
        sum.add(&one);
        sum.add(&one);
        assert_eq!((sum.texts, sum.stopped), (20, 8));
        assert!((sum.stopped_share() - 0.4).abs() < 1e-9 && (sum.speedup() - 4.0).abs() < 1e-9);
    }
}
