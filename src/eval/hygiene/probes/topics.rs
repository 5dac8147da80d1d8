//! What a text is about, found without labels: k-means clusters of TF-IDF rows.
//!
//! Lloyd's algorithm from k-means++ seeds (Arthur and Vassilvitskii, "k-means++: the advantages of careful seeding",
//! SODA 2007) with a named generator and sums in a fixed order.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

use crate::eval::linear::{Frequency, Rows, Vectorizer, VectorizerConfig};

/// Clusters.
pub(super) const TOPICS: usize = 20;
/// Rounds of Lloyd's algorithm at most.
const ROUNDS: usize = 50;

/// Clusters of the texts they were found on.
pub(super) struct Topics {
    vectorizer: Vectorizer,
    centres: Vec<Centre>,
}

struct Centre {
    at: Vec<f64>,
    /// Squared length.
    square: f64,
}

impl Topics {
    pub(super) fn find(texts: &[&str], seed: u64) -> Self {
        let config = VectorizerConfig {
            ngrams: (1, 1),
            min_df: Frequency::Texts(2),
            max_df: Frequency::Share(0.5),
            max_features: Some(5000),
            sublinear_tf: true,
        };
        let vectorizer = Vectorizer::fit(config, texts);
        let rows = vectorizer.transform(texts);
        let mut centres = seeds(&rows, seed);
        let mut topics = Vec::new();
        for _ in 0..ROUNDS {
            let next = assign(&rows, &centres);
            if next == topics {
                break;
            }
            topics = next;
            centres = means(&rows, &topics, centres);
        }
        Self { vectorizer, centres }
    }

    /// The number of each text's cluster, below [`TOPICS`].
    pub(super) fn of(&self, texts: &[&str]) -> Vec<usize> {
        assign(&self.vectorizer.transform(texts), &self.centres)
    }
}

impl Centre {
    fn new(at: Vec<f64>) -> Self {
        let square = at.iter().map(|v| v * v).sum();
        Self { at, square }
    }

    /// Squared distance to a row, less the row's own squared length.
    fn distance(&self, rows: &Rows, row: usize) -> f64 {
        self.square - 2.0 * rows.row(row).map(|(column, value)| value * self.at[column as usize]).sum::<f64>()
    }
}

fn dense(rows: &Rows, row: usize) -> Vec<f64> {
    let mut out = vec![0.0; rows.columns()];
    rows.row(row).for_each(|(column, value)| out[column as usize] = value);
    out
}

/// Each next seed is drawn with a chance that rises with the squared distance to the nearest one so far.
fn seeds(rows: &Rows, seed: u64) -> Vec<Centre> {
    if rows.is_empty() {
        return Vec::new();
    }
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut centres = vec![Centre::new(dense(rows, rng.random_range(0..rows.len())))];
    let square = |row: usize| rows.row(row).map(|(_, value)| value * value).sum::<f64>();
    let mut nearest = vec![f64::INFINITY; rows.len()];
    while centres.len() < TOPICS {
        let last = &centres[centres.len() - 1];
        for (row, distance) in nearest.iter_mut().enumerate() {
            *distance = distance.min((square(row) + last.distance(rows, row)).max(0.0));
        }
        let total: f64 = nearest.iter().sum();
        let mut at = rng.random::<f64>() * total;
        let drawn = nearest.iter().position(|distance| {
            at -= distance;
            at < 0.0
        });
        // All texts are on a seed already: more clusters would be empty.
        let Some(drawn) = drawn else { break };
        centres.push(Centre::new(dense(rows, drawn)));
    }
    centres
}

fn assign(rows: &Rows, centres: &[Centre]) -> Vec<usize> {
    let nearest = |row: usize| {
        let distances = centres.iter().map(|centre| centre.distance(rows, row)).enumerate();
        distances.min_by(|a, b| a.1.total_cmp(&b.1)).map_or(0, |(number, _)| number)
    };
    (0..rows.len()).into_par_iter().map(nearest).collect()
}

/// The mean of each cluster's rows; a cluster that lost all keeps its place.
fn means(rows: &Rows, topics: &[usize], before: Vec<Centre>) -> Vec<Centre> {
    let mut sums = vec![vec![0.0; rows.columns()]; before.len()];
    let mut counts = vec![0_usize; before.len()];
    for (row, topic) in topics.iter().enumerate() {
        counts[*topic] += 1;
        rows.row(row).for_each(|(column, value)| sums[*topic][column as usize] += value);
    }
    let mean = |((sum, count), before): ((Vec<f64>, usize), Centre)| match count {
        0 => before,
        _ => Centre::new(sum.into_iter().map(|v| v / count as f64).collect()),
    };
    sums.into_iter().zip(counts).zip(before).map(mean).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_of_one_vocabulary_meet() {
        let texts: Vec<String> = (0..60)
            .map(|i| match i % 3 {
                0 => format!("choir song hall evening {}", i % 2),
                1 => format!("harvest field tractor barn {}", i % 2),
                _ => format!("train station ticket platform {}", i % 2),
            })
            .collect();
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        let topics = Topics::find(&texts, 7);
        let of = topics.of(&texts);
        for (i, topic) in of.iter().enumerate() {
            assert_eq!(*topic, of[i % 3], "text {i}");
        }
        assert!(of[0] != of[1] && of[1] != of[2] && of[0] != of[2]);
        assert_eq!(Topics::find(&texts, 7).of(&texts), of, "a seed gives the same clusters");
    }

    #[test]
    fn nothing_to_cluster_is_no_failure() {
        assert!(Topics::find(&[], 1).of(&[]).is_empty());
        assert_eq!(Topics::find(&["", ""], 1).of(&[""]), [0]);
    }
}
