//! Residual sum and layer normalisation in one pass (Ba et al. 2016), and the gradient.

use candle_core::{Device, Result, Tensor};
use rayon::prelude::*;

use super::Floats;
use super::math::{ROWS_PER_TASK, dot, vectorised};
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
                vectorised(|| {
                    for (i, rate) in rate.iter_mut().enumerate() {
                        let row = i * width..(i + 1) * width;
                        *rate =
                            unit_row(&a[row.clone()], &b[row.clone()], &mut unit[row.clone()], self.epsilon);
                        for (((o, u), g), s) in
                            out[row.clone()].iter_mut().zip(&unit[row]).zip(gamma.iter()).zip(beta.iter())
                        {
                            *o = u.mul_add(*g, *s);
                        }
                    }
                });
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
                    vectorised(|| backward_rows(input, g, unit, rate, (&gamma, &mut sums)));
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

#[inline(always)]
fn lanes_sum(x: &[f32]) -> f32 {
    let mut sums = [0.0_f32; 16];
    let chunks = x.chunks_exact(16);
    let tail: f32 = chunks.remainder().iter().sum();
    for chunk in chunks {
        for i in 0..16 {
            sums[i] += chunk[i];
        }
    }
    sums.iter().sum::<f32>() + tail
}

/// dx = rate · (γg − mean(γg) − unit · mean(γg · unit)); the sums of g·unit and g go into `scales.1`.
#[inline(always)]
fn backward_rows(input: &mut [f32], g: &[f32], unit: &[f32], rate: &[f32], scales: (&[f32], &mut [f32])) {
    let (gamma, sums) = scales;
    let width = gamma.len();
    let (gamma_sum, beta_sum) = sums.split_at_mut(width);
    for (i, rate) in rate.iter().enumerate() {
        let row = i * width..(i + 1) * width;
        let (dx, g, unit) = (&mut input[row.clone()], &g[row.clone()], &unit[row]);
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
