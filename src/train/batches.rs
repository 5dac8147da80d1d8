//! The order in which examples are seen: a function of the seed and the pass, so that a run can be resumed at
//! any step without saving a random generator.

#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a rate of 0..=1 times 2^32 - 1 fits"
)]

use rand::seq::SliceRandom;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Batches sorted by length together: texts of one batch are then alike in length, which keeps the cores evenly
/// busy in attention.
const BATCHES_PER_POOL: usize = 16;

/// A generator for one purpose at one point of the run.
#[must_use]
pub fn generator(seed: u64, purpose: &str, at: u64) -> ChaCha8Rng {
    let mut key = [0_u8; 32];
    key[..8].copy_from_slice(&seed.to_le_bytes());
    key[8..16].copy_from_slice(&at.to_le_bytes());
    for (k, b) in key[16..].iter_mut().zip(purpose.bytes()) {
        *k = b;
    }
    ChaCha8Rng::from_seed(key)
}

/// Index lists of one pass over examples of the given lengths: every example once, `batch` at a time.
#[must_use]
pub fn pass(lengths: &[usize], batch: usize, seed: u64, pass: u64) -> Vec<Vec<usize>> {
    let rng = &mut generator(seed, "order", pass);
    let mut order: Vec<usize> = (0..lengths.len()).collect();
    order.shuffle(rng);
    for pool in order.chunks_mut(batch * BATCHES_PER_POOL) {
        pool.sort_by_key(|i| lengths[*i]);
    }
    let mut batches: Vec<Vec<usize>> = order.chunks(batch).map(<[usize]>::to_vec).collect();
    batches.shuffle(rng);
    batches
}

/// Dropout factors for `n` numbers: 0 with probability `rate`, otherwise 1/(1 − rate).
#[must_use]
pub fn dropout(n: usize, rate: f32, seed: u64, step: u64) -> Vec<f32> {
    if rate == 0.0 {
        return vec![1.0; n];
    }
    let rng = &mut generator(seed, "dropout", step);
    let kept = 1.0 / (1.0 - rate);
    let limit = (f64::from(rate) * f64::from(u32::MAX)) as u32;
    (0..n).map(|_| if rng.next_u32() < limit { 0.0 } else { kept }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pass_sees_every_example_once() {
        let lengths: Vec<usize> = (0..1000).map(|i| i * 7 % 31).collect();
        let batches = pass(&lengths, 32, 1, 0);
        let mut seen: Vec<usize> = batches.iter().flatten().copied().collect();
        seen.sort_unstable();
        assert_eq!(seen, (0..1000).collect::<Vec<_>>());
        assert_eq!(batches, pass(&lengths, 32, 1, 0));
        assert_ne!(batches, pass(&lengths, 32, 1, 1));
    }

    #[test]
    fn dropout_keeps_the_mean() {
        let factors = dropout(100_000, 0.2, 3, 4);
        let mean = factors.iter().sum::<f32>() / 100_000.0;
        assert!((mean - 1.0).abs() < 0.02, "{mean}");
    }
}
