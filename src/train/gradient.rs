//! The network read backwards: from the gradient of the logits to the gradient of every parameter.
//!
//! Written out instead of taken from candle's tape, because the fused forward ops have no gradient there and
//! the tape would copy every activation twice. `gradients_agree_with_differences` below keeps it honest.

#![expect(
    clippy::cast_possible_truncation,
    reason = "a place in a text is below the 512 positions of the encoder"
)]

use std::collections::BTreeMap;

use candle_core::{Result, Tensor};

use crate::inference::candle::encoder::{Encoder, Layer, LayerTape, Linear, Network, Tape};
use crate::inference::candle::packed::{Packed, column_sums};
use crate::inference::candle::{Floats, attention, gelu, norm};

/// The gradient of one parameter.
#[derive(Debug, Clone)]
pub enum Gradient {
    /// Every number of it.
    Dense(Vec<f32>),
    /// Some rows of a table; the others are zero. Row numbers ascend.
    Rows { rows: Vec<u32>, values: Vec<f32> },
}

impl Gradient {
    /// The numbers that are there.
    #[must_use]
    pub fn values(&self) -> &[f32] {
        match self {
            Self::Dense(values) | Self::Rows { values, .. } => values,
        }
    }
}

/// Parameters of one layer, in the order of [`parameters`].
pub const LAYER_PARAMETERS: usize = 12;
/// Parameters before the first layer.
pub const EMBEDDING_PARAMETERS: usize = 5;

/// A parameter: a tensor that shares its storage with the network's, so changing it in place trains.
#[derive(Debug, Clone)]
pub struct Parameter {
    pub name: String,
    pub tensor: Tensor,
    /// 0 for the embeddings, 1… for the layers, one more for the head.
    pub depth: usize,
    /// Whether weight decay applies: to matrices and tables, not to biases and norms.
    pub decays: bool,
}

/// All parameters of the network, in the order in which [`backward`] gives gradients.
#[must_use]
pub fn parameters(network: &Network) -> Vec<Parameter> {
    let encoder = &network.encoder;
    let mut out = Vec::new();
    let mut put = |name: String, tensor: &Tensor, depth: usize| {
        out.push(Parameter { name, tensor: tensor.clone(), depth, decays: tensor.rank() > 1 });
    };
    put("word".into(), &encoder.word, 0);
    put("position".into(), &encoder.position, 0);
    put("token_type".into(), &encoder.token_type, 0);
    put("norm.gamma".into(), &encoder.norm.gamma, 0);
    put("norm.beta".into(), &encoder.norm.beta, 0);
    for (i, layer) in encoder.layers.iter().enumerate() {
        let mut layer_put = |name: &str, tensor: &Tensor| put(format!("layer.{i}.{name}"), tensor, i + 1);
        for (name, linear) in [("qkv", &layer.qkv), ("out", &layer.out)] {
            layer_put(&format!("{name}.weight"), &linear.weight);
            layer_put(&format!("{name}.bias"), &linear.bias);
        }
        layer_put("attention_norm.gamma", &layer.attention_norm.gamma);
        layer_put("attention_norm.beta", &layer.attention_norm.beta);
        for (name, linear) in [("up", &layer.up), ("down", &layer.down)] {
            layer_put(&format!("{name}.weight"), &linear.weight);
            layer_put(&format!("{name}.bias"), &linear.bias);
        }
        layer_put("output_norm.gamma", &layer.output_norm.gamma);
        layer_put("output_norm.beta", &layer.output_norm.beta);
    }
    let top = encoder.layers.len() + 1;
    put("head.weight".into(), &network.head.weight, top);
    put("head.bias".into(), &network.head.bias, top);
    out
}

/// Gradients of every parameter.
///
/// `pooled` is `[texts, hidden]` as given to the head, `keep` its dropout factors of the same shape (all ones
/// without dropout), `d_logits` `[texts, categories + contexts]`.
///
/// # Errors
/// When the shapes do not fit.
pub fn backward(
    network: &Network,
    packed: &Packed,
    tape: Tape,
    (pooled, keep): (&Tensor, &Tensor),
    d_logits: &Tensor,
) -> Result<Vec<Gradient>> {
    let (d_pooled, head_weight, head_bias) = linear_backward(&network.head, pooled, d_logits)?;
    let mut dx = packed.mean_backward(&d_pooled.mul(keep)?)?;
    let mut layers = Vec::with_capacity(network.encoder.layers.len());
    for (layer, tape) in network.encoder.layers.iter().zip(tape.layers).rev() {
        let (d_input, gradients) =
            layer_backward(layer, tape, &dx, packed, network.encoder.config.num_attention_heads)?;
        dx = d_input;
        layers.push(gradients);
    }
    let mut out = embedding_backward(&network.encoder, &tape.embedding_norm, packed, &dx)?;
    out.extend(layers.into_iter().rev().flatten());
    out.extend([head_weight, head_bias]);
    Ok(out)
}

fn layer_backward(
    layer: &Layer,
    tape: LayerTape,
    grad: &Tensor,
    packed: &Packed,
    heads: usize,
) -> Result<(Tensor, Vec<Gradient>)> {
    let output = layer.output_norm.backward(&tape.output_norm, grad)?;
    let (d_activated, down_w, down_b) = linear_backward(&layer.down, &tape.activated, &output.input)?;
    drop(tape.activated);
    let d_up = gelu::backward(&tape.up, &d_activated)?;
    let (d_middle, up_w, up_b) = linear_backward(&layer.up, &tape.middle, &d_up)?;
    let middle = layer.attention_norm.backward(&tape.attention_norm, &d_middle.add(&output.input)?)?;
    let (d_context, out_w, out_b) = linear_backward(&layer.out, &tape.context, &middle.input)?;
    let d_qkv = attention::backward(&tape.qkv, &d_context, packed, heads)?;
    let (d_input, qkv_w, qkv_b) = linear_backward(&layer.qkv, &tape.input, &d_qkv)?;
    let [attention_gamma, attention_beta] = scales(&middle);
    let [output_gamma, output_beta] = scales(&output);
    let gradients = vec![
        qkv_w,
        qkv_b,
        out_w,
        out_b,
        attention_gamma,
        attention_beta,
        up_w,
        up_b,
        down_w,
        down_b,
        output_gamma,
        output_beta,
    ];
    Ok((d_input.add(&middle.input)?, gradients))
}

fn scales(grads: &norm::Grads) -> [Gradient; 2] {
    [Gradient::Dense(grads.gamma.clone()), Gradient::Dense(grads.beta.clone())]
}

/// For y = x·Wᵀ + b: dx = dy·W, dW = dyᵀ·x, db = Σ dy.
fn linear_backward(linear: &Linear, x: &Tensor, grad: &Tensor) -> Result<(Tensor, Gradient, Gradient)> {
    let weight = linear.precision.weight_gradient(grad, x)?;
    let weight = Gradient::Dense(Floats::of(&weight)?.to_vec());
    Ok((linear.precision.input_gradient(grad, &linear.weight)?, weight, Gradient::Dense(column_sums(grad)?)))
}

fn embedding_backward(
    encoder: &Encoder,
    tape: &norm::Tape,
    packed: &Packed,
    grad: &Tensor,
) -> Result<Vec<Gradient>> {
    let hidden = encoder.config.hidden_size;
    let norm = encoder.norm.backward(tape, grad)?;
    let dx = Floats::of(&norm.input)?;
    let word = row_sums(packed.ids().iter().copied(), &dx, hidden);
    let places = packed.rows().flat_map(|rows| 0..rows.len()).map(|p| p as u32);
    let position = row_sums(places, &dx, hidden);
    let token_type = Gradient::Rows { rows: vec![0], values: column_sums(&norm.input)? };
    let [gamma, beta] = scales(&norm);
    Ok(vec![word, position, token_type, gamma, beta])
}

/// Adds up the rows of `dx` that came from the same row of a table.
fn row_sums(rows: impl Iterator<Item = u32>, dx: &[f32], width: usize) -> Gradient {
    let mut sums: BTreeMap<u32, Vec<f32>> = BTreeMap::new();
    for (row, from) in rows.zip(dx.chunks_exact(width)) {
        let sum = sums.entry(row).or_insert_with(|| vec![0.0; width]);
        sum.iter_mut().zip(from).for_each(|(s, x)| *s += x);
    }
    Gradient::Rows { rows: sums.keys().copied().collect(), values: sums.into_values().flatten().collect() }
}
