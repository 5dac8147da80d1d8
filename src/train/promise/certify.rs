//! The search for the lowest threshold whose precision is certain enough: Learn then Test (Angelopoulos, Bates,
//! Candès, Jordan and Lei 2021; Annals of Applied Statistics 19, 2025) with fixed-sequence testing.
//!
//! For a threshold t the hypothesis H(t) says: of the texts that reach t, fewer than the promised share are true.
//! Its p-value is a binomial tail. Thresholds are tested from a strict one downwards, each at the full level, until
//! the first that is not rejected. The chance that any rejected H is true stays below the level because the order
//! is fixed before a label of the testing part is seen: the thresholds are scores of the calibration part, and so
//! is where they begin.

use crate::train::promise::level::Level;

/// The first rank, among the calibration part's scores from the highest down, that is a threshold.
const FIRST_RANK: usize = 5;
/// Ranks from one threshold to the next, at least. Finer steps would only give chance more places to stop the
/// search.
const LEAST_STEP: usize = 5;
/// The step grows to this part of the rank: a threshold that flags two thousand texts need not be searched to five.
const STEP_SHARE: usize = 20;

/// A labelled text.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Case {
    /// `None` when the model gave no score: such a text is never flagged.
    pub score: Option<f32>,
    pub positive: bool,
}

/// What was counted at one threshold on the testing part.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Test {
    pub threshold: f32,
    /// Texts whose score reaches it.
    pub flagged: usize,
    /// True ones among them.
    pub correct: usize,
}

/// What a search found.
#[derive(Debug, Clone, PartialEq)]
pub struct Search {
    /// The test that the search began with; `None` when the calibration part has too few scores for a threshold.
    pub first: Option<Test>,
    /// The lowest threshold certified; `None` when the first test failed.
    pub certified: Option<Test>,
    /// Thresholds tested.
    pub tested: usize,
}

/// Tests on `testing` the thresholds that `planning` suggests. The two share no text.
#[must_use]
pub fn certify(planning: &[Case], testing: &[Case], level: Level) -> Search {
    let ranked = Ranked::new(testing);
    let mut search = Search { first: None, certified: None, tested: 0 };
    for threshold in sequence(planning, level) {
        let test = ranked.at(threshold);
        search.tested += 1;
        search.first.get_or_insert(test);
        if !level.certifies(test.correct, test.flagged) {
            break;
        }
        search.certified = Some(test);
    }
    search
}

/// The thresholds to test, from the highest: those at which `planning` ranks its own texts, from the one where its
/// labels speak most clearly for the promise downwards (the strictest of several).
///
/// A search from the very top would begin where two or three texts are flagged and nothing can be certified.
#[must_use]
pub fn sequence(planning: &[Case], level: Level) -> Vec<f32> {
    let ranked = Ranked::new(planning);
    let mut grid = Vec::new();
    let mut rank = FIRST_RANK;
    while let Some(threshold) = ranked.scores.get(rank - 1) {
        if grid.last() != Some(threshold) {
            grid.push(*threshold);
        }
        rank += LEAST_STEP.max(rank / STEP_SHARE);
    }
    let mut begin = (0, f64::INFINITY);
    for (i, threshold) in grid.iter().enumerate() {
        let test = ranked.at(*threshold);
        let p_value = level.p_value(test.correct, test.flagged);
        if p_value < begin.1 {
            begin = (i, p_value);
        }
    }
    grid.split_off(begin.0)
}

/// Scores from the highest down, and how many of the first so many are true.
struct Ranked {
    scores: Vec<f32>,
    correct: Vec<usize>,
}

impl Ranked {
    fn new(cases: &[Case]) -> Self {
        let mut scored: Vec<(f32, bool)> =
            cases.iter().filter_map(|c| c.score.map(|s| (s, c.positive))).collect();
        scored.sort_by(|a, b| b.0.total_cmp(&a.0));
        let mut correct = vec![0];
        for (_, positive) in &scored {
            correct.push(correct[correct.len() - 1] + usize::from(*positive));
        }
        Self { scores: scored.into_iter().map(|(s, _)| s).collect(), correct }
    }

    fn at(&self, threshold: f32) -> Test {
        let flagged = self.scores.partition_point(|s| *s >= threshold);
        Test { threshold, flagged, correct: self.correct[flagged] }
    }
}

#[cfg(test)]
mod tests {

    use super::*;
    use crate::train::batches::generator;

    /// The score is evenly spread and is the chance of being true: at threshold t the true precision is (1 + t) /
    /// 2.
    fn draw(rng: &mut impl rand::Rng, n: usize) -> Vec<Case> {
        let mut uniform = || (rng.next_u32() >> 8) as f32 / (1_u32 << 24) as f32;
        (0..n)
            .map(|_| {
                let score = uniform();
                Case { score: Some(score), positive: uniform() < score }
            })
            .collect()
    }

    /// What people do: the lowest threshold at which the precision that was observed is high enough.
    fn naive(cases: &[Case], precision: f64) -> Option<f32> {
        let ranked = Ranked::new(cases);
        let fits = |t: &&f32| {
            let test = ranked.at(**t);
            test.correct as f64 >= precision * test.flagged as f64
        };
        ranked.scores.iter().rev().find(fits).copied()
    }

    #[test]
    fn the_promise_is_broken_no_more_often_than_it_says() {
        const RUNS: u64 = 1000;
        let level = Level { precision: 0.8, delta: 0.1 };
        let lowest_true = 0.6_f32;
        let (mut broken, mut naively, mut made) = (0, 0, 0);
        for run in 0..RUNS {
            let rng = &mut generator(run, "promise", 0);
            let (planning, testing) = (draw(rng, 400), draw(rng, 600));
            let found = certify(&planning, &testing, level).certified;
            made += usize::from(found.is_some());
            broken += usize::from(found.is_some_and(|t| t.threshold < lowest_true));
            naively += usize::from(naive(&testing, level.precision).is_some_and(|t| t < lowest_true));
        }
        // Three standard deviations above one in ten.
        assert!(broken <= 128, "{broken} of {RUNS} promises were broken");
        assert!(naively > 500, "only {naively} of {RUNS} naive thresholds were too low");
        assert!(made > 950, "only {made} of {RUNS} searches found anything");
    }

    #[test]
    fn the_lowest_threshold_before_the_first_failure_is_taken() {
        let case = |score: f32, positive| Case { score: Some(score), positive };
        // 200 true ones at the top, then as many false ones.
        let cases: Vec<Case> = (0..400).map(|i| case(1.0 - i as f32 / 400.0, i < 200)).collect();
        let level = Level { precision: 0.8, delta: 0.05 };
        let search = certify(&cases, &cases, level);
        let test = search.certified.unwrap();
        assert!(level.certifies(test.correct, test.flagged) && test.flagged > 200, "{test:?}");
        assert!(search.tested > 1);
        let next = certify(&cases, &cases, Level { delta: 0.001, ..level }).certified.unwrap();
        assert!(next.threshold > test.threshold, "a surer promise flags less");
    }

    #[test]
    fn texts_without_a_score_are_never_flagged() {
        let mut cases = vec![Case { score: Some(0.9), positive: true }; 40];
        cases.extend(vec![Case { score: None, positive: false }; 400]);
        let found = certify(&cases, &cases, Level { precision: 0.8, delta: 0.05 });
        assert_eq!(found.certified, Some(Test { threshold: 0.9, flagged: 40, correct: 40 }));
    }

    #[test]
    fn nothing_to_rank_is_nothing_to_test() {
        let found = certify(&[], &[], Level { precision: 0.8, delta: 0.05 });
        assert_eq!(found, Search { first: None, certified: None, tested: 0 });
    }
}
