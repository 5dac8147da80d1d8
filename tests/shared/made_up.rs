//! A made-up report with something in every section: four subjects, and the sets and groups that pages must cope
//! with. No number in it was measured; those that belong together agree.

use std::collections::BTreeMap;

use countervail::eval::compare::Verdict;
use countervail::eval::intervals::Interval;
use countervail::eval::manifest::Kind;
use countervail::eval::report::comparison::Comparison;
use countervail::eval::report::metric::Metric;
use countervail::eval::report::result::{
    EvidenceReport, FunctionReport, IdentitiesReport, IdentityReport, PairReport, SliceReport, SliceTarget,
    SubjectResult, SwapReport,
};
use countervail::eval::report::target::{
    AtK, AtPrevalence, BandPoint, Case, CurvePoint, FixedPoint, ReliabilityBin, RiskPoint, TargetReport,
};
use countervail::eval::report::{
    BenchmarkReport, EvalReport, LeftOut, SCHEMA_VERSION, SMALL, SourceReport, SubjectLine, Tool,
};
use countervail::eval::subject::endpoint::cost::Cost;

const SUBJECTS: [(&str, &str); 4] =
    [("made-up", "bundle"), ("tfidf", "baseline"), ("keywords", "baseline"), ("majority", "baseline")];
const NO_CASES: &str = "no cases";

pub(crate) fn report() -> EvalReport {
    let mut benchmarks = panels();
    benchmarks.push(labelled("forum_test", "Posts of a made-up forum, test split", &["extremism"], 450));
    benchmarks.push(labelled(
        "three_labels",
        "Texts with three labels",
        &["hate", "threat", "toxicity"],
        1300,
    ));
    benchmarks.push(functional());
    benchmarks.push(word_swaps());
    benchmarks.sort_by(|a, b| a.name.cmp(&b.name));
    EvalReport {
        schema_version: SCHEMA_VERSION,
        tool: Tool { name: "countervail", version: "0.0.0" },
        subjects: SUBJECTS.iter().map(|(name, kind)| subject(name, kind)).collect(),
        seed: 1,
        resamples: 1000,
        confidence: 0.95,
        comparisons: comparisons(),
        benchmarks,
        left_out: vec![LeftOut {
            name: "absent".to_owned(),
            title: "A set that nobody could obtain".to_owned(),
            why: "Its authors give it out on request.".to_owned(),
            how_to_add: "Ask them, then put the file beside the others.".to_owned(),
        }],
    }
}

fn subject(name: &str, kind: &str) -> SubjectLine {
    SubjectLine { name: name.to_owned(), digest: format!("sha256:{name}"), kind: kind.into(), policy: None }
}

fn benchmark(name: &str, title: &str, kind: Kind, n: usize) -> BenchmarkReport {
    BenchmarkReport {
        name: name.to_owned(),
        title: title.to_owned(),
        version: 1,
        kind,
        measures: "How the page copes.".to_owned(),
        flag_means: "Nothing; all of it is made up.".to_owned(),
        notes: vec!["Names like <b>&\"this\"</b> must stay words.".to_owned()],
        citation: "Nobody: Nothing. Nowhere, never.".to_owned(),
        sources: vec![SourceReport {
            name: "all".to_owned(),
            path: format!("{name}/all.csv"),
            sha256: "c7".repeat(32),
            origin: Some("https://example.org/sets".to_owned()),
            licence: "CC BY 4.0".to_owned(),
        }],
        cases_digest: "d1".repeat(32),
        budget: None,
        n,
        looks: Some(4),
        results: SUBJECTS.iter().map(|(subject, _)| result(subject)).collect(),
    }
}

fn result(subject: &str) -> SubjectResult {
    SubjectResult {
        subject: subject.to_owned(),
        abstained: 0,
        abstained_languages: BTreeMap::new(),
        flagged: Metric::undefined(0, NO_CASES),
        flagged_of_scored: Metric::undefined(0, NO_CASES),
        bands: BTreeMap::from([("none", 0), ("review", 0), ("urgent", 0)]),
        categories: BTreeMap::new(),
        targets: Vec::new(),
        slices: BTreeMap::new(),
        functions: Vec::new(),
        pairs: Vec::new(),
        identities: Vec::new(),
        swaps: Vec::new(),
        evidence: None,
        cost: Some(Cost::default()),
    }
}

fn panels() -> Vec<BenchmarkReport> {
    let sets = [
        ("news", "News in brief", 3000, 0, 0),
        ("answers", "Answers to hate, by specialists of civil society organisations", 2448, 9, 1),
        ("attack_tweets", "Tweets about attacks", 1841, 6, 12),
        ("scripture", "Scripture in eleven languages", 4400, 2, 3383),
        ("devotion", "Devotional texts in Arabic", 3000, 0, 3000),
        ("speeches", "Speeches to a parliament", 172, 1, 0),
        ("wire", "Newswire about attacks", 795, 3, 0),
        ("fiction", "Chapters of novels", 25, 1, 0),
        ("verses", "Verses", 3000, 4, 0),
    ];
    sets.into_iter()
        .map(|(name, title, n, flagged, unread)| panel(name, title, (n, flagged, unread)))
        .collect()
}

fn panel(name: &str, title: &str, (n, flagged, unread): (usize, usize, usize)) -> BenchmarkReport {
    let mut b = benchmark(name, title, Kind::Panel, n);
    b.budget = Some(0.005);
    for (position, r) in b.results.iter_mut().enumerate() {
        let (k, unread) = (flagged * (1 + 4 * position), if position == 0 { unread } else { 0 });
        r.abstained = unread;
        r.flagged = Metric::rate(k, n, NO_CASES);
        r.flagged_of_scored = Metric::rate(k, n - unread, "no case got a score");
        if unread > 0 {
            r.abstained_languages = BTreeMap::from([("ara".to_owned(), unread - 1), ("kat".to_owned(), 1)]);
        }
        let part = |value: &str, n, abstained| slice_part(value, n, abstained, Vec::new());
        let languages = vec![part("en", n - unread, 0), part("ar", unread, unread)];
        let languages = languages.into_iter().filter(|p| p.n > 0).collect();
        r.slices = BTreeMap::from([("language".to_owned(), languages)]);
    }
    b
}

fn slice_part(value: &str, n: usize, abstained: usize, targets: Vec<SliceTarget>) -> SliceReport {
    let flagged = Metric::rate(n / 50, n, NO_CASES);
    SliceReport { value: value.to_owned(), n, abstained, small: n < SMALL, flagged, targets }
}

fn labelled(name: &str, title: &str, targets: &[&'static str], n: usize) -> BenchmarkReport {
    let mut b = benchmark(name, title, Kind::Labelled, n);
    b.looks = Some(if n < 1000 { 7 } else { 4 });
    for (position, r) in b.results.iter_mut().enumerate() {
        r.flagged = Metric::rate(n / 4, n, NO_CASES);
        r.flagged_of_scored = r.flagged.clone();
        r.targets = targets.iter().enumerate().map(|(at, t)| target(t, n, 3 * position + at)).collect();
        let of = |t: &TargetReport| SliceTarget {
            target: t.target,
            recall: t.metrics["recall"].clone(),
            false_positive_rate: t.metrics["false_positive_rate"].clone(),
            average_precision: t.metrics["average_precision"].clone(),
            roc_auc: t.metrics["roc_auc"].clone(),
        };
        let part = |value: &str, n| slice_part(value, n, 0, r.targets.iter().map(of).collect());
        let lengths = [("<50", n / 3), ("50–149", n / 3), ("150–499", n / 3 - 12), ("500+", 12)];
        let lengths = lengths.into_iter().map(|(value, n)| part(value, n)).collect();
        let languages = vec![part("en", n)];
        r.slices = BTreeMap::from([("language".to_owned(), languages), ("length".to_owned(), lengths)]);
        if position < 2 && targets.len() > 1 {
            r.evidence = Some(EvidenceReport {
                target: "hate",
                n: 900,
                comprehensiveness: about(0.31 - 0.1 * position as f64, 0.03, 900, "bca"),
                sufficiency: about(0.02, 0.02, 900, "bca"),
            });
        }
    }
    b
}

/// A number with an interval this far around it.
fn about(value: f64, half: f64, n: usize, method: &'static str) -> Metric {
    Metric::with_interval(value, Interval { low: value - half, high: value + half }, n, method)
}

/// Scores of `n` made-up cases, better apart the smaller `noise` is, from the highest down.
fn scores(n: usize, noise: usize) -> Vec<(f64, bool)> {
    let mut seed = 7 + noise as u64;
    let mut draw = || {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 40) as f64 / (1_u64 << 24) as f64
    };
    let spread = 0.45 + 0.05 * noise as f64;
    let mut out: Vec<(f64, bool)> = (0..n)
        .map(|i| {
            let positive = i % 3 == 0;
            let middle = if positive { 0.62 } else { 0.3 };
            let score = middle + spread * (draw() + draw() - 1.0);
            ((score.clamp(0.0, 1.0) * 1e4).round() / 1e4, positive)
        })
        .collect();
    out.sort_by(|a, b| b.0.total_cmp(&a.0));
    out
}

fn target(target: &'static str, n: usize, noise: usize) -> TargetReport {
    const THRESHOLD: f64 = 0.5;
    let cases = scores(n, noise);
    let count = |flagged: bool, positive: bool| {
        cases.iter().filter(|c| (c.0 >= THRESHOLD) == flagged && c.1 == positive).count()
    };
    let (tp, fp, tn, false_negatives) =
        (count(true, true), count(true, false), count(false, false), count(false, true));
    let (positives, negatives) = (tp + false_negatives, fp + tn);
    let recall = Metric::rate(tp, positives, NO_CASES);
    let alarms = Metric::rate(fp, negatives, NO_CASES);
    let precision = Metric::rate(tp, tp + fp, "nothing was flagged");
    let at = 1.0 - 0.03 * noise as f64;
    let metrics = BTreeMap::from([
        ("recall", recall.clone()),
        ("false_positive_rate", alarms.clone()),
        ("precision", precision.clone()),
        ("accuracy", Metric::rate(tp + tn, n, NO_CASES)),
        ("f1", about(0.8 * at, 0.03, n, "bca")),
        ("average_precision", about(0.85 * at, 0.02, n, "bca")),
        ("roc_auc", about(0.9 * at, 0.02, n, "delong")),
        ("brier", about(0.13, 0.01, n, "percentile")),
        ("calibration_error", Metric::bare(0.04, n, "resampling noise only adds to it")),
    ]);
    let fixed = |bound| FixedPoint {
        bound,
        threshold: Some(0.61),
        recall: recall.clone(),
        false_positive_rate: alarms.clone(),
        precision: precision.clone(),
    };
    TargetReport {
        target,
        threshold: THRESHOLD,
        positives,
        negatives,
        unknown: 3,
        abstained: 0,
        true_positives: tp,
        false_positives: fp,
        true_negatives: tn,
        false_negatives,
        clusters: n,
        positives_sent: recall.clone(),
        negatives_sent: alarms.clone(),
        at_fixed_fpr: vec![fixed(0.01), fixed(0.05)],
        at_fixed_recall: vec![fixed(0.8), fixed(0.95)],
        precision_at_k: vec![AtK { k: 50, precision: Metric::rate(48, 50, NO_CASES) }],
        at_prevalence: [0.01, 0.001].map(|prevalence| at_prevalence(prevalence, &recall, &alarms)).to_vec(),
        reliability: reliability(&cases),
        risk_coverage: (1..=20).map(|i| risk(&cases, THRESHOLD, i)).collect(),
        curve: curve(&cases),
        precision_band: band(|x| 0.97 - 0.5 * x * x),
        roc_band: band(|x| x.powf(0.25)),
        worst_false_alarms: worst(cases.iter().filter(|c| !c.1).take(5), "all/"),
        worst_misses: worst(cases.iter().rev().filter(|c| c.1).take(5), "all/m"),
        metrics,
    }
}

fn at_prevalence(prevalence: f64, recall: &Metric, alarms: &Metric) -> AtPrevalence {
    let (r, f) = (recall.value.expect("counted"), alarms.value.expect("counted"));
    let precision = prevalence * r / (prevalence * r + (1.0 - prevalence) * f);
    AtPrevalence { prevalence, precision: about(precision, 0.4 * precision, recall.n, "clopper_pearson") }
}

fn reliability(cases: &[(f64, bool)]) -> Vec<ReliabilityBin> {
    let bin = |i: u32| {
        let (low, high) = (f64::from(i) / 10.0, f64::from(i + 1) / 10.0);
        let inside: Vec<_> = cases.iter().filter(|c| c.0 >= low && (c.0 < high || i == 9)).collect();
        let n = inside.len();
        let mean_score = (n > 0).then(|| inside.iter().map(|c| c.0).sum::<f64>() / n as f64);
        let positives = Metric::rate(inside.iter().filter(|c| c.1).count(), n, NO_CASES);
        ReliabilityBin { low, high, mean_score, positives }
    };
    (0..10).map(bin).collect()
}

/// Of the surest twentieths of the cases.
fn risk(cases: &[(f64, bool)], threshold: f64, twentieths: usize) -> RiskPoint {
    let mut surest: Vec<_> = cases.to_vec();
    surest.sort_by(|a, b| (b.0 - threshold).abs().total_cmp(&(a.0 - threshold).abs()));
    surest.truncate(cases.len() * twentieths / 20);
    let wrong = surest.iter().filter(|c| (c.0 >= threshold) != c.1).count();
    RiskPoint { coverage: twentieths as f64 / 20.0, risk: wrong as f64 / surest.len() as f64 }
}

fn curve(cases: &[(f64, bool)]) -> Vec<CurvePoint> {
    let mut out: Vec<CurvePoint> = Vec::new();
    let (mut true_positives, mut false_positives) = (0, 0);
    for (threshold, positive) in cases {
        if *positive {
            true_positives += 1;
        } else {
            false_positives += 1;
        }
        let point = CurvePoint { threshold: *threshold, true_positives, false_positives };
        match out.last_mut().filter(|last| (last.threshold - threshold).abs() < f64::EPSILON) {
            Some(last) => *last = point,
            None => out.push(point),
        }
    }
    let (every, last) = (out.len() / 150 + 1, out.len() - 1);
    out.into_iter().enumerate().filter(|(i, _)| i % every == 0 || *i == last).map(|(_, p)| p).collect()
}

fn band(middle: impl Fn(f64) -> f64) -> Vec<BandPoint> {
    let point = |i: u32| {
        let at = f64::from(i) / 50.0;
        BandPoint { at, low: (middle(at) - 0.05).max(0.0), high: (middle(at) + 0.05).min(1.0) }
    };
    (0..=50).map(point).collect()
}

fn worst<'a>(cases: impl Iterator<Item = &'a (f64, bool)>, prefix: &str) -> Vec<Case> {
    cases.enumerate().map(|(i, c)| Case { id: format!("{prefix}{}", 11 * i + 3), score: c.0 }).collect()
}

fn functional() -> BenchmarkReport {
    let mut b = benchmark("functions", "Functions of a made-up suite", Kind::Functional, 800);
    let tests = [
        ("open_invitation_h", true, 140),
        ("invitation_as_question_h", true, 60),
        ("invitation_misspelt_h", true, 20),
        ("counter_quote_nh", false, 170),
        ("counter_ref_nh", false, 140),
        ("news_report_nh", false, 150),
        ("fiction_nh", false, 120),
    ];
    for (position, r) in b.results.iter_mut().enumerate() {
        r.flagged = Metric::rate(320, 800, NO_CASES);
        r.flagged_of_scored = r.flagged.clone();
        r.targets = vec![target("hate", 800, position)];
        r.functions = tests
            .iter()
            .enumerate()
            .map(|(at, (name, expected, n))| {
                let passed = Metric::rate(n * (95 - 9 * at - 5 * position) / 100, *n, NO_CASES);
                let flagged = passed.clone();
                let function = (*name).to_owned();
                FunctionReport {
                    function,
                    expected: Some(*expected),
                    n: *n,
                    small: *n < SMALL,
                    passed,
                    flagged,
                }
            })
            .collect();
        r.pairs = vec![PairReport {
            name: "invitation, against news about it".to_owned(),
            hateful: Metric::rate(112 - 9 * position, 140, NO_CASES),
            benign: Metric::rate(141, 150, NO_CASES),
            both: Some(0.8),
        }];
        r.identities = vec![identities("hate", "target_ident", position)];
    }
    b
}

fn word_swaps() -> BenchmarkReport {
    let mut b = benchmark("word_swaps", "One sentence, many groups", Kind::Labelled, 1200);
    for (position, r) in b.results.iter_mut().enumerate() {
        r.flagged = Metric::rate(500, 1200, NO_CASES);
        r.flagged_of_scored = r.flagged.clone();
        r.targets = vec![target("toxicity", 1200, position + 1)];
        r.identities = vec![identities("toxicity", "identity", position)];
        r.swaps = vec![SwapReport {
            target: "toxicity",
            groups: 120,
            pairs: 5400,
            flip_rate: about(0.06 + 0.05 * position as f64, 0.02, 5400, "bca"),
            score_gap: about(0.04, 0.01, 5400, "bca"),
        }];
    }
    b
}

fn identities(target: &'static str, slice: &str, noise: usize) -> IdentitiesReport {
    let identity = |at: usize| {
        let n = [240, 200, 170, 160, 120, 90, 22, 9][at];
        let alarms = (n / 2 * (2 + 3 * at + noise) / 100).min(n / 2);
        let auc = |base: f64| match n {
            9 => Metric::undefined(9, "one class only"),
            _ => about(base - 0.04 * at as f64, 0.02, n, "bca"),
        };
        IdentityReport {
            identity: format!("Group {}", ["A", "B", "C", "D", "E", "F", "G", "H"][at]),
            n,
            positives: n / 2,
            small: n < SMALL,
            subgroup_auc: auc(0.97),
            bpsn_auc: auc(0.95),
            bnsp_auc: auc(0.98),
            false_positive_rate: Metric::rate(alarms, n / 2, NO_CASES),
            false_negative_rate: Metric::rate(n / 10, n / 2, NO_CASES),
            false_positive_difference: about(
                0.03 * at as f64 - 0.06 + 0.02 * noise as f64,
                0.04,
                n,
                "newcombe",
            ),
            false_negative_difference: about(0.02, 0.05, n, "newcombe"),
        }
    };
    IdentitiesReport {
        target,
        slice: slice.to_owned(),
        subgroup_auc_mean: about(0.9, 0.02, 1000, "bca"),
        bpsn_auc_mean: about(0.88 - 0.05 * noise as f64, 0.02, 1000, "bca"),
        bnsp_auc_mean: about(0.92, 0.02, 1000, "bca"),
        bias_score: about(0.9, 0.02, 1000, "bca"),
        false_positive_gap: about(0.15 + 0.05 * noise as f64, 0.04, 1000, "newcombe"),
        false_negative_gap: about(0.08, 0.04, 1000, "newcombe"),
        identities: (0..8).map(identity).collect(),
    }
}

fn comparisons() -> Vec<Comparison> {
    let verdicts = [Verdict::Better, Verdict::NoDetectableDifference, Verdict::Worse];
    let rivals = SUBJECTS.iter().skip(1).zip(verdicts);
    rivals
        .map(|((rival, _), verdict)| Comparison {
            benchmark: "forum_test".to_owned(),
            target: "extremism".to_owned(),
            subject: SUBJECTS[0].0.to_owned(),
            rival: (*rival).to_owned(),
            n: 450,
            only_subject_right: 60,
            only_rival_right: 31,
            accuracy_difference: about(0.064, 0.04, 450, "newcombe"),
            average_precision_difference: about(0.05, 0.03, 450, "bca"),
            roc_auc_difference: about(0.04, 0.03, 450, "delong"),
            mcnemar_p: 0.003,
            adjusted_p: 0.0003,
            minimal_detectable_difference: Some(0.058),
            verdict,
        })
        .collect()
}
