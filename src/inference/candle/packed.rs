//! Which rows of the packed `[tokens, hidden]` matrix belong to which text.

use std::ops::Range;

use candle_core::{Device, Result, Tensor, bail};
use rayon::prelude::*;

use super::Floats;
use super::math::{ROWS_PER_TASK, add_scaled, vectorised};

/// Token ids of several texts, one after the other, without padding.
#[derive(Debug, Clone)]
pub struct Packed {
    ids: Vec<u32>,
    /// First row of each text, and the total at the end.
    starts: Vec<usize>,
}

impl Packed {
    /// # Errors
    /// When there is no text or one of them has no token.
    pub fn new<'a>(texts: impl IntoIterator<Item = &'a [u32]>) -> Result<Self> {
        let (mut ids, mut starts) = (Vec::new(), vec![0]);
        for text in texts {
            if text.is_empty() {
                bail!("a text without tokens cannot be encoded");
            }
            ids.extend_from_slice(text);
            starts.push(ids.len());
        }
        if ids.is_empty() {
            bail!("a batch needs at least one text");
        }
        Ok(Self { ids, starts })
    }

    /// All token ids, `[tokens]`.
    #[must_use]
    pub fn ids(&self) -> &[u32] {
        &self.ids
    }

    /// Number of texts.
    #[must_use]
    pub fn texts(&self) -> usize {
        self.starts.len() - 1
    }

    /// The rows of each text.
    #[must_use]
    pub fn rows(&self) -> impl ExactSizeIterator<Item = Range<usize>> + '_ {
        self.starts.windows(2).map(|w| w[0]..w[1])
    }

    /// Position of every token within its own text, `[tokens]`.
    pub(super) fn positions(&self) -> impl Iterator<Item = usize> + '_ {
        self.rows().flat_map(|rows| 0..rows.len())
    }

    /// Splits a `[tokens, width]` buffer into one mutable slice for each text.
    pub(super) fn split_mut<'a>(&self, buffer: &'a mut [f32], width: usize) -> Vec<&'a mut [f32]> {
        let mut rest = buffer;
        let mut parts = Vec::with_capacity(self.texts());
        for rows in self.rows() {
            let (part, tail) = rest.split_at_mut(rows.len() * width);
            parts.push(part);
            rest = tail;
        }
        parts
    }

    /// Mean over the tokens of each text: `[tokens, hidden]` → `[texts, hidden]`.
    ///
    /// # Errors
    /// When `x` is not a contiguous f32 matrix.
    pub fn mean(&self, x: &Tensor) -> Result<Tensor> {
        let hidden = x.dim(1)?;
        let x = Floats::of(x)?;
        let mut out = vec![0.0_f32; self.texts() * hidden];
        for (row, tokens) in out.chunks_exact_mut(hidden).zip(self.rows()) {
            add_rows(row, 1.0 / tokens.len() as f32, &x[tokens.start * hidden..tokens.end * hidden]);
        }
        Tensor::from_vec(out, (self.texts(), hidden), &Device::Cpu)
    }

    /// Gradient of [`Packed::mean`]: `[texts, hidden]` → `[tokens, hidden]`.
    ///
    /// # Errors
    /// When `grad` is not a contiguous f32 matrix.
    pub fn mean_backward(&self, grad: &Tensor) -> Result<Tensor> {
        let hidden = grad.dim(1)?;
        let grad = Floats::of(grad)?;
        let mut out = vec![0.0_f32; self.ids.len() * hidden];
        for (tokens, from) in self.rows().zip(grad.chunks_exact(hidden)) {
            let share = 1.0 / tokens.len() as f32;
            for row in out[tokens.start * hidden..tokens.end * hidden].chunks_exact_mut(hidden) {
                add_scaled(row, share, from);
            }
        }
        Tensor::from_vec(out, (self.ids.len(), hidden), &Device::Cpu)
    }
}

/// Adds `bias` `[width]` to every row of `x` `[rows, width]`.
pub(super) fn add_bias(x: &mut [f32], bias: &[f32]) {
    x.par_chunks_mut(bias.len() * ROWS_PER_TASK).for_each(|rows| {
        add_to_rows(rows, bias);
    });
}

vectorised! {
    fn add_to_rows<'a>(rows: &'a mut [f32], bias: &'a [f32]) {
        for row in rows.chunks_exact_mut(bias.len()) {
            for (o, b) in row.iter_mut().zip(bias) {
                *o += b;
            }
        }
    }
}

vectorised! {
    /// `into += factor · row` for every row.
    fn add_rows<'a>(into: &'a mut [f32], factor: f32, rows: &'a [f32]) {
        for row in rows.chunks_exact(into.len()) {
            add_scaled(into, factor, row);
        }
    }
}

/// Sum over rows, `[rows, width]` → `[width]`, in an order that does not depend on the number of cores.
///
/// # Errors
/// When `x` is not a contiguous f32 matrix.
pub fn column_sums(x: &Tensor) -> Result<Vec<f32>> {
    let width = x.dim(1)?;
    let x = Floats::of(x)?;
    Ok(sum_tasks(
        width,
        x.par_chunks(width * ROWS_PER_TASK).map(|rows| {
            let mut sums = vec![0.0; width];
            add_rows(&mut sums, 1.0, rows);
            sums
        }),
    ))
}

/// Adds up the partial sums of tasks in the order of the tasks.
pub(super) fn sum_tasks(width: usize, tasks: impl IndexedParallelIterator<Item = Vec<f32>>) -> Vec<f32> {
    let parts: Vec<Vec<f32>> = tasks.collect();
    let mut sums = vec![0.0; width];
    for part in &parts {
        add_scaled(&mut sums, 1.0, part);
    }
    sums
}
