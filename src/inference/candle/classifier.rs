//! The transformer as a [`Classifier`].

use std::path::Path;

use super::encoder::EncoderConfig;
use super::packed::Packed;
use super::serving::{Arithmetic, ServingEncoder};
use super::tensor_file::TensorFile;
use super::weights::HEAD_ROWS;
use crate::domain::taxonomy::{Category, Context};
use crate::inference::classifier::{Classifier, Encoding, Logits};
use crate::inference::error::Error;

/// A fine-tuned encoder on the CPU.
#[derive(Debug)]
pub struct CandleClassifier {
    encoder: ServingEncoder,
}

impl CandleClassifier {
    /// Reads `model.safetensors` and lays it out for `arithmetic`, or for f32 where this CPU has no exact 8-bit
    /// product.
    ///
    /// # Errors
    /// [`Error::Bundle`] when the file is damaged, a tensor is missing or does not fit `config`.
    pub fn open(config: &EncoderConfig, path: &Path, arithmetic: Arithmetic) -> Result<Self, Error> {
        let bundle = |reason: String| Error::Bundle { path: path.to_owned(), reason };
        config.check().map_err(bundle)?;
        let encoder = TensorFile::open(path)
            .and_then(|file| ServingEncoder::new(config, &file, arithmetic))
            .map_err(|e| bundle(e.to_string()))?;
        Ok(Self { encoder })
    }

    /// What its products are computed in.
    #[must_use]
    pub fn arithmetic(&self) -> Arithmetic {
        self.encoder.arithmetic()
    }

    fn logits(&mut self, batch: &[Encoding]) -> candle_core::Result<Vec<Logits>> {
        let packed = Packed::new(batch.iter().map(|e| e.ids.as_slice()))?;
        Ok(self.encoder.logits(&packed)?.chunks_exact(HEAD_ROWS).map(row_to_logits).collect())
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
