//! Reading and writing the network's weights under the names the Hugging Face BERT layout uses, so that any
//! other implementation can load what we train.

use std::collections::HashMap;

use candle_core::{DType, Device, Result, Tensor, bail};

use super::embedding::{self, ByteRows};
use super::encoder::{Encoder, EncoderConfig, Layer, Linear, Network};
use super::norm::Norm;
use crate::domain::taxonomy::{Category, Context};

/// Rows of the head: one for each category, then one for each context.
pub const HEAD_ROWS: usize = Category::COUNT + Context::COUNT;

/// Tensors by name, as a safetensors file holds them.
pub type Named = HashMap<String, Tensor>;

/// Where tensors come from: a map of them, or a file whose tensors are read one at a time.
pub trait Tensors {
    /// The tensor of that name in the type it is kept in.
    ///
    /// # Errors
    /// When it is there and cannot be read.
    fn find(&self, name: &str) -> Result<Option<Tensor>>;
}

impl Tensors for Named {
    fn find(&self, name: &str) -> Result<Option<Tensor>> {
        Ok(self.get(name).cloned())
    }
}

/// Builds the encoder and, when `classifier.weight` is there, its head; otherwise a head of zeros, which is
/// where fine-tuning starts from.
///
/// # Errors
/// When a tensor is missing or its shape is not what `config` says; the message names it.
pub fn network(config: &EncoderConfig, named: &impl Tensors) -> Result<Network> {
    Ok(Network { encoder: encoder(config, named)?, head: head(config, named)? })
}

/// The head, or zeros when the file has none.
pub(super) fn head(config: &EncoderConfig, named: &impl Tensors) -> Result<Linear> {
    let hidden = config.hidden_size;
    if find(named, "classifier.weight")?.is_some() {
        linear(named, "classifier", HEAD_ROWS, hidden)
    } else {
        let zeros = |shape: &[usize]| Tensor::zeros(shape, DType::F32, &Device::Cpu);
        Ok(Linear::new(zeros(&[HEAD_ROWS, hidden])?, zeros(&[HEAD_ROWS])?))
    }
}

/// An embedding table in the precision of the file.
pub(super) fn table(named: &impl Tensors, name: &str, shape: &[usize]) -> Result<Tensor> {
    shaped(named, &format!("embeddings.{name}.weight"), shape)?.force_contiguous()
}

/// The word table as the file holds it.
pub(super) enum Words {
    /// In f16 or f32.
    Plain(Tensor),
    Bytes(ByteRows),
}

/// The word table, in 8 bits or plain.
pub(super) fn words(config: &EncoderConfig, named: &impl Tensors) -> Result<Words> {
    let shape = [config.vocab_size, config.hidden_size];
    let Some(codes) = find(named, embedding::CODES)? else {
        return table(named, "word_embeddings", &shape).map(Words::Plain);
    };
    check_shape(&codes, embedding::CODES, &shape)?;
    let scales = shaped(named, embedding::SCALES, &shape[..1])?;
    ByteRows::new(&codes, &scales).map(Words::Bytes)
}

/// The network's weights by name; query, key and value apart again.
///
/// # Errors
/// When candle cannot split a tensor.
pub fn named(network: &Network) -> Result<Named> {
    let mut out = Named::new();
    let encoder = &network.encoder;
    let mut put = |name: String, tensor: &Tensor| out.insert(name, tensor.clone());
    put("embeddings.word_embeddings.weight".into(), &encoder.word);
    put("embeddings.position_embeddings.weight".into(), &encoder.position);
    put("embeddings.token_type_embeddings.weight".into(), &encoder.token_type);
    put("embeddings.LayerNorm.weight".into(), &encoder.norm.gamma);
    put("embeddings.LayerNorm.bias".into(), &encoder.norm.beta);
    for (i, layer) in encoder.layers.iter().enumerate() {
        let at = format!("encoder.layer.{i}");
        let hidden = encoder.config.hidden_size;
        for (part, name) in ["query", "key", "value"].into_iter().enumerate() {
            let cut = |t: &Tensor| t.narrow(0, part * hidden, hidden)?.contiguous();
            put(format!("{at}.attention.self.{name}.weight"), &cut(&layer.qkv.weight)?);
            put(format!("{at}.attention.self.{name}.bias"), &cut(&layer.qkv.bias)?);
        }
        for (name, linear) in
            [("attention.output", &layer.out), ("intermediate", &layer.up), ("output", &layer.down)]
        {
            put(format!("{at}.{name}.dense.weight"), &linear.weight);
            put(format!("{at}.{name}.dense.bias"), &linear.bias);
        }
        for (name, norm) in [("attention.output", &layer.attention_norm), ("output", &layer.output_norm)] {
            put(format!("{at}.{name}.LayerNorm.weight"), &norm.gamma);
            put(format!("{at}.{name}.LayerNorm.bias"), &norm.beta);
        }
    }
    put("classifier.weight".into(), &network.head.weight);
    put("classifier.bias".into(), &network.head.bias);
    Ok(out)
}

fn encoder(config: &EncoderConfig, named: &impl Tensors) -> Result<Encoder> {
    let hidden = config.hidden_size;
    let table = |name: &str, rows| tensor(named, &format!("embeddings.{name}.weight"), &[rows, hidden]);
    Ok(Encoder {
        word: match words(config, named)? {
            Words::Plain(table) => table.to_dtype(DType::F32)?.copy()?,
            Words::Bytes(rows) => rows.widen(hidden)?,
        },
        position: table("position_embeddings", config.max_position_embeddings)?,
        token_type: table("token_type_embeddings", config.type_vocab_size)?,
        norm: norm(named, "embeddings", config)?,
        layers: (0..config.num_hidden_layers).map(|i| layer(config, named, i)).collect::<Result<_>>()?,
        config: config.clone(),
    })
}

/// Layer `i`.
pub(super) fn layer(config: &EncoderConfig, named: &impl Tensors, i: usize) -> Result<Layer> {
    let (hidden, inner) = (config.hidden_size, config.intermediate_size);
    let at = format!("encoder.layer.{i}");
    let part = |name: &str| linear(named, &format!("{at}.attention.self.{name}"), hidden, hidden);
    let (query, key, value) = (part("query")?, part("key")?, part("value")?);
    Ok(Layer {
        qkv: Linear::new(
            Tensor::cat(&[&query.weight, &key.weight, &value.weight], 0)?,
            Tensor::cat(&[&query.bias, &key.bias, &value.bias], 0)?,
        ),
        out: linear(named, &format!("{at}.attention.output.dense"), hidden, hidden)?,
        attention_norm: norm(named, &format!("{at}.attention.output"), config)?,
        up: linear(named, &format!("{at}.intermediate.dense"), inner, hidden)?,
        down: linear(named, &format!("{at}.output.dense"), hidden, inner)?,
        output_norm: norm(named, &format!("{at}.output"), config)?,
    })
}

fn linear(named: &impl Tensors, name: &str, rows: usize, columns: usize) -> Result<Linear> {
    Ok(Linear::new(
        tensor(named, &format!("{name}.weight"), &[rows, columns])?,
        tensor(named, &format!("{name}.bias"), &[rows])?,
    ))
}

/// The normalisation below `name`.
pub(super) fn norm(named: &impl Tensors, name: &str, config: &EncoderConfig) -> Result<Norm> {
    let read = |part: &str| tensor(named, &format!("{name}.LayerNorm.{part}"), &[config.hidden_size]);
    Ok(Norm { gamma: read("weight")?, beta: read("bias")?, epsilon: config.layer_norm_eps })
}

/// A private f32 copy: training changes it in place.
fn tensor(named: &impl Tensors, name: &str, shape: &[usize]) -> Result<Tensor> {
    shaped(named, name, shape)?.to_dtype(DType::F32)?.force_contiguous()?.copy()
}

fn shaped(named: &impl Tensors, name: &str, shape: &[usize]) -> Result<Tensor> {
    let Some(found) = find(named, name)? else {
        bail!("tensor `{name}` is missing");
    };
    check_shape(&found, name, shape)?;
    Ok(found)
}

fn check_shape(found: &Tensor, name: &str, shape: &[usize]) -> Result<()> {
    if found.dims() != shape {
        bail!("tensor `{name}` has shape {:?}, config.json says {shape:?}", found.dims());
    }
    Ok(())
}

/// By its name, or by that below `bert.`, as some files have it.
fn find(named: &impl Tensors, name: &str) -> Result<Option<Tensor>> {
    match named.find(name)? {
        Some(found) => Ok(Some(found)),
        None => named.find(&format!("bert.{name}")),
    }
}
