//! One search for each band and each category, and what becomes of a threshold that nothing can be promised of.

use std::collections::BTreeMap;

use crate::data::split::Part;
use crate::domain::assessment::Reading;
use crate::domain::score::Score;
use crate::domain::taxonomy::Category;
use crate::eval::manifest::Target;
use crate::inference::bundle::{ModelBundle, ThresholdsFile};
use crate::inference::calibration::Calibration;
use crate::inference::calibration_file::by_name;
use crate::inference::correction::Correction;
use crate::train::error::Error;
use crate::train::promise::Terms;
use crate::train::promise::certify::{Case, Search, certify};
use crate::train::promise::level::Level;
use crate::train::promise::record::{Found, Promise, Purpose, Refusal, Share};
use crate::train::promise::texts::Items;

/// What can be promised and what cannot.
pub(super) struct Thresholds {
    /// `None` when one of the two cannot be promised.
    pub(super) bands: Option<Bands>,
    pub(super) categories: BTreeMap<Category, f32>,
    pub(super) promises: Vec<Promise>,
    pub(super) refusals: Vec<Refusal>,
}

#[derive(Clone, Copy)]
pub(super) struct Bands {
    review: f32,
    urgent: f32,
}

/// Delta holds for each promise by itself: a reader acts on one band at a time.
pub(super) fn search(items: &Items, scored: &[Option<Reading>], terms: Terms) -> Thresholds {
    let mut out =
        Thresholds { bands: None, categories: BTreeMap::new(), promises: Vec::new(), refusals: Vec::new() };
    let level = |precision: f64| Level { precision, delta: terms.delta };
    let mut one = |target: Target, purpose: Purpose, level: Level| -> Option<f32> {
        let [planning, testing] =
            [Part::Calibration, Part::Threshold].map(|part| items.cases(part, target, scored));
        let search = certify(&planning, &testing, level);
        match promise(target, purpose, level, &testing, &search) {
            Ok(promise) => {
                let threshold = promise.threshold;
                out.promises.push(promise);
                Some(threshold)
            }
            Err(refusal) => {
                out.refusals.push(refusal);
                None
            }
        }
    };
    let review = one(Target::Extremism, Purpose::Review, level(terms.precision));
    let urgent = one(Target::Extremism, Purpose::Urgent, level(terms.urgent_precision));
    let categories: Vec<(Category, f32)> = Category::ALL
        .into_iter()
        .filter_map(|c| Some((c, one(Target::Category(c), Purpose::Category, level(terms.precision))?)))
        .collect();
    out.categories.extend(categories);
    if let (Some(review), Some(urgent)) = (review, urgent) {
        out.bands = Some(Bands { review, urgent });
        out.lower_review_to_urgent(level(terms.precision));
    }
    out
}

impl Thresholds {
    /// The searches begin at different places, so the one for the urgent band may reach further down. What it
    /// certified is more than the review band asks for: both then begin there.
    fn lower_review_to_urgent(&mut self, level: Level) {
        let Some(Bands { review, urgent }) = &mut self.bands else { return };
        if *urgent >= *review {
            return;
        }
        *review = *urgent;
        let better = self.promises.iter().find(|p| p.purpose == Purpose::Urgent).cloned();
        let of_review = self.promises.iter_mut().find(|p| p.purpose == Purpose::Review);
        if let (Some(better), Some(of_review)) = (better, of_review) {
            *of_review = Promise { purpose: Purpose::Review, precision: level.precision, ..better };
        }
    }
}

fn promise(
    target: Target,
    purpose: Purpose,
    level: Level,
    testing: &[Case],
    search: &Search,
) -> Result<Promise, Refusal> {
    let Level { precision, delta } = level;
    let positives = testing.iter().filter(|c| c.positive).count();
    let (target, labelled) = (target.id(), testing.len());
    let Some(test) = search.certified else {
        let (correct, flagged) = search.first.map_or((0, 0), |t| (t.correct, t.flagged));
        return Err(Refusal {
            target,
            purpose,
            precision,
            delta,
            labelled,
            positives,
            found: search.first.map(|test| Found::new(test, level)),
            fewest: level.fewest(),
            flagged_needed: level.needed(correct, flagged),
        });
    };
    Ok(Promise {
        target,
        purpose,
        threshold: test.threshold,
        precision,
        delta,
        flagged: test.flagged,
        correct: test.correct,
        bound: level.lower_bound(test.correct, test.flagged),
        tested: search.tested,
        flagged_share: Share::of(test.flagged, labelled),
        recall: Share::of(test.correct, positives),
    })
}

/// A bundle whose thresholds stay where nothing better was found, under a new calibration.
pub(super) struct Kept<'a> {
    pub(super) bundle: &'a ModelBundle,
    pub(super) calibration: &'a Calibration,
}

impl Kept<'_> {
    pub(super) fn file(
        &self,
        policy_version: String,
        bands: Bands,
        promised: &BTreeMap<Category, f32>,
    ) -> Result<ThresholdsFile, Error> {
        let mut categories = [0.0; Category::COUNT];
        for category in Category::ALL {
            let kept = || self.moved(category);
            categories[category.index()] = promised.get(&category).copied().map_or_else(kept, Ok)?;
        }
        let categories = by_name(|c| categories[c.index()]);
        Ok(ThresholdsFile { policy_version, review: bands.review, urgent: bands.urgent, categories })
    }

    /// The shipped threshold, on the new scale: the same texts reach it as before, but for rounding.
    fn moved(&self, category: Category) -> Result<f32, Error> {
        let i = category.index();
        let shipped = self.bundle.policy.categories[i].get();
        let (before, after) = (&self.bundle.calibration.categories[i], &self.calibration.categories[i]);
        let Correction::Platt(line) = before else { return Ok(shipped) };
        if before == after {
            return Ok(shipped);
        }
        let logit = ((shipped / (1.0 - shipped)).ln() - line.offset) / line.slope;
        let moved = Score::from_logit(after.apply(logit));
        Ok(moved.map_err(|e| crate::inference::error::Error::Model(e.to_string()))?.get())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn review_never_begins_above_urgent() {
        let promise = |purpose: Purpose, threshold: f32, precision: f64| Promise {
            target: "extremism",
            purpose,
            threshold,
            precision,
            delta: 0.05,
            flagged: 100,
            correct: 99,
            bound: 0.95,
            tested: 3,
            flagged_share: Share::of(100, 400),
            recall: Share::of(99, 200),
        };
        let mut found = Thresholds {
            bands: Some(Bands { review: 0.7, urgent: 0.6 }),
            categories: BTreeMap::new(),
            promises: vec![promise(Purpose::Review, 0.7, 0.8), promise(Purpose::Urgent, 0.6, 0.95)],
            refusals: Vec::new(),
        };
        found.lower_review_to_urgent(Level { precision: 0.8, delta: 0.05 });
        assert_eq!(found.bands.unwrap().review.to_bits(), 0.6_f32.to_bits());
        assert_eq!(found.promises[0], promise(Purpose::Review, 0.6, 0.8));
    }
}
