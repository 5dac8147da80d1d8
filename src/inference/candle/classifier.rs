//! The transformer as a [`Classifier`].

use std::path::Path;

use candle_core::Device;

use super::Floats;
use super::encoder::{EncoderConfig, Network};
use super::packed::Packed;
use super::weights::{self, HEAD_ROWS};
use crate::domain::taxonomy::{Category, Context};
use crate::inference::classifier::{Classifier, Encoding, Logits};
use crate::inference::error::Error;

/// A fine-tuned encoder on the CPU.
#[derive(Debug)]
pub struct CandleClassifier {
    network: Network,
}

impl CandleClassifier {
    /// Reads `model.safetensors`.
    ///
    /// # Errors
    /// [`Error::Bundle`] when the file is damaged, a tensor is missing or does not fit `config`.
    pub fn open(config: &EncoderConfig, path: &Path) -> Result<Self, Error> {
        let bundle = |reason: String| Error::Bundle { path: path.to_owned(), reason };
        config.check().map_err(bundle)?;
        let named = candle_core::safetensors::load(path, &Device::Cpu).map_err(|e| bundle(e.to_string()))?;
        let network = weights::network(config, &named).map_err(|e| bundle(e.to_string()))?;
        Ok(Self { network })
    }

    fn logits(&self, batch: &[Encoding]) -> candle_core::Result<Vec<Logits>> {
        let packed = Packed::new(batch.iter().map(|e| e.ids.as_slice()))?;
        let logits = self.network.logits(&packed)?;
        Ok(Floats::of(&logits)?.chunks_exact(HEAD_ROWS).map(row_to_logits).collect())
    }
}

fn row_to_logits(row: &[f32]) -> Logits {
    let (mut categories, mut context) = ([0.0; Category::COUNT], [0.0; Context::COUNT]);
    categories.copy_from_slice(&row[..Category::COUNT]);
    context.copy_from_slice(&row[Category::COUNT..]);
    Logits { categories, context }
}

impl Classifier for CandleClassifier {
    fn classify(&mut self, batch: &[Encoding]) -> Result<Vec<Logits>, Error> {
        self.logits(batch).map_err(|e| Error::Model(e.to_string()))
    }
}
