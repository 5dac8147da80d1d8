//! From trained numbers to a bundle: written beside its place and renamed, so that a bundle is whole or not there.

use std::path::Path;

use serde::Serialize;

use super::base::BaseFiles;
use super::calibrate;
use super::card::{self, Facts};
use super::corpus::Corpus;
use super::development;
use super::folder::{beside, replace};
use super::log::StepLog;
use super::recipe::Recipe;
use super::scoring::{Scored, logits, score};
use super::threshold::{self, Thresholds};
use crate::domain::taxonomy::{Category, Context, TAXONOMY_VERSION};
use crate::inference::bundle::{Labels, ThresholdsFile, seal};
use crate::inference::calibration::Calibration;
use crate::inference::calibration_file::{CalibrationFile, by_name};
use crate::inference::candle::classifier::CandleClassifier;
use crate::inference::candle::encoder::Network;
use crate::inference::candle::weights;
use crate::train::error::Error;

/// A run whose optimisation is over.
#[derive(Debug)]
pub struct Finished<'a> {
    pub recipe: &'a Recipe,
    /// The recipe as it was written.
    pub text: &'a str,
    pub base: &'a BaseFiles,
    pub corpus: &'a Corpus,
    pub network: Network,
    pub log: StepLog,
}

/// What follows from the weights.
struct Fitted {
    calibration: Calibration,
    thresholds: Thresholds,
    /// The threshold part.
    scored: Vec<Scored>,
    development: String,
}

impl Finished<'_> {
    /// Calibrates, chooses thresholds and writes the bundle to `out`, replacing what was there. `complete` may add to the
    /// whole and sealed bundle before it takes its place, and seals it again if it does. Gives what the model does with the
    /// development part, see [`development::table`].
    ///
    /// # Errors
    /// When the arithmetic fails, a file cannot be written, or `complete` fails.
    pub fn write(
        self,
        out: &Path,
        complete: &mut dyn FnMut(&Path) -> Result<(), Error>,
    ) -> Result<String, Error> {
        let folder = beside(out)?;
        self.write_weights(&folder)?;
        fs_err::copy(&self.base.config, folder.join("config.json"))?;
        fs_err::copy(&self.base.tokenizer, folder.join("tokenizer.json"))?;
        fs_err::copy(self.log.path(), folder.join("training_log.jsonl"))?;
        fs_err::write(folder.join("recipe.toml"), self.text)?;
        write_json(&folder.join("labels.json"), &self.labels())?;
        let Fitted { calibration, thresholds, scored, development } = self.calibrate(&folder)?;
        write_json(&folder.join("calibration.json"), &CalibrationFile::from(&calibration))?;
        let file = thresholds_file(&self.recipe.policy_version, &thresholds);
        write_thresholds(&folder, &file)?;
        let facts = Facts {
            recipe: self.recipe,
            base: self.base,
            corpus: self.corpus,
            calibration: &calibration,
            thresholds: &thresholds,
            scored: &scored,
        };
        fs_err::write(folder.join("README.md"), card::write(&facts))?;
        seal(&folder, &self.recipe.name, self.recipe.encoder.arithmetic)?;
        complete(&folder)?;
        replace(&folder, out)?;
        Ok(development)
    }

    fn write_weights(&self, folder: &Path) -> Result<(), Error> {
        let named = self.recipe.encoder.embedding.stored(weights::named(&self.network)?)?;
        candle_core::safetensors::save(&named, folder.join("model.safetensors"))?;
        Ok(())
    }

    /// Everything is fitted to the encoder as it ships: weights as they are stored, products in the recipe's arithmetic.
    fn calibrate(&self, folder: &Path) -> Result<Fitted, Error> {
        let config = &self.network.encoder.config;
        let weights = folder.join("model.safetensors");
        let mut classifier = CandleClassifier::open(config, &weights, self.recipe.encoder.arithmetic)?;
        let seen = logits(&mut classifier, &self.corpus.calibration)?;
        let calibration = calibrate::fit(&self.corpus.calibration, &seen);
        let seen = logits(&mut classifier, &self.corpus.threshold)?;
        let scored = score(&self.corpus.threshold, &seen, &calibration)?;
        let thresholds = threshold::choose(self.recipe, &scored);
        let seen = logits(&mut classifier, &self.corpus.development)?;
        let judged = score(&self.corpus.development, &seen, &calibration)?;
        let development = development::table(self.recipe, &judged, &thresholds);
        Ok(Fitted { calibration, thresholds, scored, development })
    }

    fn labels(&self) -> Labels {
        let encoder = &self.recipe.encoder;
        Labels {
            taxonomy_version: TAXONOMY_VERSION,
            categories: Category::ALL.map(|c| c.id().to_owned()).to_vec(),
            contexts: Context::ALL.map(|c| c.id().to_owned()).to_vec(),
            languages: encoder.languages.clone(),
            prefix: encoder.prefix.clone(),
            window_tokens: encoder.serve_tokens,
            window_overlap: encoder.overlap,
        }
    }
}

fn thresholds_file(policy_version: &str, thresholds: &Thresholds) -> ThresholdsFile {
    ThresholdsFile {
        policy_version: policy_version.to_owned(),
        review: thresholds.review,
        urgent: thresholds.urgent,
        categories: by_name(|c| thresholds.categories[c.index()]),
    }
}

pub(super) fn write_thresholds(folder: &Path, file: &ThresholdsFile) -> Result<(), Error> {
    let text = toml::to_string(file).expect("a string and numbers");
    fs_err::write(folder.join("thresholds.toml"), text)?;
    Ok(())
}

pub(super) fn write_json(path: &Path, value: &impl Serialize) -> Result<(), Error> {
    let text = serde_json::to_string_pretty(value).expect("strings and finite numbers");
    fs_err::write(path, text + "\n")?;
    Ok(())
}
