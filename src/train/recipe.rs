//! The recipe: one TOML file that says everything a model is made from.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;

use crate::data::source::Source;
use crate::domain::taxonomy::Category;
use crate::inference::candle::embedding::Embedding;
use crate::inference::candle::mixed::Precision;
use crate::inference::candle::serving::Arithmetic;
use crate::train::cascade::terms::Terms;
use crate::train::error::Error;

/// What a model is made from and how.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recipe {
    /// Name of the bundle.
    pub name: String,
    /// Names the thresholds in every answer.
    pub policy_version: String,
    /// Everything random follows from it.
    pub seed: u64,
    pub base: Base,
    pub encoder: EncoderSettings,
    pub fit: Fit,
    pub split: SplitShares,
    pub thresholds: ThresholdRules,
    pub card: CardText,
    /// Trains a first stage beside the encoder; none without it.
    #[serde(default)]
    pub cascade: Option<Terms>,
    #[serde(rename = "source")]
    pub sources: Vec<Source>,
    /// Evaluation texts: their near-duplicates are removed from the sources.
    #[serde(default, rename = "purge")]
    pub purges: Vec<Source>,
}

/// The pretrained encoder to start from: a folder in Hugging Face layout, or a hub repository.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Base {
    /// Repository on the hub, e.g. `sentence-transformers/all-MiniLM-L6-v2`.
    pub hub: String,
    /// Commit or tag there.
    pub revision: String,
    pub licence: String,
}

/// What the encoder reads.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EncoderSettings {
    /// Put before every text, in training and serving alike.
    #[serde(default)]
    pub prefix: String,
    /// Window in training, tokens; a longer text is read up to there.
    pub train_tokens: usize,
    /// Window in serving, tokens; a longer text is read in several.
    pub serve_tokens: usize,
    /// Tokens that two windows share.
    pub overlap: usize,
    /// ISO 639-3 codes of the languages the model may score.
    pub languages: Vec<String>,
    /// What the shipped encoder computes in; of training, [`Fit::precision`] says it.
    #[serde(default)]
    pub arithmetic: Arithmetic,
    /// How the shipped file holds the word table.
    #[serde(default)]
    pub embedding: Embedding,
}

/// The optimisation.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fit {
    /// Times the data is seen; may be a fraction.
    pub passes: f64,
    /// Examples a step.
    pub batch: usize,
    /// Peak learning rate of the last layer.
    pub rate: f32,
    /// Peak learning rate of the head.
    pub head_rate: f32,
    /// Factor on the rate for each layer further down.
    pub layer_decay: f32,
    /// Share of the steps over which the rate rises; it then falls linearly to 0.
    pub warmup: f64,
    pub weight_decay: f32,
    /// Largest joint norm of the gradients.
    pub clip: f32,
    /// Share of the pooled numbers dropped in training.
    pub dropout: f32,
    pub smoothing: f32,
    pub context_weight: f32,
    /// What the layers' products are computed in, forwards and backwards. The weights and what is shipped are f32.
    #[serde(default)]
    pub precision: Precision,
    /// Factor on the loss of positives, by category; 1 where not named.
    #[serde(default)]
    pub positive_weights: BTreeMap<String, f32>,
    /// Steps between checkpoints.
    pub checkpoint_every: u64,
}

/// Shares of the near-duplicate clusters.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SplitShares {
    pub fit: f64,
    pub calibration: f64,
    pub threshold: f64,
    pub development: f64,
}

/// How thresholds are chosen on the threshold part.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ThresholdRules {
    /// Largest share flagged of each source in `panels`, and of all of them together.
    pub panel_fpr: f64,
    /// Sources that must not be flagged.
    pub panels: Vec<String>,
    /// Largest share flagged of each source in `hard_panels`.
    pub hard_panel_fpr: f64,
    /// Negatives that are written like positives, such as counter-narratives.
    pub hard_panels: Vec<String>,
    /// Largest share of each source in `review_panels` that may go to review. Their categories are not looked at:
    /// ordinary posts may well be rude.
    #[serde(default)]
    pub review_panel_fpr: f64,
    /// Negatives for `extremism` whose other labels are not known to be negative.
    #[serde(default)]
    pub review_panels: Vec<String>,
    /// The review threshold is at least this, whatever the panels allow; 0..=1.
    #[serde(default)]
    pub review_floor: f32,
    /// Share of all negatives that may be urgent.
    pub urgent_fpr: f64,
}

/// What only a person can say on the card.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CardText {
    pub summary: String,
    pub intended_use: Vec<String>,
    pub not_for: Vec<String>,
    pub known_failures: Vec<String>,
}

impl Recipe {
    /// # Errors
    /// [`Error::Recipe`] when the file is missing, is not TOML, has an unknown key or a value out of range.
    pub fn open(path: &Path) -> Result<(Self, String), Error> {
        let refuse = |reason: String| Error::Recipe { path: path.to_owned(), reason };
        let text = fs_err::read_to_string(path).map_err(|e| refuse(e.to_string()))?;
        let mut recipe: Self = toml::from_str(&text).map_err(|e| refuse(e.to_string()))?;
        let folder = path.parent().unwrap_or_else(|| Path::new("."));
        let folder =
            fs_err::canonicalize(if folder.as_os_str().is_empty() { Path::new(".") } else { folder })
                .map_err(|e| refuse(e.to_string()))?;
        recipe.sources.iter_mut().chain(&mut recipe.purges).for_each(|s| s.resolve(&folder));
        recipe.check().map_err(refuse)?;
        Ok((recipe, text))
    }

    fn check(&self) -> Result<(), String> {
        let fit = &self.fit;
        let problems = [
            (fit.batch == 0, "fit.batch must be at least 1"),
            (fit.passes <= 0.0, "fit.passes must be above 0"),
            (!(0.0..1.0).contains(&fit.dropout), "fit.dropout must be from 0 to below 1"),
            (!(0.0..0.5).contains(&fit.smoothing), "fit.smoothing must be from 0 to below 0.5"),
            (!(0.0..=1.0).contains(&fit.warmup), "fit.warmup must be from 0 to 1"),
            (
                !(0.0..=1.0).contains(&self.thresholds.review_floor),
                "thresholds.review_floor must be from 0 to 1",
            ),
            (fit.checkpoint_every == 0, "fit.checkpoint_every must be at least 1"),
            (self.sources.is_empty(), "at least one [[source]] is needed"),
        ];
        if let Some((_, problem)) = problems.iter().find(|(bad, _)| *bad) {
            return Err((*problem).to_owned());
        }
        self.positive_weights().map(|_| ())?;
        self.cascade.as_ref().map_or(Ok(()), Terms::check)?;
        let known = |name: &String| self.sources.iter().any(|s| s.name == *name);
        let rules = &self.thresholds;
        let listed = rules.panels.iter().chain(&rules.hard_panels).chain(&rules.review_panels);
        match listed.into_iter().find(|name| !known(name)) {
            Some(name) => Err(format!("thresholds name the panel `{name}`, which is no source")),
            None => Ok(()),
        }
    }

    /// By category, in the order of [`Category::ALL`].
    ///
    /// # Errors
    /// When a name is no category.
    pub fn positive_weights(&self) -> Result<[f32; Category::COUNT], String> {
        let mut weights = [1.0; Category::COUNT];
        for (name, weight) in &self.fit.positive_weights {
            let category: Category = name.parse().map_err(|e| format!("fit.positive_weights: {e}"))?;
            weights[category.index()] = *weight;
        }
        Ok(weights)
    }
}
