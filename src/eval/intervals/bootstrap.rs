//! Bootstrap intervals for metrics that are not simple rates.
//!
//! **Which bootstrap.** Cases are drawn with replacement, whole clusters at a time when cases share one (the
//! template, thread or author they come from), otherwise one by one; not stratified by class, so the interval
//! also carries the chance in how many positives a sample has. The interval is BCa (bias-corrected and
//! accelerated; Efron, "Better bootstrap confidence intervals", JASA 82, 1987), with the acceleration from the
//! jackknife over clusters; with more than 200 of them from the delete-a-group jackknife (Shao and Tu, "The Jackknife
//! and Bootstrap", 1995, section 5.1): 200 groups of them, drawn by the seed, are left out in turn. It estimates the
//! same acceleration, skewness / (6·√clusters), and keeps the cost linear in the cases. Where BCa is not defined (all resamples equal, or a jackknife value undefined) it
//! is the percentile interval, and says so.
//!
//! **Determinism.** Resample `b` has its own ChaCha8 stream of the run's seed, so the threads' order cannot matter.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use statrs::distribution::{ContinuousCDF, Normal};

use crate::eval::intervals::{Interval, Z_95};
use crate::eval::metrics::ranking::Ranked;

/// How many resamples a report makes unless told otherwise.
pub const DEFAULT_RESAMPLES: usize = 1000;

/// The jackknife leaves out at most so many groups of clusters, one after the other.
pub const JACKKNIFE_BLOCKS: usize = 200;

/// How to resample.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Plan {
    pub seed: u64,
    /// At least 100 for the 2.5 % ends to mean anything.
    pub resamples: usize,
}

/// How an interval was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    Bca,
    Percentile,
}

impl Method {
    #[must_use]
    pub const fn id(self) -> &'static str {
        match self {
            Self::Bca => "bca",
            Self::Percentile => "percentile",
        }
    }
}

/// A bootstrap interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bootstrapped {
    pub interval: Interval,
    pub method: Method,
}

/// Intervals of the metrics of [`Statistics`](crate::eval::metrics::ranking::Statistics); `None` where the metric is undefined on the cases themselves
/// or on half of the resamples.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Intervals {
    pub f1: Option<Bootstrapped>,
    pub average_precision: Option<Bootstrapped>,
    pub roc_auc: Option<Bootstrapped>,
    pub brier: Option<Bootstrapped>,
}

/// A number and its 95 % bootstrap interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Estimate {
    /// `None` where it is not defined on the cases.
    pub value: Option<f64>,
    /// `None` without a value, with fewer than two clusters, or where more than half of the resamples leave the
    /// number undefined; those that do are left out.
    pub interval: Option<Bootstrapped>,
}

/// The 95 % intervals of every metric. `clusters[i]` is the cluster of case `i` of `ranked`'s input, numbered
/// from 0 without gaps.
///
/// # Panics
/// When `clusters` has another length than `ranked`.
#[must_use]
pub fn intervals(ranked: &Ranked, clusters: &[usize], plan: Plan) -> Intervals {
    assert_eq!(ranked.len(), clusters.len(), "every case has a cluster");
    let all = estimates(clusters, plan, |weights| {
        let s = ranked.weighted(weights);
        vec![s.f1, s.average_precision, s.roc_auc, s.brier]
    });
    Intervals {
        f1: all[0].interval,
        average_precision: all[1].interval,
        roc_auc: all[2].interval,
        brier: all[3].interval,
    }
}

/// Any numbers of weighted cases, each with its interval. `statistics` gets how often each case counts, all 1 for the
/// cases themselves, and answers with equally many numbers every time. `clusters[i]` is the cluster of case `i`,
/// numbered from 0 without gaps; one number for each case where none share one.
///
/// Costs one pass per resample and at most [`JACKKNIFE_BLOCKS`] more, on all cores.
pub fn estimates(
    clusters: &[usize],
    plan: Plan,
    statistics: impl Fn(&[usize]) -> Vec<Option<f64>> + Sync,
) -> Vec<Estimate> {
    let replicates = Replicates::draw(clusters, plan, statistics);
    (0..replicates.point.len()).map(|i| replicates.estimate(i)).collect()
}

/// [`estimates`] of a single number.
pub fn estimate(
    clusters: &[usize],
    plan: Plan,
    statistic: impl Fn(&[usize]) -> Option<f64> + Sync,
) -> Estimate {
    Replicates::draw(clusters, plan, |weights| vec![statistic(weights)]).estimate(0)
}

/// What resampling found: rows are resamples, columns the numbers.
pub(crate) struct Replicates {
    pub(crate) point: Vec<Option<f64>>,
    drawn: Vec<Vec<Option<f64>>>,
    jackknife: Vec<Vec<Option<f64>>>,
}

impl Replicates {
    pub(crate) fn draw(
        clusters: &[usize],
        plan: Plan,
        statistics: impl Fn(&[usize]) -> Vec<Option<f64>> + Sync,
    ) -> Self {
        let point = statistics(&vec![1; clusters.len()]);
        let count = clusters.iter().max().map_or(0, |m| m + 1);
        if count < 2 {
            return Self { point, drawn: Vec::new(), jackknife: Vec::new() };
        }
        let weighted = |weight: &(dyn Fn(usize) -> usize + Sync)| {
            statistics(&clusters.iter().map(|&c| weight(c)).collect::<Vec<_>>())
        };
        let drawn = (0..plan.resamples)
            .into_par_iter()
            .map(|b| {
                let drawn = draw(count, plan.seed, b as u64);
                weighted(&|c| drawn[c])
            })
            .collect();
        let block = blocks(count, plan.seed);
        let jackknife = (0..count.min(JACKKNIFE_BLOCKS))
            .into_par_iter()
            .map(|left_out| weighted(&|c| usize::from(block[c] != left_out)))
            .collect();
        Self { point, drawn, jackknife }
    }

    /// The resamples' values of number `i`; `None` when it is undefined on more than half of them.
    pub(crate) fn values(&self, i: usize) -> Option<Vec<f64>> {
        let values: Vec<f64> = self.drawn.iter().filter_map(|row| row[i]).collect();
        (!values.is_empty() && 2 * values.len() >= self.drawn.len()).then_some(values)
    }

    pub(crate) fn estimate(&self, i: usize) -> Estimate {
        let value = self.point[i];
        let left: Option<Vec<f64>> = self.jackknife.iter().map(|row| row[i]).collect();
        let interval = value.zip(self.values(i)).and_then(|(v, drawn)| interval(v, drawn, left.as_deref()));
        Estimate { value, interval }
    }
}

/// The jackknife's group of each of `count` clusters: of its own, or with more than [`JACKKNIFE_BLOCKS`] of them one of
/// as many groups that are drawn, since files have an order and a rule as "every 200th" might follow it.
fn blocks(count: usize, seed: u64) -> Vec<usize> {
    let mut order: Vec<usize> = (0..count).collect();
    if count > JACKKNIFE_BLOCKS {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        // A stream that no resample has.
        rng.set_stream(u64::MAX);
        for i in (1..count).rev() {
            order.swap(i, rng.random_range(0..=i));
        }
    }
    order.into_iter().map(|place| place % JACKKNIFE_BLOCKS).collect()
}

/// How often each of `count` clusters was drawn in resample `b`.
fn draw(count: usize, seed: u64, b: u64) -> Vec<usize> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(b);
    let mut drawn = vec![0; count];
    for _ in 0..count {
        drawn[rng.random_range(0..count)] += 1;
    }
    drawn
}

/// The 95 % interval of a point estimate from its bootstrap `replicates` and, for BCa, its `jackknife` values;
/// widened to hold the point estimate itself where bias correction would leave it outside. `None` without replicates.
#[must_use]
pub fn interval(point: f64, mut replicates: Vec<f64>, jackknife: Option<&[f64]>) -> Option<Bootstrapped> {
    if replicates.is_empty() {
        return None;
    }
    replicates.sort_by(f64::total_cmp);
    let bca = jackknife.and_then(|left| bca_levels(point, &replicates, left));
    let method = if bca.is_some() { Method::Bca } else { Method::Percentile };
    let (low, high) = bca.unwrap_or((0.025, 0.975));
    let interval =
        Interval { low: quantile(&replicates, low).min(point), high: quantile(&replicates, high).max(point) };
    Some(Bootstrapped { interval, method })
}

/// The two quantile levels of BCa: Φ(z₀ + (z₀ ± z) / (1 − a·(z₀ ± z))).
///
/// z₀ = Φ⁻¹ of the share of replicates below the estimate (equal ones count half); a = Σdᵢ³ / (6·(Σdᵢ²)^1.5)
/// with dᵢ = mean of the jackknife values − the i-th.
fn bca_levels(point: f64, sorted: &[f64], jackknife: &[f64]) -> Option<(f64, f64)> {
    let below = sorted.partition_point(|v| *v < point);
    let up_to = sorted.partition_point(|v| *v <= point);
    let share = (below + up_to) as f64 / (2.0 * sorted.len() as f64);
    if !(0.0 < share && share < 1.0) {
        return None;
    }
    let mean = jackknife.iter().sum::<f64>() / jackknife.len() as f64;
    let (squares, cubes) = jackknife.iter().fold((0.0, 0.0), |(s, c), v| {
        let d = mean - v;
        (s + d * d, c + d * d * d)
    });
    let acceleration = cubes / (6.0 * f64::powf(squares, 1.5));
    if !acceleration.is_finite() {
        return None;
    }
    let normal = Normal::standard();
    let z0 = normal.inverse_cdf(share);
    let level = |z: f64| normal.cdf(z0 + (z0 + z) / (1.0 - acceleration * (z0 + z)));
    let levels = (level(-Z_95), level(Z_95));
    (levels.0 < levels.1).then_some(levels)
}

/// Quantile of sorted values by linear interpolation between order statistics (type 7 of Hyndman and Fan, the
/// default of NumPy and R).
fn quantile(sorted: &[f64], level: f64) -> f64 {
    let at = level.clamp(0.0, 1.0) * (sorted.len() - 1) as f64;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and the length")]
    let below = at.floor() as usize;
    let above = (below + 1).min(sorted.len() - 1);
    sorted[below] + (sorted[above] - sorted[below]) * (at - below as f64)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::eval::metrics::Case;

    const PLAN: Plan = Plan { seed: 7, resamples: 200 };

    fn case(score: f32, positive: bool) -> Case {
        Case { score: Some(score), positive, flagged: score >= 0.5 }
    }

    #[test]
    fn one_cluster_says_nothing_about_chance() {
        let cases = [case(0.1, false), case(0.9, true)];
        assert_eq!(intervals(&Ranked::new(&cases), &[0, 0], PLAN), Intervals::default());
    }

    #[test]
    fn a_seed_gives_the_same_interval_and_another_does_not() {
        let cases: Vec<Case> = (0u16..60).map(|i| case(f32::from(i * 37 % 60) / 60.0, i % 3 == 0)).collect();
        let clusters: Vec<usize> = (0..60).collect();
        let ranked = Ranked::new(&cases);
        let first = intervals(&ranked, &clusters, PLAN);
        assert_eq!(first, intervals(&ranked, &clusters, PLAN));
        assert_ne!(first, intervals(&ranked, &clusters, Plan { seed: 8, ..PLAN }));
    }

    #[test]
    fn clusters_widen_the_interval_when_their_cases_agree() {
        // Twenty templates of ten equal cases each: two hundred cases say no more than twenty.
        let cases: Vec<Case> =
            (0u8..200).map(|i| case(f32::from(i / 10 * 7 % 20) / 20.0, i / 10 % 2 == 0)).collect();
        let ranked = Ranked::new(&cases);
        let width = |clusters: Vec<usize>| {
            let i = intervals(&ranked, &clusters, PLAN).roc_auc.unwrap().interval;
            i.high - i.low
        };
        assert!(width((0..200).map(|i| i / 10).collect()) > 2.0 * width((0..200).collect()));
    }

    #[test]
    fn a_perfect_ranking_falls_back_to_percentiles() {
        let cases: Vec<Case> = (0u8..40).map(|i| case(f32::from(i) / 40.0, i >= 20)).collect();
        let got = intervals(&Ranked::new(&cases), &(0..40).collect::<Vec<_>>(), PLAN).roc_auc.unwrap();
        assert_eq!(got.method, Method::Percentile);
        assert_eq!(got.interval, Interval { low: 1.0, high: 1.0 });
    }

    #[test]
    fn leaving_out_groups_accelerates_like_leaving_out_one() {
        // Skewed values, so that the acceleration is far from 0.
        let values: Vec<f64> =
            (0..1000).map(|i| f64::from(i * 379 % 1000 + 1) / 1000.0).map(|u| -u.ln()).collect();
        let mean = |kept: &dyn Fn(usize) -> bool| {
            let kept: Vec<f64> = (0..1000).filter(|&i| kept(i)).map(|i| values[i]).collect();
            kept.iter().sum::<f64>() / kept.len() as f64
        };
        let each: Vec<f64> = (0..1000).map(|out| mean(&|i| i != out)).collect();
        let grouped: Vec<f64> =
            (0..JACKKNIFE_BLOCKS).map(|out| mean(&|i| i % JACKKNIFE_BLOCKS != out)).collect();
        let replicates: Vec<f64> = (0..500)
            .map(|b| {
                let drawn = draw(1000, 3, b);
                drawn.iter().zip(&values).map(|(&n, v)| n as f64 * v).sum::<f64>() / 1000.0
            })
            .collect();
        let point = mean(&|_| true);
        let fine = interval(point, replicates.clone(), Some(&each)).unwrap().interval;
        let coarse = interval(point, replicates, Some(&grouped)).unwrap().interval;
        let width = fine.high - fine.low;
        assert!((fine.low - coarse.low).abs() < 0.02 * width, "{fine:?} {coarse:?}");
        assert!((fine.high - coarse.high).abs() < 0.02 * width, "{fine:?} {coarse:?}");
    }

    #[test]
    fn groups_of_the_jackknife_are_of_one_size_and_single_where_there_are_few() {
        assert_eq!(blocks(150, 1), (0..150).collect::<Vec<_>>());
        let drawn = blocks(1000, 1);
        assert_ne!(drawn, (0..1000).map(|c| c % JACKKNIFE_BLOCKS).collect::<Vec<_>>(), "they are drawn");
        assert!((0..JACKKNIFE_BLOCKS).all(|b| drawn.iter().filter(|&&d| d == b).count() == 5));
    }

    #[test]
    fn the_cost_does_not_grow_with_the_square_of_the_clusters() {
        let passes = std::sync::Mutex::new(Vec::new());
        let clusters: Vec<usize> = (0..1000).collect();
        let _ = estimate(&clusters, PLAN, |w| {
            passes.lock().unwrap().push(w.iter().sum::<usize>());
            Some(0.5)
        });
        let passes = passes.into_inner().unwrap();
        // The cases, the resamples, and the jackknife, each of whose passes leaves out five of a thousand.
        assert_eq!(passes.len(), 1 + PLAN.resamples + JACKKNIFE_BLOCKS);
        assert_eq!(passes.iter().filter(|&&n| n == 995).count(), JACKKNIFE_BLOCKS);
    }

    #[test]
    fn an_interval_holds_its_estimate_whatever_the_resamples_say() {
        let above = interval(0.2, vec![0.4, 0.5, 0.6], None).unwrap().interval;
        let below = interval(0.9, vec![0.4, 0.5, 0.6], None).unwrap().interval;
        assert_eq!((above.low, below.high), (0.2, 0.9));
    }

    #[test]
    fn nineteen_of_twenty_intervals_hold_the_truth() {
        let runs = 200;
        let held = (0..runs).filter(|&run| {
            let mut rng = ChaCha8Rng::seed_from_u64(run);
            let values: Vec<f64> = (0..60).map(|_| rng.random::<f64>().powi(2)).collect();
            let clusters: Vec<usize> = (0..values.len()).collect();
            let mean = estimate(&clusters, PLAN, |w| {
                Some(values.iter().zip(w).map(|(v, &n)| v * n as f64).sum::<f64>() / 60.0)
            });
            let ends = mean.interval.unwrap().interval;
            ends.low <= 1.0 / 3.0 && 1.0 / 3.0 <= ends.high
        });
        let held = held.count();
        assert!((180..=198).contains(&held), "{held} of {runs}");
    }

    #[test]
    fn what_most_resamples_leave_undefined_has_no_interval() {
        let clusters: Vec<usize> = (0..10).collect();
        // Defined only where the first case was drawn more than once: one resample in four.
        let rare = estimate(&clusters, PLAN, |w| (w[0] > 1 || w.iter().all(|&n| n == 1)).then_some(0.5));
        assert_eq!((rare.value, rare.interval), (Some(0.5), None));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]
        #[test]
        fn the_estimate_lies_inside(scores in proptest::collection::vec((0u8..=20, any::<bool>()), 4..30)) {
            let cases: Vec<Case> = scores.iter().map(|&(s, p)| case(f32::from(s) / 20.0, p)).collect();
            let clusters: Vec<usize> = (0..cases.len()).collect();
            let ranked = Ranked::new(&cases);
            let (point, got) = (ranked.statistics(), intervals(&ranked, &clusters, PLAN));
            for (value, interval) in [
                (point.f1, got.f1),
                (point.average_precision, got.average_precision),
                (point.roc_auc, got.roc_auc),
                (point.brier, got.brier),
            ] {
                if let (Some(value), Some(b)) = (value, interval) {
                    prop_assert!(b.interval.low <= value && value <= b.interval.high);
                    prop_assert!(0.0 <= b.interval.low && b.interval.high <= 1.0);
                }
            }
        }
    }
}
