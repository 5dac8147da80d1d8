//! The optimisation loop.

#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a number of steps is far below 2^31"
)]

use candle_core::{Device, Tensor};

use super::batches::{dropout, pass};
use super::checkpoint::{Checkpoints, State};
use super::corpus::Encoded;
use super::gradient::{Parameter, backward, parameters};
use super::log::{StepLine, StepLog};
use super::loss::{LossWeights, Target, loss};
use super::optimizer::{AdamW, Moments, clip_factor};
use super::recipe::Fit;
use super::schedule::{peak_rates, ramp};
use crate::domain::digest::Hasher;
use crate::inference::candle::Floats;
use crate::inference::candle::encoder::Network;
use crate::inference::candle::packed::Packed;
use crate::inference::candle::weights::HEAD_ROWS;
use crate::train::error::Error;

/// Told after every step: steps done, steps in all, the loss.
pub type Progress<'a> = dyn FnMut(u64, u64, f32) + 'a;

/// A fine-tuning run over fixed examples.
#[derive(Debug)]
pub struct Run<'a> {
    pub network: &'a Network,
    pub examples: &'a [Encoded],
    pub fit: &'a Fit,
    pub weights: LossWeights,
    pub seed: u64,
    /// Digest of the base weights.
    pub base: &'a str,
}

/// The state that a step changes.
struct Training {
    parameters: Vec<Parameter>,
    moments: Moments,
    peaks: Vec<f32>,
}

impl Run<'_> {
    /// Steps of the whole run.
    #[must_use]
    pub fn steps(&self) -> u64 {
        (self.fit.passes * self.examples.len() as f64 / self.fit.batch as f64).ceil() as u64
    }

    /// Trains the network in place, going on from the last checkpoint.
    ///
    /// # Errors
    /// When the loss diverges, the arithmetic fails or a file cannot be written.
    pub fn train(&self, checkpoints: &Checkpoints, progress: &mut Progress<'_>) -> Result<StepLog, Error> {
        let parameters = parameters(self.network);
        let mut moments = Moments::zeros(&parameters);
        let run = self.digest();
        let done = checkpoints.restore(&run, &parameters, &mut moments)?.map_or(0, |state| state.step);
        let mut log = StepLog::resume(checkpoints.folder(), done)?;
        let peaks = peak_rates(&parameters, self.fit);
        let mut training = Training { parameters, moments, peaks };
        let lengths: Vec<usize> = self.examples.iter().map(|e| e.ids.len()).collect();
        let per_pass = self.examples.len().div_ceil(self.fit.batch) as u64;
        let mut order = Vec::new();
        let steps = self.steps();
        for step in done + 1..=steps {
            let (number, at) = ((step - 1) / per_pass, (step - 1) % per_pass);
            if order.is_empty() || at == 0 {
                order = pass(&lengths, self.fit.batch, self.seed, number);
            }
            let line = self.step(step, &order[at as usize], &mut training)?;
            progress(step, steps, line.loss);
            log.append(&line)?;
            if step % self.fit.checkpoint_every == 0 || step == steps {
                let state = State { step, run: run.clone() };
                checkpoints.save(&state, &training.parameters, &training.moments)?;
            }
        }
        Ok(log)
    }

    fn step(&self, step: u64, batch: &[usize], training: &mut Training) -> Result<StepLine, Error> {
        let targets: Vec<Target> = batch.iter().map(|i| self.examples[*i].target).collect();
        let packed = Packed::new(batch.iter().map(|i| self.examples[*i].ids.as_slice()))?;
        let (states, tape) = self.network.encoder.forward(&packed)?;
        let pooled = packed.mean(&states)?;
        let keep = dropout(pooled.elem_count(), self.fit.dropout, self.seed, step);
        let keep = Tensor::from_vec(keep, pooled.shape(), &Device::Cpu)?;
        let pooled = pooled.mul(&keep)?;
        let logits = self.network.head.forward(&pooled)?;
        let (value, grad) = loss(&Floats::of(&logits)?, &targets, &self.weights);
        if !value.is_finite() {
            return Err(Error::Diverged { step });
        }
        let grad = Tensor::from_vec(grad, (batch.len(), HEAD_ROWS), &Device::Cpu)?;
        let gradients = backward(self.network, &packed, tape, (&pooled, &keep), &grad)?;
        let (norm, factor) = clip_factor(&gradients, self.fit.clip);
        let ramp = ramp(step, self.steps(), self.fit.warmup);
        let rates: Vec<f32> = training.peaks.iter().map(|peak| peak * ramp).collect();
        self.adam().step(&training.parameters, &gradients, &mut training.moments, (step, factor), &rates)?;
        let examples = ((step - 1) * self.fit.batch as u64) + batch.len() as u64;
        Ok(StepLine { step, examples, loss: value, norm, rate: self.fit.rate * ramp })
    }

    fn adam(&self) -> AdamW {
        AdamW { beta1: 0.9, beta2: 0.98, epsilon: 1e-6, weight_decay: self.fit.weight_decay }
    }

    /// Digest of everything the trained numbers follow from: the settings, the examples, the base.
    fn digest(&self) -> String {
        let mut hash = Hasher::default();
        hash.update(format!("{:?} {:?} {} {}", self.fit, self.weights, self.seed, self.base).as_bytes());
        for example in self.examples {
            hash.update(format!("{:?}", example.target).as_bytes());
            example.ids.iter().for_each(|id| hash.update(&id.to_le_bytes()));
        }
        hash.finish().to_string()
    }
}
