//! `countervail calibrate`: thresholds of a bundle chosen so that the precision of what they flag can be promised.
//!
//! ```text
//! set ─► logits of its texts ─┬─► calibration part ─► corrections ─► where a search begins ─┐
//!                             └─► threshold part ──────────────────► thresholds certified ◄─┘─► bundle
//! ```
//!
//! Invariants: the threshold part chooses nothing but the thresholds; a promise that cannot be made is refused with
//! what would be needed, never replaced by a number; no text in any output; the same inputs and seed give the same
//! bytes. What a promise means, and what it does not, stands in `docs/CALIBRATION.md`.

pub mod certify;
pub mod choice;
pub mod isotonic;
pub mod level;
pub mod record;
pub mod set;
mod texts;
mod thresholds;
pub mod words;
mod write;

use std::path::PathBuf;

use crate::domain::taxonomy::Category;
use crate::eval::manifest::Target;
use crate::inference::bundle::{ModelBundle, ThresholdsFile};
use crate::inference::calibration::{Calibration, Combination};
use crate::inference::pipeline::Pipeline;
use crate::train::error::Error;
use crate::train::promise::choice::{Choice, choose};
use crate::train::promise::record::{Calibrated, ModelName, Record};
use crate::train::promise::set::CalibrationSet;
use crate::train::promise::texts::Items;

/// What to promise, of which model, on which texts.
#[derive(Debug, Clone)]
pub struct Order {
    /// Folder of the bundle.
    pub model: PathBuf,
    /// The calibration set, a TOML file.
    pub set: PathBuf,
    /// Folder that the sources' paths are below.
    pub data: PathBuf,
    pub terms: Terms,
    /// Decides which texts calibrate and which certify.
    pub seed: u64,
}

/// The numbers in the promise.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Terms {
    /// Share of true ones among all that is flagged, and among what a category is said of; between 0 and 1.
    pub precision: f64,
    /// The same among what is urgent; not below `precision`.
    pub urgent_precision: f64,
    /// How likely each promise by itself may be wrong; above 0, at most 0.5.
    pub delta: f64,
}

/// How it ended.
#[derive(Debug)]
pub enum Outcome {
    /// Both bands can be promised.
    Promised(Box<Promised>),
    /// A band cannot; the record says why and what is missing.
    Refused(Box<Record>),
}

/// A bundle with its new calibration, not yet written.
#[derive(Debug)]
pub struct Promised {
    bundle: ModelBundle,
    calibration: Calibration,
    thresholds: ThresholdsFile,
    pub record: Record,
}

/// Calibrates and searches thresholds; writes nothing. `progress` hears how many texts of how many were read.
///
/// # Errors
/// When the terms make no sense, the set or the bundle cannot be read, or the set was in training.
pub fn promise(order: &Order, progress: &mut dyn FnMut(usize, usize)) -> Result<Outcome, Error> {
    order.terms.check().map_err(Error::Terms)?;
    let set = CalibrationSet::open(&order.set)?;
    let mut pipeline = Pipeline::open(&order.model)?;
    set.refuse_what_was_seen(pipeline.bundle())?;
    let items = Items::gather(&set, &order.data, &mut pipeline, order.seed, progress)?;
    let bundle = pipeline.bundle().clone();
    let (calibration, choices) = recalibrate(&bundle.calibration, &items);
    let policy_version = format!("{}+{}-{}", bundle.policy.version, set.name, set.version);
    let scored = items.score(&calibration)?;
    let found = thresholds::search(&items, &scored, order.terms);
    let record = Record {
        schema: record::SCHEMA,
        statement: words::statement(order.terms.delta),
        model: ModelName { name: bundle.model.name.clone(), digest: bundle.model.digest.clone() },
        policy_version: policy_version.clone(),
        set: set.named(),
        seed: order.seed,
        texts: items.count(),
        calibration: choices,
        promises: found.promises,
        not_promised: found.refusals,
    };
    Ok(match found.bands {
        None => Outcome::Refused(Box::new(record)),
        Some(bands) => {
            let kept = thresholds::Kept { bundle: &bundle, calibration: &calibration };
            let thresholds = kept.file(policy_version, bands, &found.categories)?;
            Outcome::Promised(Box::new(Promised { bundle, calibration, thresholds, record }))
        }
    })
}

/// The corrections of the categories first, then, on top of those, that of their combination, whose weights stay.
fn recalibrate(shipped: &Calibration, items: &Items) -> (Calibration, Vec<Calibrated>) {
    let mut calibration = shipped.clone();
    let mut choices = Vec::new();
    for category in Category::ALL {
        let i = category.index();
        let target = Target::Category(category);
        let highest = |windows: &mut dyn Iterator<Item = f32>| windows.fold(f32::NEG_INFINITY, f32::max);
        let cases = items.to_fit(target, |w| highest(&mut w.iter().map(|l| l.categories[i])));
        let choice = choose(&shipped.categories[i], &cases);
        choices.push(Calibrated::new(target, &choice));
        calibration.categories[i] = choice.correction;
    }
    let Combination { weights, correction } = &shipped.combination;
    let cases = items.to_fit(Target::Extremism, |windows| {
        let combined =
            windows.iter().map(|l| Combination::noisy_or(weights, &calibration.calibrate(&l.categories)));
        combined.fold(f32::NEG_INFINITY, f32::max)
    });
    let choice: Choice = choose(correction, &cases);
    choices.insert(0, Calibrated::new(Target::Extremism, &choice));
    calibration.combination.correction = choice.correction;
    (calibration, choices)
}

impl Terms {
    fn check(&self) -> Result<(), String> {
        let share = |v: f64| v > 0.0 && v < 1.0;
        if !share(self.precision) || !share(self.urgent_precision) {
            let (p, u) = (self.precision, self.urgent_precision);
            return Err(format!(
                "the precisions are {p} and {u}; a share above 0 and below 1 can be promised"
            ));
        }
        if self.urgent_precision < self.precision {
            let (p, u) = (self.precision, self.urgent_precision);
            return Err(format!(
                "the precision of the urgent band is {u}, below the {p} of all that is flagged"
            ));
        }
        if !(self.delta > 0.0 && self.delta <= 0.5) {
            return Err(format!("delta is {}; it must be above 0 and at most 0.5", self.delta));
        }
        Ok(())
    }
}
