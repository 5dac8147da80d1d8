//! The first stage's model: one weight of eight bits for each hashed feature.
//!
//! With n features of a chunk and their weights w, the chunk's logit is bias + scale · Σw / √n, and the text's is that
//! of its highest chunk, as the encoder's is that of its highest window. The sum is of integers and what follows is
//! exact arithmetic of IEEE 754, so that every machine gives the same number and a threshold means the same everywhere.

use crate::inference::cascade::features::{FEATURES, Listener, chunks, each_feature};

/// Weights, ready to read texts.
#[derive(Clone, PartialEq)]
pub struct Linear {
    /// By feature.
    weights: Vec<i8>,
    /// What one step of a weight is worth; above 0.
    scale: f32,
    bias: f32,
}

impl Linear {
    /// # Errors
    /// When there are not [`FEATURES`] weights, or a number is not finite.
    pub fn new(weights: Vec<i8>, scale: f32, bias: f32) -> Result<Self, String> {
        if weights.len() != FEATURES {
            return Err(format!("{} weights, expected {FEATURES}", weights.len()));
        }
        if !(scale > 0.0 && scale.is_finite() && bias.is_finite()) {
            return Err(format!("scale {scale} and bias {bias} must be finite, the scale above 0"));
        }
        Ok(Self { weights, scale, bias })
    }

    /// The nearest weights of eight bits.
    ///
    /// # Errors
    /// When a weight is not finite or none differs from 0.
    pub fn quantize(weights: &[f32], bias: f32) -> Result<Self, String> {
        let largest = weights.iter().fold(0.0_f32, |m, w| m.max(w.abs()));
        let scale = largest / 127.0;
        #[expect(clippy::cast_possible_truncation, reason = "within ±127 by the choice of scale")]
        let small = weights.iter().map(|w| (w / scale).round() as i8).collect();
        Self::new(small, scale, bias)
    }

    #[must_use]
    pub fn weights(&self) -> &[i8] {
        &self.weights
    }

    #[must_use]
    pub const fn scale(&self) -> f32 {
        self.scale
    }

    #[must_use]
    pub const fn bias(&self) -> f32 {
        self.bias
    }

    /// The logit of a normalised text; `None` when it has no features, as one of punctuation alone.
    #[must_use]
    pub fn logit(&self, text: &str) -> Option<f32> {
        let mut sums = Sums { weights: &self.weights, sum: 0, count: 0, words: Vec::with_capacity(64) };
        each_feature(text, &mut sums);
        let words = sums.words;
        let of = |(begin, end): (usize, usize)| {
            let before = begin.checked_sub(1).map_or((0, 0), |last| words[last]);
            let (sum, count) = (words[end - 1].0 - before.0, words[end - 1].1 - before.1);
            self.bias + self.scale * sum as f32 / (count as f32).sqrt()
        };
        (!words.is_empty()).then(|| chunks(words.len()).map(of).fold(f32::NEG_INFINITY, f32::max))
    }
}

impl std::fmt::Debug for Linear {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Linear").field("scale", &self.scale).field("bias", &self.bias).finish_non_exhaustive()
    }
}

/// Running sums, remembered at the end of each word, so that any chunk is a difference of two.
struct Sums<'a> {
    weights: &'a [i8],
    sum: i32,
    count: u32,
    words: Vec<(i32, u32)>,
}

impl Listener for Sums<'_> {
    fn feature(&mut self, index: u32) {
        self.sum += i32::from(self.weights[index as usize]);
        self.count += 1;
    }

    fn end_of_word(&mut self) {
        self.words.push((self.sum, self.count));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inference::cascade::features::CHUNK_WORDS;

    struct Collect(Vec<u32>);

    impl Listener for Collect {
        fn feature(&mut self, index: u32) {
            self.0.push(index);
        }

        fn end_of_word(&mut self) {}
    }

    /// Every feature of `word` counts 100, all others nothing.
    fn knows(word: &str) -> Linear {
        let mut seen = Collect(Vec::new());
        each_feature(word, &mut seen);
        let mut weights = vec![0_i8; FEATURES];
        for feature in seen.0 {
            weights[feature as usize] = 100;
        }
        Linear::new(weights, 0.01, -2.0).unwrap()
    }

    #[test]
    fn the_formula() {
        // "tea" has eight features: -2 + 0.01 · 800 / √8.
        let expected = -2.0 + 8.0 / 8.0_f32.sqrt();
        assert!((knows("tea").logit("tea").unwrap() - expected).abs() < 1e-6);
        assert_eq!(knows("tea").logit("..."), None);
    }

    #[test]
    fn one_word_in_a_long_text_is_as_loud_as_in_a_chunk() {
        let model = knows("zorblax");
        let filler = "milk ".repeat(CHUNK_WORDS - 1);
        let chunk = model.logit(&format!("{filler}zorblax")).unwrap();
        let long =
            model.logit(&format!("{}{filler}zorblax {}", filler.repeat(20), filler.repeat(20))).unwrap();
        assert!((chunk - long).abs() < 0.05, "{chunk} {long}");
        assert!(long > model.logit(&filler.repeat(20)).unwrap() + 0.1);
    }

    #[test]
    fn quantising_keeps_the_logit_within_half_a_step() {
        let weights: Vec<f32> = (0..FEATURES).map(|i| ((i * 7919) % 1000) as f32 / 500.0 - 1.0).collect();
        let model = Linear::quantize(&weights, 0.25).unwrap();
        let exact = |text: &str| {
            let mut seen = Collect(Vec::new());
            each_feature(text, &mut seen);
            let sum: f32 = seen.0.iter().map(|f| weights[*f as usize]).sum();
            0.25 + sum / (seen.0.len() as f32).sqrt()
        };
        let text = "amber basin cedar delta ember fable";
        let n = 90.0_f32;
        assert!((model.logit(text).unwrap() - exact(text)).abs() < n.sqrt() * model.scale() / 2.0);
    }

    #[test]
    fn what_is_no_model_is_refused() {
        assert!(Linear::new(vec![0; 3], 1.0, 0.0).is_err());
        assert!(Linear::new(vec![0; FEATURES], f32::NAN, 0.0).is_err());
        assert!(Linear::quantize(&vec![0.0; FEATURES], 0.0).is_err());
    }
}
