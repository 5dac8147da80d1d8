//! A whole run: recipe in, bundle out.

use std::path::{Path, PathBuf};

use super::base::{self, BaseFiles};
use super::cascade;
use super::checkpoint::Checkpoints;
use super::corpus::{Corpus, Parted};
use super::finish::Finished;
use super::fit::Run;
use super::loss::LossWeights;
use super::recipe::Recipe;
use crate::inference::candle::encoder::{EncoderConfig, Network};
use crate::inference::candle::tensor_file::TensorFile;
use crate::inference::candle::weights;
use crate::inference::encode::{TextEncoder, WindowShape};
use crate::train::error::Error;

/// Where a run reads and writes.
#[derive(Debug, Clone)]
pub struct Places {
    /// The recipe.
    pub recipe: PathBuf,
    /// Folder that the sources' paths are below.
    pub data: PathBuf,
    /// Folder with the base model; the hub when absent.
    pub base: Option<PathBuf>,
    /// Folder for checkpoints; going on with a run means giving it again.
    pub work: PathBuf,
    /// The bundle folder to write.
    pub out: PathBuf,
}

/// What a run says while it goes.
pub trait Watcher {
    /// A new stage began.
    fn stage(&mut self, name: &str);
    /// A step was done.
    fn step(&mut self, done: u64, all: u64, loss: f32);
    /// The encoder has read so many texts of so many.
    fn read(&mut self, done: u64, all: u64);
}

/// Trains, calibrates and writes the bundle.
///
/// # Errors
/// See [`Error`]; what was done before stays in `places.work` and is gone on with next time.
pub fn run(places: &Places, watcher: &mut dyn Watcher) -> Result<(), Error> {
    let (recipe, text) = Recipe::open(&places.recipe)?;
    let base = base::open(&recipe.base, places.base.as_deref())?;
    watcher.stage("reading data");
    let shape = WindowShape { max_tokens: recipe.encoder.train_tokens, overlap: recipe.encoder.overlap };
    let encoder = TextEncoder::open(&base.tokenizer, &recipe.encoder.prefix, shape)?;
    let corpus = Corpus::load(&recipe, &places.data, &encoder)?;
    watcher.stage(&summary(&recipe, &corpus));
    let network = open_network(&base)?.with_precision(recipe.fit.precision);
    let checkpoints = Checkpoints::open(&places.work)?;
    let fit = Run {
        network: &network,
        examples: &corpus.fit,
        fit: &recipe.fit,
        weights: loss_weights(&recipe)?,
        seed: recipe.seed,
        base: &base.digest,
    };
    let log = fit.train(&checkpoints, &mut |done, all, loss| watcher.step(done, all, loss))?;
    watcher.stage("calibrating");
    let finished = Finished { recipe: &recipe, text: &text, base: &base, corpus: &corpus, network, log };
    let development = finished.write(&places.out, &mut |folder| match &recipe.cascade {
        None => Ok(()),
        Some(terms) => {
            watcher.stage("reading data");
            let parted = Parted::read(&recipe, &places.data)?;
            cascade::add(folder, &parted, (terms, recipe.seed), watcher).map(|_| ())
        }
    })?;
    watcher.stage(&development);
    Ok(())
}

fn loss_weights(recipe: &Recipe) -> Result<LossWeights, Error> {
    let positive = recipe
        .positive_weights()
        .map_err(|reason| Error::Recipe { path: PathBuf::from(&recipe.name), reason })?;
    Ok(LossWeights { positive, context: recipe.fit.context_weight, smoothing: recipe.fit.smoothing })
}

fn open_network(base: &BaseFiles) -> Result<Network, Error> {
    let config = read_config(&base.config)?;
    Ok(weights::network(&config, &TensorFile::open(&base.weights)?)?)
}

fn read_config(path: &Path) -> Result<EncoderConfig, Error> {
    let refuse = |reason: String| Error::Base(format!("{}: {reason}", path.display()));
    let config: EncoderConfig =
        serde_json::from_str(&fs_err::read_to_string(path)?).map_err(|e| refuse(e.to_string()))?;
    config.check().map_err(refuse)?;
    Ok(config)
}

fn summary(recipe: &Recipe, corpus: &Corpus) -> String {
    use std::fmt::Write as _;
    let mut out = format!(
        "{} to fit, {} to calibrate, {} for thresholds, {} for development\n",
        corpus.fit.len(),
        corpus.calibration.len(),
        corpus.threshold.len(),
        corpus.development.len()
    );
    let _ = writeln!(out, "{:28} {:>7} {:>7}  positives by category", "source", "kept", "purged");
    for (source, count) in recipe.sources.iter().zip(&corpus.counts) {
        let _ =
            writeln!(out, "{:28} {:>7} {:>7}  {:?}", source.name, count.kept, count.purged, count.positives);
    }
    out
}
