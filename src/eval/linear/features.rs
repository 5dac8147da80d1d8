//! TF-IDF of word n-grams, as scikit-learn's `TfidfVectorizer` with `lowercase=True`, the token pattern
//! `(?u)\b\w\w+\b`, `smooth_idf=True` and `norm="l2"` makes it.
//!
//! For a term in `d` of `n` texts: idf = ln((1 + n) / (1 + d)) + 1. A text's value of a term is its count there (or
//! 1 + ln(count) when sublinear) times idf; then each text is divided by its Euclidean length.

use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

use rayon::prelude::*;
use regex::Regex;
use serde::{Deserialize, Serialize};

use crate::eval::linear::{Rows, ties};

/// Which terms count, and how.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct VectorizerConfig {
    /// Shortest and longest n-gram, in words; at least 1.
    pub ngrams: (usize, usize),
    /// Terms in fewer texts are left out.
    pub min_df: Frequency,
    /// Terms in more texts are left out.
    pub max_df: Frequency,
    /// Keeps the terms that occur most often in all texts together; which of equally frequent ones, see
    /// [`ties`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_features: Option<usize>,
    /// 1 + ln(count) in place of the count.
    pub sublinear_tf: bool,
}

/// In how many texts: a whole number counts them, a fraction is the share of all.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize, Serialize)]
#[serde(untagged)]
pub enum Frequency {
    Texts(usize),
    Share(f64),
}

impl Frequency {
    fn of(self, texts: usize) -> f64 {
        match self {
            Self::Texts(count) => count as f64,
            Self::Share(share) => share * texts as f64,
        }
    }
}

/// A vocabulary with its weights.
#[derive(Debug, Clone)]
pub struct Vectorizer {
    config: VectorizerConfig,
    /// Looked up, never iterated.
    columns: HashMap<String, u32>,
    /// By column; columns are in the order of their terms' code points.
    terms: Vec<String>,
    idf: Vec<f64>,
}

/// Runs of two or more letters, digits and underscores: what Python's `\w` takes for a word. The `\w` of this regular
/// expression engine would add combining marks.
static WORD: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"[\p{L}\p{N}_]{2,}").expect("the pattern is a constant"));

impl Vectorizer {
    /// Learns the vocabulary and how rare each term is. With no term left, every row is empty.
    #[must_use]
    pub fn fit(config: VectorizerConfig, texts: &[&str]) -> Self {
        let mut seen = Seen::default();
        for (number, text) in texts.iter().enumerate() {
            each_term(text, config.ngrams, &mut |term| seen.count(term, number));
        }
        let (low, high) = (config.min_df.of(texts.len()), config.max_df.of(texts.len()));
        let common = |c: &Counts| (low..=high).contains(&(c.texts as f64));
        let mut kept: Vec<(String, Counts)> = seen.terms.into_iter().filter(|(_, c)| common(c)).collect();
        kept.sort_unstable_by(|a, b| a.0.cmp(&b.0));
        if let Some(most) = config.max_features.filter(|most| *most < kept.len()) {
            let keys: Vec<i64> = kept.iter().map(|(_, c)| -c.occurrences).collect();
            let chosen: HashSet<usize> = ties::argsort(&keys).into_iter().take(most).collect();
            let mut at = 0..;
            kept.retain(|_| at.next().is_some_and(|i| chosen.contains(&i)));
        }
        let total = texts.len() as f64;
        let idf = kept.iter().map(|(_, c)| ((1.0 + total) / (1.0 + c.texts as f64)).ln() + 1.0).collect();
        let terms: Vec<String> = kept.into_iter().map(|(term, _)| term).collect();
        let columns = (0..).zip(&terms).map(|(column, term)| (term.clone(), column)).collect();
        Self { config, columns, terms, idf }
    }

    /// One row for each text, of unit length, or empty when the text has no known term.
    #[must_use]
    pub fn transform(&self, texts: &[&str]) -> Rows {
        let rows: Vec<Vec<(u32, f64)>> = texts.par_iter().map(|text| self.row(text)).collect();
        let mut out = Rows::new(self.terms.len());
        for row in rows {
            out.push(row);
        }
        out
    }

    /// The terms, by column.
    #[must_use]
    pub fn terms(&self) -> &[String] {
        &self.terms
    }

    fn row(&self, text: &str) -> Vec<(u32, f64)> {
        let mut columns = Vec::new();
        each_term(text, self.config.ngrams, &mut |term| columns.extend(self.columns.get(term)));
        columns.sort_unstable();
        let value = |run: &[u32]| {
            let count = run.len() as f64;
            let tf = if self.config.sublinear_tf { 1.0 + count.ln() } else { count };
            (run[0], tf * self.idf[run[0] as usize])
        };
        let mut row: Vec<(u32, f64)> = columns.chunk_by(|a, b| a == b).map(value).collect();
        let length = row.iter().map(|(_, v)| v * v).sum::<f64>().sqrt();
        for (_, value) in &mut row {
            *value /= length;
        }
        row
    }
}

#[derive(Default)]
struct Seen {
    terms: HashMap<String, Counts>,
}

struct Counts {
    occurrences: i64,
    texts: usize,
    last_text: usize,
}

impl Seen {
    fn count(&mut self, term: &str, text: usize) {
        if let Some(counts) = self.terms.get_mut(term) {
            counts.occurrences += 1;
            counts.texts += usize::from(counts.last_text != text);
            counts.last_text = text;
        } else {
            self.terms.insert(term.to_owned(), Counts { occurrences: 1, texts: 1, last_text: text });
        }
    }
}

/// Calls `visit` with every n-gram, its words lower-cased and joined by one space.
fn each_term(text: &str, (shortest, longest): (usize, usize), visit: &mut dyn FnMut(&str)) {
    let lower = text.to_lowercase();
    let words: Vec<&str> = WORD.find_iter(&lower).map(|m| m.as_str()).collect();
    let mut term = String::new();
    for start in 0..words.len() {
        term.clear();
        for (length, word) in (1..=longest).zip(&words[start..]) {
            if length > 1 {
                term.push(' ');
            }
            term.push_str(word);
            if length >= shortest {
                visit(&term);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(ngrams: (usize, usize)) -> VectorizerConfig {
        VectorizerConfig {
            ngrams,
            min_df: Frequency::Texts(1),
            max_df: Frequency::Share(1.0),
            max_features: None,
            sublinear_tf: false,
        }
    }

    #[test]
    fn words_have_two_letters_and_are_joined_by_one_space() {
        let fitted = Vectorizer::fit(config((1, 2)), &["A  Grey-cat, x y sat_9 ²½ ÉTÉ"]);
        let expected = ["cat", "cat sat_9", "grey", "grey cat", "sat_9", "sat_9 ²½", "²½", "²½ été", "été"];
        assert_eq!(fitted.terms(), expected);
    }

    #[test]
    fn rare_and_common_terms_go_and_the_most_frequent_stay() {
        let texts = ["tea tea milk", "tea jam", "milk jam ham", "tea oat"];
        let mut c = config((1, 1));
        c.min_df = Frequency::Texts(2);
        assert_eq!(Vectorizer::fit(c.clone(), &texts).terms(), ["jam", "milk", "tea"]);
        c.max_df = Frequency::Share(0.5);
        assert_eq!(Vectorizer::fit(c.clone(), &texts).terms(), ["jam", "milk"]);
        c.max_df = Frequency::Share(1.0);
        c.max_features = Some(2);
        assert_eq!(
            Vectorizer::fit(c, &texts).terms(),
            ["jam", "tea"],
            "the tie of jam and milk goes by letters"
        );
    }

    #[test]
    fn a_text_without_known_terms_is_an_empty_row() {
        let rows = Vectorizer::fit(config((1, 1)), &["tea jam"]).transform(&["oats", "tea"]);
        assert_eq!(rows.row(0).count(), 0);
        assert_eq!(rows.row(1).collect::<Vec<_>>(), [(1, 1.0)]);
    }
}
