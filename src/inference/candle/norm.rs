//! Residual sum and layer normalisation in one pass (Ba et al. 2016), and the gradient.

#![expect(
    clippy::inline_always,
    reason = "`vectorised!` compiles a kernel once for each vector unit, and what it calls only if that is inlined"
)]

use candle_core::{Device, Result, Tensor};
use rayon::prelude::*;

use super::Floats;
use super::math::{ROWS_PER_TASK, dot, lanes_sum, vectorised};
use super::packed::sum_tasks;

/// Scale and shift, `[width]` each.
#[derive(Debug, Clone)]
pub struct Norm {
    pub gamma: Tensor,
    pub beta: Tensor,
    pub epsilon: f32,
}

/// What the gradient needs.
#[derive(Debug)]
pub struct Tape {
    /// (x − mean) / √(variance + ε), `[rows, width]`.
    unit: Tensor,
    /// 1 / √(variance + ε), `[rows]`.
    rate: Vec<f32>,
}

/// Gradients of [`Norm::forward`].
#[derive(Debug)]
pub struct Grads {
    /// The same for both summands, `[rows, width]`.
    pub input: Tensor,
    pub gamma: Vec<f32>,
    pub beta: Vec<f32>,
}

impl Norm {
    /// γ · unit(a + b) + β for every row, `[rows, width]` → the same.
    ///
    /// # Errors
    /// When a tensor is not contiguous f32.
    pub fn forward(&self, a: &Tensor, b: &Tensor) -> Result<(Tensor, Tape)> {
        let (rows, width) = a.dims2()?;
        let (gamma, beta) = (Floats::of(&self.gamma)?, Floats::of(&self.beta)?);
        let (fa, fb) = (Floats::of(a)?, Floats::of(b)?);
        let mut out = vec![0.0_f32; rows * width];
        let mut unit = vec![0.0_f32; rows * width];
        let mut rate = vec![0.0_f32; rows];
        let task = ROWS_PER_TASK * width;
        out.par_chunks_mut(task)
            .zip(unit.par_chunks_mut(task))
            .zip(rate.par_chunks_mut(ROWS_PER_TASK))
            .zip(fa.par_chunks(task).zip(fb.par_chunks(task)))
            .for_each(|(((out, unit), rate), (a, b))| {
                let rows = Rows { out, unit, rate, a, b };
                forward_rows(rows, &gamma, &beta, self.epsilon);
            });
        let shape = (rows, width);
        let unit = Tensor::from_vec(unit, shape, &Device::Cpu)?;
        Ok((Tensor::from_vec(out, shape, &Device::Cpu)?, Tape { unit, rate }))
    }

    /// # Errors
    /// When a tensor is not contiguous f32.
    pub fn backward(&self, tape: &Tape, grad: &Tensor) -> Result<Grads> {
        let (rows, width) = grad.dims2()?;
        let gamma = Floats::of(&self.gamma)?;
        let (g, unit) = (Floats::of(grad)?, Floats::of(&tape.unit)?);
        let mut input = vec![0.0_f32; rows * width];
        let task = ROWS_PER_TASK * width;
        let sums = sum_tasks(
            2 * width,
            input
                .par_chunks_mut(task)
                .zip(g.par_chunks(task).zip(unit.par_chunks(task)))
                .zip(tape.rate.par_chunks(ROWS_PER_TASK))
                .map(|((input, (g, unit)), rate)| {
                    let mut sums = vec![0.0_f32; 2 * width];
                    backward_rows(Backward { input, grad: g, unit, rate }, &gamma, &mut sums);
                    sums
                }),
        );
        let (gamma, beta) = sums.split_at(width);
        Ok(Grads {
            input: Tensor::from_vec(input, (rows, width), &Device::Cpu)?,
            gamma: gamma.to_vec(),
            beta: beta.to_vec(),
        })
    }
}

/// Some rows of the matrices that the forward pass reads and writes.
struct Rows<'a> {
    out: &'a mut [f32],
    unit: &'a mut [f32],
    rate: &'a mut [f32],
    a: &'a [f32],
    b: &'a [f32],
}

vectorised! {
    fn forward_rows<'a>(rows: Rows<'a>, gamma: &'a [f32], beta: &'a [f32], epsilon: f32) {
        let width = gamma.len();
        for (i, rate) in rows.rate.iter_mut().enumerate() {
            let row = i * width..(i + 1) * width;
            let unit = &mut rows.unit[row.clone()];
            *rate = unit_row(&rows.a[row.clone()], &rows.b[row.clone()], unit, epsilon);
            for (((o, u), g), s) in rows.out[row].iter_mut().zip(unit).zip(gamma).zip(beta) {
                *o = u.mul_add(*g, *s);
            }
        }
    }
}

/// Writes the unit row and returns 1/√(variance + ε).
#[inline(always)]
fn unit_row(a: &[f32], b: &[f32], unit: &mut [f32], epsilon: f32) -> f32 {
    for ((u, a), b) in unit.iter_mut().zip(a).zip(b) {
        *u = a + b;
    }
    let width = unit.len() as f32;
    let mean = lanes_sum(unit) / width;
    for u in unit.iter_mut() {
        *u -= mean;
    }
    let rate = 1.0 / (dot(unit, unit) / width + epsilon).sqrt();
    for u in unit.iter_mut() {
        *u *= rate;
    }
    rate
}

/// Some rows of the matrices that the backward pass reads and writes.
struct Backward<'a> {
    input: &'a mut [f32],
    grad: &'a [f32],
    unit: &'a [f32],
    rate: &'a [f32],
}

vectorised! {
    /// dx = rate · (γg − mean(γg) − unit · mean(γg · unit)); the sums of g·unit and of g are added up.
    fn backward_rows<'a>(rows: Backward<'a>, gamma: &'a [f32], sums: &'a mut [f32]) {
        let width = gamma.len();
        let (gamma_sum, beta_sum) = sums.split_at_mut(width);
        for (i, rate) in rows.rate.iter().enumerate() {
            let row = i * width..(i + 1) * width;
            let (dx, g, unit) = (&mut rows.input[row.clone()], &rows.grad[row.clone()], &rows.unit[row]);
            for j in 0..width {
                dx[j] = g[j] * gamma[j];
                gamma_sum[j] = g[j].mul_add(unit[j], gamma_sum[j]);
                beta_sum[j] += g[j];
            }
            let mean = lanes_sum(dx) / width as f32;
            let slope = dot(dx, unit) / width as f32;
            for (d, u) in dx.iter_mut().zip(unit) {
                *d = rate * (*d - mean - u * slope);
            }
        }
    }
}
