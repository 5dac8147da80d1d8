//! A BERT-shaped encoder (Devlin et al. 2019) with mean pooling and one linear head.
//!
//! The forward pass returns a tape beside its result. Serving drops it; training reads it backwards.

use candle_core::{Device, Result, Tensor, bail};
use serde::Deserialize;

use super::mixed::Precision;
use super::norm::{self, Norm};
use super::packed::{Packed, add_bias};
use super::{Floats, attention, gelu};

/// The fields of a Hugging Face `config.json` that shape the arithmetic.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct EncoderConfig {
    pub vocab_size: usize,
    pub hidden_size: usize,
    pub num_hidden_layers: usize,
    pub num_attention_heads: usize,
    pub intermediate_size: usize,
    pub hidden_act: String,
    pub max_position_embeddings: usize,
    pub type_vocab_size: usize,
    pub layer_norm_eps: f32,
}

impl EncoderConfig {
    /// # Errors
    /// When the shape is one this encoder does not compute.
    pub fn check(&self) -> std::result::Result<(), String> {
        if self.hidden_act != "gelu" {
            return Err(format!("hidden_act is `{}`, only `gelu` is computed", self.hidden_act));
        }
        if self.num_attention_heads == 0 || !self.hidden_size.is_multiple_of(self.num_attention_heads) {
            return Err(format!(
                "hidden_size {} is not a multiple of num_attention_heads {}",
                self.hidden_size, self.num_attention_heads
            ));
        }
        Ok(())
    }
}

/// y = x·Wᵀ + b, `weight` is `[out, in]`.
#[derive(Debug, Clone)]
pub struct Linear {
    pub weight: Tensor,
    pub bias: Tensor,
    /// F32 but in training, where the recipe chooses.
    pub precision: Precision,
}

impl Linear {
    /// In f32.
    #[must_use]
    pub const fn new(weight: Tensor, bias: Tensor) -> Self {
        Self { weight, bias, precision: Precision::F32 }
    }

    /// `[rows, in]` → `[rows, out]`.
    ///
    /// # Errors
    /// When the shapes do not fit.
    pub fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let product = self.precision.forward(x, &self.weight)?;
        product.inplace_op1(&AddBias(&self.bias))?;
        Ok(product)
    }
}

struct AddBias<'a>(&'a Tensor);

impl candle_core::InplaceOp1 for AddBias<'_> {
    fn name(&self) -> &'static str {
        "add-bias"
    }

    fn cpu_fwd(&self, storage: &mut candle_core::CpuStorage, _: &candle_core::Layout) -> Result<()> {
        let candle_core::CpuStorage::F32(values) = storage else { bail!("add-bias works on f32 only") };
        add_bias(values, &Floats::of(self.0)?);
        Ok(())
    }
}

/// One transformer layer.
#[derive(Debug, Clone)]
pub struct Layer {
    /// Query, key and value in one product, `[3 · hidden, hidden]`.
    pub qkv: Linear,
    pub out: Linear,
    pub attention_norm: Norm,
    pub up: Linear,
    pub down: Linear,
    pub output_norm: Norm,
}

/// What the gradient of a layer needs; all `[tokens, …]`.
#[derive(Debug)]
pub struct LayerTape {
    pub input: Tensor,
    pub qkv: Tensor,
    pub context: Tensor,
    pub attention_norm: norm::Tape,
    pub middle: Tensor,
    pub up: Tensor,
    pub activated: Tensor,
    pub output_norm: norm::Tape,
}

impl Layer {
    /// `[tokens, hidden]` → the same.
    ///
    /// # Errors
    /// When the shapes do not fit.
    pub fn forward(&self, input: Tensor, packed: &Packed, heads: usize) -> Result<(Tensor, LayerTape)> {
        let qkv = self.qkv.forward(&input)?;
        let context = attention::forward(&qkv, packed, heads)?;
        let (middle, attention_norm) = self.attention_norm.forward(&self.out.forward(&context)?, &input)?;
        let up = self.up.forward(&middle)?;
        let activated = gelu::forward(&up)?;
        let (output, output_norm) = self.output_norm.forward(&self.down.forward(&activated)?, &middle)?;
        Ok((output, LayerTape { input, qkv, context, attention_norm, middle, up, activated, output_norm }))
    }
}

/// Embeddings and layers.
#[derive(Debug, Clone)]
pub struct Encoder {
    pub config: EncoderConfig,
    pub word: Tensor,
    pub position: Tensor,
    pub token_type: Tensor,
    pub norm: Norm,
    pub layers: Vec<Layer>,
}

/// The encoder and its head.
#[derive(Debug, Clone)]
pub struct Network {
    pub encoder: Encoder,
    /// `[categories + contexts, hidden]`.
    pub head: Linear,
}

/// What the gradient of the whole network needs.
#[derive(Debug)]
pub struct Tape {
    pub embedding_norm: norm::Tape,
    pub layers: Vec<LayerTape>,
}

impl Encoder {
    /// Token states `[tokens, hidden]` after the last layer.
    ///
    /// # Errors
    /// When a token id or a position is outside the embedding tables.
    pub fn forward(&self, packed: &Packed) -> Result<(Tensor, Tape)> {
        let (words, places) = self.embed(packed)?;
        let (mut x, embedding_norm) = self.norm.forward(&words, &places)?;
        let mut layers = Vec::with_capacity(self.layers.len());
        for layer in &self.layers {
            let (output, tape) = layer.forward(x, packed, self.config.num_attention_heads)?;
            x = output;
            layers.push(tape);
        }
        Ok((x, Tape { embedding_norm, layers }))
    }

    /// Word embeddings, and position plus token-type embeddings, `[tokens, hidden]` each.
    fn embed(&self, packed: &Packed) -> Result<(Tensor, Tensor)> {
        let hidden = self.config.hidden_size;
        let (word, position) = (Floats::of(&self.word)?, Floats::of(&self.position)?);
        let token_type = Floats::of(&self.token_type)?;
        let mut words = Vec::with_capacity(packed.ids().len() * hidden);
        let mut places = Vec::with_capacity(packed.ids().len() * hidden);
        for (&id, at) in packed.ids().iter().zip(packed.positions()) {
            let id = id as usize;
            if id >= self.config.vocab_size {
                bail!("token id {id} is outside the vocabulary of {}", self.config.vocab_size);
            }
            if at >= self.config.max_position_embeddings {
                bail!("a text has more than {} tokens", self.config.max_position_embeddings);
            }
            words.extend_from_slice(&word[id * hidden..(id + 1) * hidden]);
            let row = &position[at * hidden..(at + 1) * hidden];
            places.extend(row.iter().zip(&token_type[..hidden]).map(|(p, t)| p + t));
        }
        let shape = (packed.ids().len(), hidden);
        Ok((Tensor::from_vec(words, shape, &Device::Cpu)?, Tensor::from_vec(places, shape, &Device::Cpu)?))
    }
}

impl Network {
    /// The same network, its layers' products computed in `precision`. The head's few stay in f32.
    #[must_use]
    pub fn with_precision(mut self, precision: Precision) -> Self {
        for layer in &mut self.encoder.layers {
            for linear in [&mut layer.qkv, &mut layer.out, &mut layer.up, &mut layer.down] {
                linear.precision = precision;
            }
        }
        self
    }

    /// Logits `[texts, categories + contexts]`.
    ///
    /// # Errors
    /// As [`Encoder::forward`].
    pub fn logits(&self, packed: &Packed) -> Result<Tensor> {
        let (states, _) = self.encoder.forward(packed)?;
        self.head.forward(&packed.mean(&states)?)
    }
}
