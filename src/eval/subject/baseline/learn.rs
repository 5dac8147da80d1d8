//! From a lesson to a model and its thresholds.

use crate::data::example::Example;
use crate::domain::score::Score;
use crate::eval::error::Error;
use crate::eval::linear::{Logistic, Rows, Vectorizer};
use crate::eval::manifest::Target;
use crate::eval::subject::baseline::keywords::Keywords;
use crate::eval::subject::baseline::lesson::{Lesson, labelled};
use crate::eval::subject::baseline::spec::{Linear, Method};

/// One threshold for each target that is answered.
pub(super) type Thresholds = Vec<(Target, Score)>;

/// A baseline that can answer.
#[derive(Debug)]
pub(super) enum Learnt {
    Linear {
        vectorizer: Vectorizer,
        models: Vec<(Target, Logistic)>,
    },
    Keywords(Keywords),
    /// The share of positives among the labels.
    Majority(Vec<(Target, Score)>),
}

impl Learnt {
    pub(super) fn from(method: &Method, lesson: &Lesson) -> Result<(Self, Thresholds), Error> {
        match method {
            Method::Linear(linear) => learn_linear(linear, lesson),
            Method::Keywords(lists) => {
                Ok((Self::Keywords(Keywords::new(lists)), lists.keys().map(|t| (*t, half())).collect()))
            }
            Method::Majority => {
                let shares = shares(lesson);
                let thresholds = shares.iter().map(|(t, _)| (*t, half())).collect();
                Ok((Self::Majority(shares), thresholds))
            }
        }
    }

    /// The scores of each target that is answered, one for each text.
    pub(super) fn scores(&self, texts: &[&str]) -> Vec<(Target, Vec<Score>)> {
        match self {
            Self::Linear { vectorizer, models } => {
                let rows = vectorizer.transform(texts);
                models.iter().map(|(target, model)| (*target, probabilities(model, &rows))).collect()
            }
            Self::Keywords(keywords) => keywords.scores(texts),
            Self::Majority(shares) => shares.iter().map(|(t, s)| (*t, vec![*s; texts.len()])).collect(),
        }
    }
}

fn half() -> Score {
    Score::new(0.5).expect("a half is a probability")
}

/// Targets whose labels are all the same teach nothing, and stay unanswered.
fn learn_linear(linear: &Linear, lesson: &Lesson) -> Result<(Learnt, Thresholds), Error> {
    let vectorizer = Vectorizer::fit(linear.terms.clone(), &texts(&lesson.train));
    let train = vectorizer.transform(&texts(&lesson.train));
    let validation = vectorizer.transform(&texts(&lesson.validation));
    let (mut models, mut thresholds) = (Vec::new(), Vec::new());
    for target in Target::all() {
        let (at, labels) = labelled(&lesson.train, target);
        if labels.iter().all(|l| *l) || labels.iter().all(|l| !*l) {
            continue;
        }
        let model = Logistic::fit(&train.only(&at), &labels, None, linear.c)?;
        let (at, labels) = labelled(&lesson.validation, target);
        thresholds.push((target, threshold(&probabilities(&model, &validation.only(&at)), &labels)));
        models.push((target, model));
    }
    Ok((Learnt::Linear { vectorizer, models }, thresholds))
}

fn texts(examples: &[Example]) -> Vec<&str> {
    examples.iter().map(|e| e.text.as_str()).collect()
}

fn probabilities(model: &Logistic, rows: &Rows) -> Vec<Score> {
    model.predict(rows).into_iter().map(score).collect()
}

fn score(probability: f64) -> Score {
    #[expect(clippy::cast_possible_truncation, reason = "scores are 32-bit floats")]
    let narrow = probability as f32;
    Score::new(narrow).expect("a probability stays one when rounded")
}

/// Of 0.01, 0.02 … 0.99 the first at which most decisions are right; a half when there is nothing to decide by.
fn threshold(scores: &[Score], labels: &[bool]) -> Score {
    let grid = (1..100_u8).map(|percent| score(f64::from(percent) / 100.0));
    let right = |t: Score| scores.iter().zip(labels).filter(|(s, l)| (**s >= t) == **l).count();
    let mut best = None;
    for (threshold, right) in grid.map(|t| (t, right(t))) {
        if best.is_none_or(|(_, most)| right > most) {
            best = Some((threshold, right));
        }
    }
    best.filter(|_| !labels.is_empty()).map_or(half(), |(threshold, _)| threshold)
}

fn shares(lesson: &Lesson) -> Vec<(Target, Score)> {
    let share = |target| {
        let (_, labels) = labelled(&lesson.train, target);
        let positives = labels.iter().filter(|l| **l).count();
        (!labels.is_empty()).then(|| (target, score(positives as f64 / labels.len() as f64)))
    };
    Target::all().filter_map(share).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(scores: &[f64], labels: &[bool]) -> f32 {
        threshold(&scores.iter().map(|s| score(*s)).collect::<Vec<_>>(), labels).get()
    }

    #[test]
    fn the_first_of_the_best_thresholds_is_taken() {
        let close = |a: f32, b: f32| assert!((a - b).abs() < 1e-6, "{a} is not {b}");
        close(chosen(&[0.2, 0.6, 0.7], &[false, true, true]), 0.21);
        close(chosen(&[0.2, 0.6, 0.7], &[false, false, true]), 0.61);
        close(chosen(&[0.4], &[true]), 0.01);
        close(chosen(&[0.995], &[false]), 0.01);
        close(chosen(&[], &[]), 0.5);
    }
}
