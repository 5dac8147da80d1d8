//! A blocklist as sites keep them: words and phrases, met as whole words whatever their case.

use std::collections::BTreeMap;

use regex::Regex;

use crate::domain::score::Score;
use crate::eval::manifest::Target;

/// One expression for each target.
#[derive(Debug)]
pub(super) struct Keywords {
    lists: Vec<(Target, Regex)>,
}

impl Keywords {
    pub(super) fn new(lists: &BTreeMap<Target, Vec<String>>) -> Self {
        let expression = |words: &Vec<String>| {
            let any: Vec<String> = words.iter().map(|word| regex::escape(word)).collect();
            Regex::new(&format!(r"(?i)\b(?:{})\b", any.join("|"))).expect("escaped words are an expression")
        };
        Self { lists: lists.iter().map(|(target, words)| (*target, expression(words))).collect() }
    }

    /// k / (k + 1) for k hits: one hit is enough for the threshold of a half, and more hits rank higher.
    pub(super) fn scores(&self, texts: &[&str]) -> Vec<(Target, Vec<Score>)> {
        let score = |list: &Regex, text: &str| {
            let hits = list.find_iter(text).count() as f32;
            Score::new(hits / (hits + 1.0)).expect("a fraction below 1")
        };
        let all = |list| texts.iter().map(|text| score(list, text)).collect();
        self.lists.iter().map(|(target, list)| (*target, all(list))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_met_whole_in_any_case_and_counted() {
        let words = ["lamp", "garden gate", "c++"].map(str::to_owned).to_vec();
        let keywords = Keywords::new(&BTreeMap::from([(Target::Extremism, words)]));
        let texts = ["a Lamp, a LAMP", "lampshade", "the garden gate", "garden", ""];
        let scores: Vec<f32> = keywords.scores(&texts)[0].1.iter().map(|s| s.get()).collect();
        let expected = [2.0 / 3.0, 0.0, 0.5, 0.0, 0.0];
        assert!(scores.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-6), "{scores:?}");
    }
}
