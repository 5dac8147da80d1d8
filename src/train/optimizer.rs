//! AdamW (Loshchilov & Hutter 2019) with a learning rate for each depth of the network.

#![expect(
    clippy::cast_possible_truncation,
    reason = "norms are summed in f64 and used in f32; a run has far fewer than 2^31 steps"
)]

use candle_core::{CpuStorage, InplaceOp1, Layout, Result, bail};
use rayon::prelude::*;

use super::gradient::{Gradient, Parameter};

/// The constants of AdamW.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AdamW {
    pub beta1: f32,
    pub beta2: f32,
    pub epsilon: f32,
    pub weight_decay: f32,
}

/// Running means of the gradient and of its square, one pair for each parameter.
#[derive(Debug, Clone, PartialEq)]
pub struct Moments {
    pub first: Vec<Vec<f32>>,
    pub second: Vec<Vec<f32>>,
}

impl Moments {
    #[must_use]
    pub fn zeros(parameters: &[Parameter]) -> Self {
        let zeros = || parameters.iter().map(|p| vec![0.0; p.tensor.elem_count()]).collect();
        Self { first: zeros(), second: zeros() }
    }
}

/// Scales all gradients so that their joint norm is at most `limit`; returns the norm before.
#[must_use]
pub fn clip_factor(gradients: &[Gradient], limit: f32) -> (f32, f32) {
    // Summed in f64 in a fixed order, so that the step is the same on any number of cores.
    let squares: Vec<f64> = gradients
        .par_iter()
        .map(|g| g.values().iter().map(|x| f64::from(*x) * f64::from(*x)).sum())
        .collect();
    let norm = squares.iter().sum::<f64>().sqrt() as f32;
    (norm, if norm > limit { limit / norm } else { 1.0 })
}

impl AdamW {
    /// One step. `step` counts from 1; `rates` gives the learning rate of each parameter; gradients are multiplied
    /// by `factor` first. Rows of a table without a gradient are left as they are, moments included, so that a
    /// step costs what the batch touched and not what the vocabulary holds.
    ///
    /// # Errors
    /// When a parameter is not f32 on the CPU.
    #[expect(clippy::too_many_arguments, reason = "each belongs to another part of the loop")]
    pub fn step(
        &self,
        parameters: &[Parameter],
        gradients: &[Gradient],
        moments: &mut Moments,
        (step, factor): (u64, f32),
        rates: &[f32],
    ) -> Result<()> {
        let corrections = (1.0 - self.beta1.powi(step as i32), 1.0 - self.beta2.powi(step as i32));
        let Moments { first, second } = moments;
        parameters
            .par_iter()
            .zip(gradients)
            .zip(first.par_iter_mut().zip(second.par_iter_mut()))
            .zip(rates)
            .try_for_each(|(((parameter, gradient), (first, second)), &rate)| {
                let decay = if parameter.decays { self.weight_decay * rate } else { 0.0 };
                let update = Update { adam: self, gradient, corrections, rate, decay, factor };
                parameter.tensor.inplace_op1(&InPlace(std::sync::Mutex::new((update, first, second))))
            })
    }
}

struct Update<'a> {
    adam: &'a AdamW,
    gradient: &'a Gradient,
    corrections: (f32, f32),
    rate: f32,
    decay: f32,
    factor: f32,
}

impl Update<'_> {
    fn slice(&self, values: &mut [f32], gradient: &[f32], first: &mut [f32], second: &mut [f32]) {
        let AdamW { beta1, beta2, epsilon, .. } = *self.adam;
        for (((p, g), m), v) in values.iter_mut().zip(gradient).zip(first).zip(second) {
            let g = g * self.factor;
            *m = beta1 * *m + (1.0 - beta1) * g;
            *v = beta2 * *v + (1.0 - beta2) * g * g;
            let (m, v) = (*m / self.corrections.0, *v / self.corrections.1);
            *p -= self.decay * *p + self.rate * m / (v.sqrt() + epsilon);
        }
    }
}

/// candle hands a tensor's storage out for writing only to an op, and an op is shared: hence the lock, which
/// nobody contends for.
struct InPlace<'a>(std::sync::Mutex<(Update<'a>, &'a mut Vec<f32>, &'a mut Vec<f32>)>);

impl InplaceOp1 for InPlace<'_> {
    fn name(&self) -> &'static str {
        "adamw"
    }

    fn cpu_fwd(&self, storage: &mut CpuStorage, layout: &Layout) -> Result<()> {
        let CpuStorage::F32(values) = storage else { bail!("adamw works on f32 only") };
        let mut guard = self.0.lock().expect("an op runs once");
        let (update, first, second) = &mut *guard;
        match update.gradient {
            Gradient::Dense(gradient) => update.slice(values, gradient, first, second),
            Gradient::Rows { rows, values: gradient } => {
                let width = layout.dims()[1];
                for (row, gradient) in rows.iter().zip(gradient.chunks_exact(width)) {
                    let at = *row as usize * width..(*row as usize + 1) * width;
                    update.slice(&mut values[at.clone()], gradient, &mut first[at.clone()], &mut second[at]);
                }
            }
        }
        Ok(())
    }
}
