//! Shortcuts: how well labels can be told without reading what a text says. A benchmark on which a count of hashtags
//! gets far does not show that a model understands anything.
//!
//! Each probe is a logistic regression (C = 1) on features that leave the words out: how the text was written, copied
//! and stored; how long it is; which of twenty clusters of like topics it is in, found without labels; and, where
//! several files are pooled, which file it is from. Where a benchmark has a training part the probe learns there and
//! is measured on the test part; else five folds take turns, near-duplicates and groups staying together. The threshold
//! for F1 and accuracy is the one with the best F1 on what the probe learned from.
//!
//! Beside each stands what needs no features at all: the accuracy of always giving the more frequent label, the F1 of
//! flagging everything, and the share of positives, which is the average precision of a random order.

mod artefacts;
mod features;
mod topics;

use std::collections::BTreeMap;

use serde::Serialize;
use xxhash_rust::xxh3::xxh3_64_with_seed;

use crate::data::example::Example;
use crate::data::split::clusters;
use crate::eval::error::Error;
use crate::eval::hygiene::sets::{Side, TextSet};
use crate::eval::intervals::bootstrap::{Plan, intervals};
use crate::eval::linear::{Logistic, Rows};
use crate::eval::manifest::Target;
use crate::eval::metrics::Case;
use crate::eval::metrics::ranking::Ranked;
use crate::eval::report::metric::Metric;

/// Folds where there is no training part.
const FOLDS: u64 = 5;
/// Of each label, at least: with fewer, a fold may have none.
const FEWEST: usize = 20;
const TOO_FEW: &str = "fewer than 20 texts of a label";

/// What a probe sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Probe {
    /// Which file the text is from.
    File,
    /// Links, handles, casing, punctuation, emoji, digits, line breaks, encoding.
    Artefacts,
    Length,
    Topic,
}

/// What a probe learned from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Learned {
    /// The benchmark's training part.
    OwnTraining,
    /// The other four of five folds.
    Folds,
}

/// How far one probe gets.
#[derive(Debug, Clone, Serialize)]
pub struct ProbeResult {
    pub set: String,
    pub target: &'static str,
    pub probe: Probe,
    pub learned: Learned,
    /// Texts that it learned from: of the training part, or of all folds together.
    pub learned_from: usize,
    pub positives: usize,
    pub negatives: usize,
    pub f1: Metric,
    pub average_precision: Metric,
    pub roc_auc: Metric,
    pub accuracy: Metric,
    /// Share of the more frequent label: the accuracy of always giving that one.
    pub majority_accuracy: Metric,
    /// 2p / (1 + p) for a share p of positives: F1 when everything is flagged.
    pub f1_of_flagging_all: Metric,
    /// Average precision of a random order.
    pub share_of_positives: Metric,
}

/// Runs every probe on every target of every test part and recipe.
///
/// # Errors
/// When a fit fails for another reason than its labels.
pub fn run(sets: &[TextSet], plan: Plan) -> Result<Vec<ProbeResult>, Error> {
    let mut results = Vec::new();
    for set in sets.iter().filter(|s| matches!(s.side, Side::Test | Side::Recipe)) {
        let train = sets.iter().find(|s| s.side == Side::Train && s.name == set.name);
        for target in &set.targets {
            results.extend(Task::new(set, train, *target).run(plan)?);
        }
    }
    Ok(results)
}

/// The result that gives most away.
#[must_use]
pub fn strongest(results: &[ProbeResult]) -> Option<&ProbeResult> {
    let auc = |r: &ProbeResult| r.roc_auc.value.unwrap_or(0.0);
    results.iter().max_by(|a, b| auc(a).total_cmp(&auc(b)))
}

/// One target of one set.
struct Task<'a> {
    set: &'a TextSet,
    target: Target,
    /// Texts whose label is known.
    measured: Vec<&'a Example>,
    labels: Vec<bool>,
    /// The labelled texts of the training part.
    train: Option<(Vec<&'a Example>, Vec<bool>)>,
}

impl<'a> Task<'a> {
    fn new(set: &'a TextSet, train: Option<&'a TextSet>, target: Target) -> Self {
        let (measured, labels) = labelled(set, target);
        // A training part that does not carry the label teaches nothing about it.
        let train = train.map(|t| labelled(t, target)).filter(|(_, labels)| fewer(labels) >= FEWEST);
        Self { set, target, measured, labels, train }
    }

    fn run(&self, plan: Plan) -> Result<Vec<ProbeResult>, Error> {
        let groups = clusters(&self.measured);
        let mut probes = vec![Probe::Artefacts, Probe::Length, Probe::Topic];
        // A file says nothing about a text of other files, so it is only tried where folds share them.
        if self.set.sources.len() > 1 && self.train.is_none() {
            probes.insert(0, Probe::File);
        }
        probes.into_iter().map(|probe| self.probe(probe, &groups, plan)).collect()
    }

    fn probe(&self, probe: Probe, groups: &[u64], plan: Plan) -> Result<ProbeResult, Error> {
        let learned_from = self.train.as_ref().map_or(&self.labels, |(_, labels)| labels);
        let cases = match fewer(&self.labels) {
            0..FEWEST => None,
            _ => Some(self.cases(probe, groups, plan.seed)?),
        };
        let positives = self.labels.iter().filter(|l| **l).count();
        let negatives = self.labels.len() - positives;
        let n = positives + negatives;
        let learned = if self.train.is_some() { Learned::OwnTraining } else { Learned::Folds };
        let p = positives as f64 / (n as f64).max(1.0);
        let measures = match &cases {
            Some(cases) => measures(cases, &numbered(groups), plan),
            None => std::array::from_fn(|_| Metric::undefined(n, TOO_FEW)),
        };
        let [f1, average_precision, roc_auc, accuracy] = measures;
        Ok(ProbeResult {
            set: self.set.to_string(),
            target: self.target.id(),
            probe,
            learned,
            learned_from: learned_from.len(),
            positives,
            negatives,
            f1,
            average_precision,
            roc_auc,
            accuracy,
            majority_accuracy: Metric::rate(positives.max(negatives), n, TOO_FEW),
            f1_of_flagging_all: Metric::bare(2.0 * p / (1.0 + p), n, "follows from the share of positives"),
            share_of_positives: Metric::rate(positives, n, TOO_FEW),
        })
    }

    /// Every measured text with the probability that a probe gave it which had not seen its label.
    fn cases(&self, probe: Probe, groups: &[u64], seed: u64) -> Result<Vec<Case>, Error> {
        let files = self.set.sources.len();
        if let Some((train, labels)) = &self.train {
            let (fitted, measured) = features::of(probe, train, &self.measured, files, seed);
            return judge(&fitted, labels, &measured, &self.labels);
        }
        let (rows, _) = features::of(probe, &self.measured, &[], files, seed);
        let fold = |group: &u64| xxh3_64_with_seed(&group.to_le_bytes(), seed) % FOLDS;
        let folds: Vec<u64> = groups.iter().map(fold).collect();
        let mut cases = vec![None; rows.len()];
        for held in 0..FOLDS {
            let (inside, outside): (Vec<usize>, Vec<usize>) =
                (0..rows.len()).partition(|i| folds[*i] == held);
            let of = |which: &[usize]| which.iter().map(|i| self.labels[*i]).collect::<Vec<_>>();
            let (fitted, measured) =
                (features::selected(&rows, &outside), features::selected(&rows, &inside));
            let judged = judge(&fitted, &of(&outside), &measured, &of(&inside))?;
            inside.into_iter().zip(judged).for_each(|(i, case)| cases[i] = Some(case));
        }
        Ok(cases.into_iter().map(|case| case.expect("every text is in one of the folds")).collect())
    }
}

/// Fits to the one and decides about the other.
fn judge(fitted: &Rows, labels: &[bool], rows: &Rows, known: &[bool]) -> Result<Vec<Case>, Error> {
    let model = Logistic::fit(fitted, labels, None, 1.0)?;
    let threshold = best_threshold(&model.predict(fitted), labels);
    let case = |(score, positive): (f64, &bool)| Case {
        #[expect(clippy::cast_possible_truncation, reason = "scores have single precision everywhere")]
        score: Some(score as f32),
        positive: *positive,
        flagged: score >= threshold,
    };
    Ok(model.predict(rows).into_iter().zip(known).map(case).collect())
}

/// The score from which flagging gives the best F1, halfway to the next lower one; the highest of equals.
fn best_threshold(scores: &[f64], labels: &[bool]) -> f64 {
    let mut order: Vec<(f64, bool)> = scores.iter().copied().zip(labels.iter().copied()).collect();
    order.sort_by(|a, b| b.0.total_cmp(&a.0));
    let positives = labels.iter().filter(|l| **l).count();
    let (mut best, mut threshold) = (0.0, f64::INFINITY);
    let (mut flagged, mut right) = (0, 0);
    for tied in order.chunk_by(|a, b| a.0.total_cmp(&b.0).is_eq()) {
        flagged += tied.len();
        right += tied.iter().filter(|(_, positive)| *positive).count();
        // F1 = 2 TP / (flagged + positives).
        let f1 = 2.0 * right as f64 / (flagged + positives) as f64;
        if f1 > best {
            let next = order.get(flagged).map_or(0.0, |(score, _)| *score);
            (best, threshold) = (f1, f64::midpoint(tied[0].0, next));
        }
    }
    threshold
}

fn labelled(set: &TextSet, target: Target) -> (Vec<&Example>, Vec<bool>) {
    set.examples.iter().filter_map(|e| Some((e, target.label(e)?))).unzip()
}

/// The texts of the rarer label.
fn fewer(labels: &[bool]) -> usize {
    let positives = labels.iter().filter(|l| **l).count();
    positives.min(labels.len() - positives)
}

/// F1, average precision, ROC AUC, accuracy.
fn measures(cases: &[Case], clusters: &[usize], plan: Plan) -> [Metric; 4] {
    let (ranked, n) = (Ranked::new(cases), cases.len());
    let (point, ends) = (ranked.statistics(), intervals(&ranked, clusters, plan));
    [
        Metric::bootstrapped(point.f1, ends.f1, n, "nothing flagged and nothing positive"),
        Metric::bootstrapped(point.average_precision, ends.average_precision, n, TOO_FEW),
        Metric::bootstrapped(point.roc_auc, ends.roc_auc, n, TOO_FEW),
        Metric::rate(cases.iter().filter(|c| c.right()).count(), n, TOO_FEW),
    ]
}

/// The clusters, numbered from 0 without gaps.
fn numbered(groups: &[u64]) -> Vec<usize> {
    let mut numbers = BTreeMap::new();
    let number = |group: &u64| {
        let next = numbers.len();
        *numbers.entry(*group).or_insert(next)
    };
    groups.iter().map(number).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_threshold_has_the_best_f1_of_all() {
        let scores = [0.9, 0.8, 0.8, 0.6, 0.4, 0.1];
        let labels = [true, false, true, true, false, false];
        // Four flagged, three of them rightly: 6 / 7.
        assert!((best_threshold(&scores, &labels) - 0.5).abs() < 1e-12);
        assert!(best_threshold(&[0.5], &[false]).is_infinite(), "nothing to find, nothing flagged");
    }

    #[test]
    fn clusters_are_numbered_without_gaps() {
        assert_eq!(numbered(&[90, 7, 90, 8]), [0, 1, 0, 2]);
    }
}
