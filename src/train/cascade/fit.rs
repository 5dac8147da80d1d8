//! Fits the first stage to what the encoder says: logistic regression on hashed features by AdaGrad (Duchi, Hazan and
//! Singer, JMLR 12, 2011), the target of a text being the logistic function of its margin (distillation: Hinton,
//! Vinyals and Dean, "Distilling the Knowledge in a Neural Network", 2015). So a text that the encoder nearly flagged
//! teaches more than one that it found nothing in.
//!
//! The labels of the data are not used a second time: what must be kept is what the encoder would say, right or wrong.
//! `eval::linear` has a logistic regression too; it is exact and keeps every row in memory, which a reference wants and
//! a hundred thousand texts of hundreds of hashed features do not allow, and it knows no soft targets.

use rand::seq::SliceRandom as _;

use crate::inference::cascade::features::{FEATURES, Listener, chunks, each_feature};
use crate::inference::cascade::linear::Linear;
use crate::train::batches::generator;
use crate::train::cascade::teach::Lesson;
use crate::train::cascade::terms::Terms;
use crate::train::error::Error;

/// Keeps the first steps of AdaGrad finite.
const FIRST: f32 = 1e-8;

/// Fits and rounds to eight bits. The seed decides the order of the texts.
///
/// # Errors
/// [`Error::TooLittleData`] when the encoder says something of every text, or of none.
pub fn fit(lessons: &[Lesson], terms: &Terms, seed: u64) -> Result<Linear, Error> {
    let said = lessons.iter().filter(|l| l.said).count();
    if said == 0 || said == lessons.len() {
        let n = lessons.len();
        return Err(Error::TooLittleData(format!(
            "the encoder flags {said} of {n} texts of the fit part: a first stage has nothing to tell apart"
        )));
    }
    let mut learner = Learner::new(terms);
    let mut order: Vec<usize> = (0..lessons.len()).collect();
    for pass in 0..terms.passes {
        order.shuffle(&mut generator(seed, "cascade", u64::from(pass)));
        for i in &order {
            learner.learn(&lessons[*i]);
        }
    }
    Linear::quantize(&learner.weights, learner.bias).map_err(Error::TooLittleData)
}

struct Learner<'a> {
    terms: &'a Terms,
    weights: Vec<f32>,
    /// Sum of the squared gradients of each weight.
    squares: Vec<f32>,
    bias: f32,
    bias_squares: f32,
    seen: Seen,
}

/// The features of one text, and where each word's end.
#[derive(Default)]
struct Seen {
    features: Vec<u32>,
    ends: Vec<usize>,
}

impl Listener for Seen {
    fn feature(&mut self, index: u32) {
        self.features.push(index);
    }

    fn end_of_word(&mut self) {
        self.ends.push(self.features.len());
    }
}

impl<'a> Learner<'a> {
    fn new(terms: &'a Terms) -> Self {
        Self {
            terms,
            weights: vec![0.0; FEATURES],
            squares: vec![FIRST; FEATURES],
            bias: 0.0,
            bias_squares: FIRST,
            seen: Seen::default(),
        }
    }

    fn learn(&mut self, lesson: &Lesson) {
        let mut seen = std::mem::take(&mut self.seen);
        seen.features.clear();
        seen.ends.clear();
        each_feature(&lesson.text, &mut seen);
        if let Some((logit, chunk)) = self.highest(&seen) {
            let target = sigmoid(lesson.margin);
            let weight = if lesson.said { self.terms.said_weight } else { 1.0 };
            self.step(&seen.features[chunk], weight * (sigmoid(logit) - target));
        }
        self.seen = seen;
    }

    /// The chunk that speaks loudest, as when serving: it alone is what the text is judged by.
    fn highest(&self, seen: &Seen) -> Option<(f32, std::ops::Range<usize>)> {
        let start = |word: usize| word.checked_sub(1).map_or(0, |last| seen.ends[last]);
        let words = seen.ends.len();
        let of = |(begin, end): (usize, usize)| {
            let range = start(begin)..seen.ends[end - 1];
            let sum: f32 = seen.features[range.clone()].iter().map(|f| self.weights[*f as usize]).sum();
            (self.bias + sum / (range.len() as f32).sqrt(), range)
        };
        let louder = |a: (f32, std::ops::Range<usize>), b: (f32, std::ops::Range<usize>)| {
            if b.0 > a.0 { b } else { a }
        };
        if words == 0 { None } else { chunks(words).map(of).reduce(louder) }
    }

    fn step(&mut self, features: &[u32], error: f32) {
        let (rate, penalty) = (self.terms.rate, self.terms.penalty);
        let each = error / (features.len() as f32).sqrt();
        for feature in features {
            let i = *feature as usize;
            let gradient = each + penalty * self.weights[i];
            self.squares[i] += gradient * gradient;
            self.weights[i] -= rate * gradient / self.squares[i].sqrt();
        }
        self.bias_squares += error * error;
        self.bias -= rate * error / self.bias_squares.sqrt();
    }
}

fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + (-x).exp())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::assessment::LanguageSupport;

    fn lesson(text: &str, margin: f32) -> Lesson {
        let said = margin >= 0.0;
        let support = LanguageSupport::Supported;
        Lesson { text: text.to_owned(), language: "eng", support, margin, flagged: said, said }
    }

    fn lessons() -> Vec<Lesson> {
        let words = ["amber", "basin", "cedar", "delta", "ember", "fable", "grove"];
        (0..400)
            .map(|i: usize| {
                let plain = format!("{} {} {}", words[i % 7], words[(i / 7) % 7], words[(i / 3) % 7]);
                if i.is_multiple_of(4) {
                    lesson(&format!("{plain} zorblax"), 3.0)
                } else {
                    lesson(&plain, -3.0)
                }
            })
            .collect()
    }

    #[test]
    fn it_learns_the_word_that_the_encoder_flags() {
        let model = fit(&lessons(), &Terms::default(), 3).unwrap();
        let logit = |text: &str| model.logit(text).unwrap();
        assert!(logit("amber zorblax grove") > 0.5, "{}", logit("amber zorblax grove"));
        assert!(logit("amber cedar grove") < -0.5, "{}", logit("amber cedar grove"));
    }

    #[test]
    fn the_same_seed_gives_the_same_weights() {
        let of = |seed| fit(&lessons(), &Terms::default(), seed).unwrap();
        assert_eq!(of(3), of(3));
        assert_ne!(of(3), of(4));
    }

    #[test]
    fn nothing_to_tell_apart_is_an_error() {
        let all = vec![lesson("amber basin", 2.0); 20];
        assert!(fit(&all, &Terms::default(), 1).is_err());
        assert!(fit(&[], &Terms::default(), 1).is_err());
    }
}
