//! Multi-head self-attention (Vaswani et al. 2017) within each text of a packed batch, and its gradient.

#![expect(
    clippy::inline_always,
    reason = "`vectorised!` compiles a kernel once for each vector unit, and what it calls only if that is inlined"
)]

use candle_core::{Device, Result, Tensor};
use rayon::prelude::*;

use super::Floats;
use super::math::{add_scaled, exp, vectorised};
use super::packed::Packed;

/// Queries, keys and values of one head of one text, copied out of the packed matrix.
struct Head {
    size: usize,
    tokens: usize,
    query: Vec<f32>,
    key: Vec<f32>,
    /// Keys transposed, `[size, tokens]`: scores of one query are then sums of rows.
    key_t: Vec<f32>,
    value: Vec<f32>,
}

impl Head {
    /// `qkv` is `[tokens, 3 · hidden]`: queries, keys, values side by side. Queries come out scaled by 1/√size.
    #[inline(always)]
    fn gather(qkv: &[f32], head: usize, size: usize, hidden: usize) -> Self {
        let tokens = qkv.len() / (3 * hidden);
        let scale = 1.0 / (size as f32).sqrt();
        let empty = || Vec::with_capacity(tokens * size);
        let (mut query, mut key, mut value) = (empty(), empty(), empty());
        for row in qkv.chunks_exact(3 * hidden) {
            let at = head * size;
            query.extend(row[at..at + size].iter().map(|x| x * scale));
            key.extend_from_slice(&row[hidden + at..hidden + at + size]);
            value.extend_from_slice(&row[2 * hidden + at..2 * hidden + at + size]);
        }
        let key_t = transposed(&key, size);
        Self { size, tokens, query, key, key_t, value }
    }

    #[inline(always)]
    fn row(&self, i: usize) -> std::ops::Range<usize> {
        i * self.size..(i + 1) * self.size
    }

    /// softmax(query i · keys) into `weights` `[tokens]`.
    #[inline(always)]
    fn weights(&self, i: usize, weights: &mut [f32]) {
        weights.fill(0.0);
        for (q, keys) in self.query[self.row(i)].iter().zip(self.key_t.chunks_exact(self.tokens)) {
            add_scaled(weights, *q, keys);
        }
        let largest = weights.iter().fold(f32::NEG_INFINITY, |m, w| if *w > m { *w } else { m });
        let mut sum = 0.0;
        for w in weights.iter_mut() {
            *w = exp(*w - largest);
        }
        for w in weights.iter() {
            sum += w;
        }
        let rate = 1.0 / sum;
        for w in weights.iter_mut() {
            *w *= rate;
        }
    }
}

#[inline(always)]
fn transposed(rows: &[f32], width: usize) -> Vec<f32> {
    let n = rows.len() / width;
    let mut out = vec![0.0; rows.len()];
    for (i, row) in rows.chunks_exact(width).enumerate() {
        for (j, x) in row.iter().enumerate() {
            out[j * n + i] = *x;
        }
    }
    out
}

/// `qkv` `[tokens, 3 · hidden]` → context `[tokens, hidden]`.
///
/// # Errors
/// When `qkv` is not a contiguous f32 matrix.
pub fn forward(qkv: &Tensor, packed: &Packed, heads: usize) -> Result<Tensor> {
    let (rows, width) = qkv.dims2()?;
    let hidden = width / 3;
    let size = hidden / heads;
    let from = Floats::of(qkv)?;
    let mut out = vec![0.0_f32; rows * hidden];
    let texts: Vec<_> = packed.split_mut(&mut out, hidden).into_iter().zip(packed.rows()).collect();
    texts.into_par_iter().for_each(|(out, rows)| {
        let qkv = &from[rows.start * width..rows.end * width];
        forward_text(qkv, out, heads, size);
    });
    Tensor::from_vec(out, (rows, hidden), &Device::Cpu)
}

vectorised! {
    fn forward_text<'a>(qkv: &'a [f32], out: &'a mut [f32], heads: usize, size: usize) {
        let hidden = heads * size;
        let mut weights = vec![0.0; qkv.len() / (3 * hidden)];
        for head in 0..heads {
            let h = Head::gather(qkv, head, size, hidden);
            for i in 0..h.tokens {
                h.weights(i, &mut weights);
                let o = &mut out[i * hidden + head * size..i * hidden + (head + 1) * size];
                for (w, value) in weights.iter().zip(h.value.chunks_exact(size)) {
                    add_scaled(o, *w, value);
                }
            }
        }
    }
}

vectorised! {
    fn backward_text<'a>(qkv: &'a [f32], grad: &'a [f32], out: &'a mut [f32], heads: usize, size: usize) {
        for head in 0..heads {
            backward_head(&Head::gather(qkv, head, size, heads * size), grad, head, out);
        }
    }
}

/// Gradient with respect to `qkv`, given that of the context. The weights are computed again rather than kept:
/// they would be tokens² numbers a head.
///
/// # Errors
/// When a tensor is not a contiguous f32 matrix.
pub fn backward(qkv: &Tensor, grad: &Tensor, packed: &Packed, heads: usize) -> Result<Tensor> {
    let (rows, width) = qkv.dims2()?;
    let hidden = width / 3;
    let size = hidden / heads;
    let (from, grad) = (Floats::of(qkv)?, Floats::of(grad)?);
    let mut out = vec![0.0_f32; rows * width];
    let texts: Vec<_> = packed.split_mut(&mut out, width).into_iter().zip(packed.rows()).collect();
    texts.into_par_iter().for_each(|(out, rows)| {
        let qkv = &from[rows.start * width..rows.end * width];
        let grad = &grad[rows.start * hidden..rows.end * hidden];
        backward_text(qkv, grad, out, heads, size);
    });
    Tensor::from_vec(out, (rows, width), &Device::Cpu)
}

#[inline(always)]
fn backward_head(h: &Head, grad: &[f32], head: usize, out: &mut [f32]) {
    let hidden = grad.len() / h.tokens;
    let value_t = transposed(&h.value, h.size);
    let mut d_query = vec![0.0; h.query.len()];
    let mut d_key = vec![0.0; h.key.len()];
    let mut d_value = vec![0.0; h.value.len()];
    let (mut weights, mut d_weights) = (vec![0.0; h.tokens], vec![0.0; h.tokens]);
    for i in 0..h.tokens {
        h.weights(i, &mut weights);
        let g = &grad[i * hidden + head * h.size..i * hidden + (head + 1) * h.size];
        d_weights.fill(0.0);
        for (g, values) in g.iter().zip(value_t.chunks_exact(h.tokens)) {
            add_scaled(&mut d_weights, *g, values);
        }
        let mean: f32 = weights.iter().zip(&d_weights).map(|(w, d)| w * d).sum();
        let query = &h.query[h.row(i)];
        for j in 0..h.tokens {
            let d_score = weights[j] * (d_weights[j] - mean);
            add_scaled(&mut d_value[h.row(j)], weights[j], g);
            add_scaled(&mut d_query[h.row(i)], d_score, &h.key[h.row(j)]);
            add_scaled(&mut d_key[h.row(j)], d_score, query);
        }
    }
    let scale = 1.0 / (h.size as f32).sqrt();
    for (i, row) in out.chunks_exact_mut(3 * hidden).enumerate() {
        let at = head * h.size;
        add_scaled(&mut row[at..at + h.size], scale, &d_query[h.row(i)]);
        row[hidden + at..hidden + at + h.size].copy_from_slice(&d_key[h.row(i)]);
        row[2 * hidden + at..2 * hidden + at + h.size].copy_from_slice(&d_value[h.row(i)]);
    }
}
