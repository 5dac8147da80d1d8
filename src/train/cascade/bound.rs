//! Below which logit the first stage may stop texts, bucket by bucket, so that the share of flagged texts that it keeps
//! is certain enough.
//!
//! In a bucket with n flagged texts of the calibration split, of which k have a logit of at least t, the recall kept at
//! t is certified when the one-sided lower bound of Clopper and Pearson (Biometrika 26, 1934) for k of n reaches the
//! promised share. Thresholds are tested from the lowest upwards, each at the full level of its bucket, until the first
//! that fails: fixed-sequence testing, as in Learn then Test (Angelopoulos, Bates, Candès, Jordan and Lei, 2021). Since
//! k only falls as t rises there is exactly one place where tests begin to fail, so the highest certified threshold is a
//! rank: the flagged text with the (allowed losses + 1)-th lowest logit (Wilks, "Determination of sample sizes for
//! setting tolerance limits", 1941).
//!
//! Two things must be kept, a share of the flagged texts and one of those of which anything is said; a threshold has to
//! pass both tests (intersection–union: no correction is due). Buckets are tested at 1 − δ/m each, so that all m keep
//! their promise together with confidence 1 − δ (Bonferroni). Which buckets are tested, the m with the most flagged
//! texts, is decided by their numbers alone, which say nothing about the first stage.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use crate::inference::cascade::bucket::Lengths;
use crate::inference::cascade::file::{BucketLine, Retained, TermsLine};
use crate::train::cascade::terms::Terms;
use crate::train::promise::level::Level;

/// A text of the calibration split. Texts are independent: no near-copies.
#[derive(Debug, Clone, PartialEq)]
pub struct Case {
    /// Language of its bucket.
    pub language: String,
    /// Which of the [`Lengths`].
    pub length: usize,
    /// What the first stage says; infinite when it has nothing to go by, and never stops.
    pub logit: f32,
    /// Whether the encoder flags the text.
    pub flagged: bool,
    /// Whether it does, or a category applies.
    pub said: bool,
}

/// What was certified.
#[derive(Debug, Clone, PartialEq)]
pub struct Certified {
    pub terms: TermsLine,
    /// Every bucket with a text, by language and length.
    pub buckets: Vec<BucketLine>,
}

/// Chooses the thresholds.
#[must_use]
pub fn certify(cases: &[Case], lengths: &Lengths, terms: &Terms) -> Certified {
    let mut by_bucket: BTreeMap<(&str, usize), Vec<&Case>> = BTreeMap::new();
    for case in cases {
        by_bucket.entry((&case.language, case.length)).or_default().push(case);
    }
    let counts: Vec<usize> = by_bucket.values().map(|of| of.iter().filter(|c| c.flagged).count()).collect();
    let tested = testable(&counts, terms);
    let levels = levels(terms, tested.len());
    let buckets = by_bucket.iter().enumerate().map(|(i, ((language, length), cases))| {
        let threshold = tested.contains(&i).then(|| highest(cases, levels)).flatten();
        let (from, below) = lengths.range(*length);
        let stopped = |c: &Case| threshold.is_some_and(|t| c.logit < t);
        let retained = |level: Level, counts: &dyn Fn(&Case) -> bool| {
            let texts = cases.iter().filter(|c| counts(c)).count();
            let kept = cases.iter().filter(|c| counts(c) && !stopped(c)).count();
            Retained { texts, kept, bound: level.lower_bound(kept, texts) }
        };
        BucketLine {
            language: (*language).to_owned(),
            from,
            below,
            threshold,
            texts: cases.len(),
            stopped: cases.iter().filter(|c| stopped(c)).count(),
            flagged: retained(levels.flagged, &|c| c.flagged),
            said: retained(levels.said, &|c| c.said),
        }
    });
    let buckets = buckets.collect();
    let Terms { retained, retained_named, confidence, .. } = *terms;
    Certified { terms: TermsLine { retained, retained_named, confidence, tested: tested.len() }, buckets }
}

/// What is to be kept, and how surely in one bucket.
#[derive(Debug, Clone, Copy)]
struct Levels {
    flagged: Level,
    said: Level,
}

/// Those of each of `tested` buckets.
fn levels(terms: &Terms, tested: usize) -> Levels {
    let delta = (1.0 - terms.confidence) / tested.max(1) as f64;
    let level = |precision: f64| Level { precision, delta };
    Levels { flagged: level(terms.retained), said: level(terms.retained_named) }
}

/// Which buckets can be tested at once, by their places in `counts`, their numbers of flagged texts: the more there are,
/// the more texts each needs.
fn testable(counts: &[usize], terms: &Terms) -> Vec<usize> {
    let mut most_first: Vec<usize> = (0..counts.len()).collect();
    most_first.sort_by_key(|i| Reverse(counts[*i]));
    let enough = |m: &usize| counts[most_first[m - 1]] >= levels(terms, *m).flagged.fewest();
    let tested = (1..=counts.len()).rev().find(enough).unwrap_or(0);
    most_first.truncate(tested);
    most_first
}

/// The highest threshold at which both are kept; `None` when not even losing nothing certifies, or nothing would be
/// stopped.
fn highest(cases: &[&Case], levels: Levels) -> Option<f32> {
    let of = |level: Level, counts: &dyn Fn(&Case) -> bool| -> Option<f32> {
        let mut logits: Vec<f32> = cases.iter().filter(|c| counts(c)).map(|c| c.logit).collect();
        logits.sort_unstable_by(f32::total_cmp);
        logits.get(allowed_losses(logits.len(), level)?).copied()
    };
    let threshold = of(levels.flagged, &|c| c.flagged)?.min(of(levels.said, &|c| c.said)?);
    threshold.is_finite().then_some(threshold)
}

/// How many of `n` may be lost; `None` when none may and even that certifies nothing.
fn allowed_losses(n: usize, level: Level) -> Option<usize> {
    // A loss more only makes the bound lower.
    (0..=n).take_while(|lost| level.certifies(n - lost, n)).last()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::train::batches::generator;

    fn terms(retained: f64, confidence: f64) -> Terms {
        Terms { retained, retained_named: retained, confidence, lengths: Vec::new(), ..Terms::default() }
    }

    fn one_length() -> Lengths {
        Lengths::new(Vec::new()).unwrap()
    }

    fn case(language: &str, logit: f32, flagged: bool) -> Case {
        Case { language: language.to_owned(), length: 0, logit, flagged, said: flagged }
    }

    #[test]
    fn so_many_may_be_lost() {
        let level = Level { precision: 0.99, delta: 0.05 };
        // 0.99²⁹⁸ is just above one in twenty, 0.99²⁹⁹ just below.
        assert_eq!([298, 299, 472, 473].map(|n| allowed_losses(n, level)), [None, Some(0), Some(0), Some(1)]);
        assert_eq!(allowed_losses(0, level), None);
    }

    #[test]
    fn a_bucket_stops_below_its_rank_and_a_poor_one_stops_nothing() {
        let mut cases: Vec<Case> = (0..473).map(|i| case("eng", i as f32, true)).collect();
        cases.extend((0..500).map(|i| case("eng", i as f32 - 499.0, false)));
        cases.extend((0..100).map(|i| case("deu", i as f32, true)));
        let certified = certify(&cases, &one_length(), &terms(0.99, 0.95));
        assert_eq!(certified.terms.tested, 1, "only one bucket has enough");
        let [german, english] = &certified.buckets[..] else { panic!("two buckets") };
        assert_eq!((german.threshold, german.stopped, german.flagged.kept), (None, 0, 100));
        assert_eq!(english.threshold, Some(1.0));
        assert_eq!((english.flagged.texts, english.flagged.kept), (473, 472));
        assert!(english.flagged.bound >= 0.99);
        // All below 1, the one flagged text at 0 among them.
        assert_eq!(english.stopped, 501);
    }

    #[test]
    fn what_is_said_must_be_kept_as_well() {
        let mut cases: Vec<Case> = (0..400).map(|_| case("eng", 2.0, true)).collect();
        let named = Case { said: true, ..case("eng", -1.0, false) };
        cases.extend(std::iter::repeat_n(named, 40));
        let threshold = certify(&cases, &one_length(), &terms(0.99, 0.95)).buckets[0].threshold;
        assert_eq!(threshold, Some(-1.0), "forty of 440 are too many to lose");
    }

    #[test]
    fn the_more_buckets_the_more_texts_each_needs() {
        let tested = |counts: &[usize]| testable(counts, &terms(0.99, 0.95));
        assert_eq!(tested(&[437; 4]), [0, 1, 2, 3]);
        assert_eq!(tested(&[435; 4]), [0, 1, 2], "three of them, though each would do with two others");
        assert_eq!(tested(&[298; 4]), [0; 0]);
        assert_eq!(tested(&[3, 5000, 2]), [1]);
        // 368 are enough where two are tested, and the third could not be tested beside them.
        assert_eq!(tested(&[369, 1200, 1100]), [1, 2]);
        assert_eq!(tested(&[]), [0; 0]);
    }

    #[test]
    fn a_text_without_features_is_never_the_threshold() {
        let cases: Vec<Case> = (0..400).map(|_| case("eng", f32::INFINITY, true)).collect();
        assert_eq!(certify(&cases, &one_length(), &terms(0.99, 0.95)).buckets[0].threshold, None);
    }

    /// Logits of flagged texts are evenly spread over 0..1 in one bucket and skewed in the other: the true recall at a
    /// threshold is known.
    fn draw(rng: &mut impl rand::Rng, n: usize) -> Vec<Case> {
        let mut uniform = || (rng.next_u32() >> 8) as f32 / (1_u32 << 24) as f32;
        let mut cases: Vec<Case> = (0..n).map(|_| case("eng", uniform(), true)).collect();
        cases.extend((0..n).map(|_| case("deu", uniform().powi(2), true)));
        cases
    }

    #[test]
    fn all_buckets_keep_their_promise_as_often_as_they_say() {
        const RUNS: u64 = 1000;
        let terms = terms(0.95, 0.9);
        let (mut broken, mut naively, mut certified) = (0, 0, 0);
        for run in 0..RUNS {
            let cases = draw(&mut generator(run, "cascade", 0), 300);
            let found = certify(&cases, &one_length(), &terms);
            let at = |language: &str| {
                found.buckets.iter().find(|b| b.language == language).and_then(|b| b.threshold)
            };
            let (Some(eng), Some(deu)) = (at("eng"), at("deu")) else { continue };
            certified += 1;
            // The true recall is 1 − t, and 1 − √t.
            broken += u32::from(eng > 0.05 || deu.sqrt() > 0.05);
            let mut logits: Vec<f32> =
                cases.iter().filter(|c| c.language == "eng").map(|c| c.logit).collect();
            logits.sort_unstable_by(f32::total_cmp);
            naively += u32::from(logits[15] > 0.05);
        }
        assert_eq!(certified, RUNS);
        // Three standard deviations above one in ten.
        assert!(broken <= 128, "{broken} of {RUNS} promises were broken");
        assert!(broken > 20, "only {broken}: the bound would be far too careful");
        assert!(
            naively > 400,
            "only {naively} of {RUNS} thresholds that keep 95 % of the sample were too high"
        );
    }

    proptest! {
        #[test]
        fn what_is_certified_reaches_the_share(
            seed in 0_u64..1000, n in 1_usize..800, retained in 0.5_f64..0.99, confidence in 0.5_f64..0.99,
        ) {
            let cases = draw(&mut generator(seed, "cascade", 1), n);
            let found = certify(&cases, &one_length(), &terms(retained, confidence));
            for bucket in &found.buckets {
                prop_assert!(bucket.threshold.is_none() || bucket.flagged.bound >= retained - 1e-12);
                prop_assert!(bucket.threshold.is_some() || bucket.stopped == 0);
            }
        }
    }
}
