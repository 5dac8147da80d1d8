//! The first stage of a cascade: fitted to what a bundle's encoder says, and certified before it may stop anything.
//!
//! ```text
//! fit part ─────────────────► encoder ─► lessons ─► weights ─┐
//! calibration + threshold ──► encoder ─► cases ──────────────┴─► thresholds by bucket ─► cascade.json, cascade.bin
//! ```
//!
//! Invariants: no text that the weights were fitted to has a say in a threshold; the encoder is the bundle as it ships,
//! all windows of a text; `train` and `cascade train` go through the same code; the same inputs give the same bytes.

pub mod bound;
pub mod fit;
pub mod held_out;
pub mod teach;
pub mod terms;

use std::path::{Path, PathBuf};

use rayon::prelude::*;

use crate::data::example::Example;
use crate::data::split::Part;
use crate::inference::bundle::{MANIFEST, ModelBundle, seal};
use crate::inference::cascade::Use;
use crate::inference::cascade::bucket::{Lengths, language_of};
use crate::inference::cascade::features::FEATURES;
use crate::inference::cascade::file::{CascadeFile, FITS, META, Taught, VERSION, WEIGHTS, write};
use crate::inference::cascade::linear::Linear;
use crate::inference::correction::Platt;
use crate::inference::pipeline::Pipeline;
use crate::train::calibrate::{Free, line};
use crate::train::card;
use crate::train::cascade::bound::{Case, certify};
use crate::train::cascade::held_out::{recipe_of, same_data};
use crate::train::cascade::teach::{Lesson, independent, read};
use crate::train::cascade::terms::Terms;
use crate::train::corpus::Parted;
use crate::train::error::Error;
use crate::train::folder::{beside, replace};
use crate::train::recipe::Recipe;
use crate::train::run::Watcher;

/// The parts that thresholds are certified on. The development part is left for [`held_out`] to verify with.
const CERTIFYING: [Part; 2] = [Part::Calibration, Part::Threshold];

/// A first stage for a bundle that exists.
#[derive(Debug, Clone)]
pub struct Order {
    /// Folder of the bundle.
    pub model: PathBuf,
    /// The recipe, whose data must be that of the bundle; the bundle's own when absent.
    pub recipe: Option<PathBuf>,
    /// Folder that the sources' paths are below.
    pub data: PathBuf,
    /// The bundle folder to write; may be `model`.
    pub out: PathBuf,
    /// In the place of what the recipe says.
    pub retained: Option<f64>,
    pub retained_named: Option<f64>,
    pub confidence: Option<f64>,
}

/// Writes the bundle with a first stage, or with another one than it had. The encoder is not touched.
///
/// # Errors
/// When the bundle, its data or its recipe cannot be read, or the recipe is of other data than the encoder was
/// trained on: texts that it was fitted to could then certify.
pub fn run(order: &Order, watcher: &mut dyn Watcher) -> Result<CascadeFile, Error> {
    let bundle = ModelBundle::open(&order.model)?;
    let of_bundle = recipe_of(&bundle)?;
    let recipe = match &order.recipe {
        None => of_bundle,
        Some(path) => {
            let (recipe, _) = Recipe::open(path)?;
            same_data(&recipe, &of_bundle).map_err(|reason| Error::Recipe { path: path.clone(), reason })?;
            recipe
        }
    };
    let mut terms = recipe.cascade.clone().unwrap_or_default();
    terms.retained = order.retained.unwrap_or(terms.retained);
    terms.retained_named = order.retained_named.unwrap_or(terms.retained_named);
    terms.confidence = order.confidence.unwrap_or(terms.confidence);
    terms.check().map_err(Error::Terms)?;
    let folder = beside(&order.out)?;
    for name in bundle.files.keys().filter(|name| *name != META && *name != WEIGHTS) {
        fs_err::copy(bundle.file(name), folder.join(name))?;
    }
    fs_err::copy(bundle.file(MANIFEST), folder.join(MANIFEST))?;
    seal(&folder, &bundle.model.name, bundle.arithmetic)?;
    watcher.stage("reading data");
    let parted = Parted::read(&recipe, &order.data)?;
    let made = add(&folder, &parted, (&terms, recipe.seed), watcher)?;
    replace(&folder, &order.out)?;
    Ok(made)
}

/// Adds a first stage to the sealed bundle in `folder`, says so on its card, and seals it again.
///
/// # Errors
/// When the encoder fails, or it flags nothing of the fit part, or everything.
pub fn add(
    folder: &Path,
    parted: &Parted,
    (terms, seed): (&Terms, u64),
    watcher: &mut dyn Watcher,
) -> Result<CascadeFile, Error> {
    let mut pipeline = Pipeline::open(folder)?.with_cascade(Use::Off);
    let lessons =
        lessons(&mut pipeline, &parted.of(Part::Fit), "asking the encoder about the fit part", watcher)?;
    watcher.stage("fitting the first stage");
    let linear = fit::fit(&lessons, terms, seed)?;
    let taught = (lessons.len(), lessons.iter().filter(|l| l.said).count());
    drop(lessons);
    let judged = independent(&parted.to_judge_by(&CERTIFYING));
    let judged =
        self::lessons(&mut pipeline, &judged, "asking the encoder about the calibration split", watcher)?;
    let made = describe(&linear, &judged, (terms, taught), pipeline.bundle());
    write(folder, &made, &linear)?;
    let path = folder.join("README.md");
    let before = if path.exists() { fs_err::read_to_string(&path)? } else { String::new() };
    fs_err::write(path, card::with_first_stage(&before, &made))?;
    let bundle = pipeline.bundle();
    seal(folder, &bundle.model.name, bundle.arithmetic)?;
    Ok(made)
}

fn lessons(
    pipeline: &mut Pipeline,
    examples: &[&Example],
    stage: &str,
    watcher: &mut dyn Watcher,
) -> Result<Vec<Lesson>, Error> {
    watcher.stage(stage);
    let all = examples.len() as u64;
    read(pipeline, examples, &mut |done| watcher.read(done as u64, all))
}

/// What the linear model says of each lesson, with what the encoder said of it.
fn cases(linear: &Linear, judged: &[Lesson], lengths: &Lengths) -> Vec<Case> {
    let case = |lesson: &Lesson| Case {
        language: language_of(lesson.language, lesson.support).unwrap_or_default().to_owned(),
        length: lengths.index(&lesson.text),
        logit: linear.logit(&lesson.text).unwrap_or(f32::INFINITY),
        flagged: lesson.flagged,
        said: lesson.said,
    };
    judged.par_iter().map(case).collect()
}

fn describe(
    linear: &Linear,
    judged: &[Lesson],
    (terms, (texts, said)): (&Terms, (usize, usize)),
    bundle: &ModelBundle,
) -> CascadeFile {
    let lengths = Lengths::new(terms.lengths.clone()).expect("the terms were checked");
    let cases = cases(linear, judged, &lengths);
    let pairs: Vec<(f64, bool)> =
        cases.iter().filter(|c| c.logit.is_finite()).map(|c| (f64::from(c.logit), c.said)).collect();
    let Platt { slope, offset } = line(&pairs, Free::Both).unwrap_or(Platt::IDENTITY);
    let certified = certify(&cases, &lengths, terms);
    let fits = FITS.into_iter().filter_map(|name| Some((name.to_owned(), bundle.files.get(name)?.clone())));
    CascadeFile {
        version: VERSION,
        features: FEATURES,
        scale: linear.scale(),
        bias: linear.bias(),
        platt: [slope, offset],
        lengths: terms.lengths.clone(),
        fits: fits.collect(),
        arithmetic: bundle.arithmetic,
        terms: certified.terms,
        taught: Taught { texts, said, calibration: judged.len() },
        buckets: certified.buckets,
    }
}
