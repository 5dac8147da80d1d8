//! Tables of scores from another system: `id,score` and perhaps `flagged`.

use std::fmt::Write as _;

use countervail::eval::manifest::Target;
use countervail::eval::predictions::table::Table;
use countervail::eval::subject::Subject;

use crate::eval::bench::*;

fn table(bench: &Bench, target: Target) -> Subject {
    Subject::Table(Table::open(&bench.path("theirs"), "rival", target, score(0.5)).unwrap())
}

/// One row for each case of the made-up benchmark, with the score that its text names.
fn write(bench: &Bench, header: &str, row: impl Fn(usize, usize) -> String) {
    let mut csv = format!("{header}\n");
    for i in 0..600 {
        writeln!(csv, "{}", row(i + 1, i * 61 % 100)).unwrap();
    }
    fs_err::create_dir_all(bench.path("theirs")).unwrap();
    fs_err::write(bench.path("theirs/labelled.csv"), csv).unwrap();
}

#[test]
fn a_table_is_measured_like_the_model_that_gave_the_scores() {
    let bench = Bench::new();
    let manifest = labelled(&bench);
    let ours = bench.run(&manifest, &mut scripted("a"), "ours");
    write(&bench, "score,id", |id, number| format!("0.{number:02},{id}"));
    let theirs = bench.run(&manifest, &mut table(&bench, Target::Extremism), "out");
    let metrics = |report| &only(report).own().targets[0].metrics["average_precision"];
    assert_eq!(metrics(&ours).value, metrics(&theirs).value);
    assert_eq!(only(&ours).own().flagged.value, only(&theirs).own().flagged.value);
    assert_eq!((theirs.subject().name.as_str(), theirs.subject().kind), ("rival", "predictions"));
    let hate = &only(&theirs).own().targets[1];
    assert_eq!(
        (hate.abstained, hate.metrics["average_precision"].value),
        (600, None),
        "it says nothing of hate"
    );
}

#[test]
fn their_own_decision_counts_before_the_threshold() {
    let bench = Bench::new();
    let manifest = labelled(&bench);
    write(&bench, "id,score,flagged", |id, number| format!("{id},0.{number:02},{}", id % 3 == 0));
    let report = bench.run(&manifest, &mut table(&bench, Target::Extremism), "out");
    assert_eq!(only(&report).own().flagged.value.map(|v| (v * 600.0).round()), Some(200.0));
}

#[test]
fn an_empty_score_is_an_abstention() {
    let bench = Bench::new();
    let manifest = labelled(&bench);
    write(&bench, "id,score", |id, _| format!("{id},{}", if id % 2 == 0 { "0.9" } else { "" }));
    let report = bench.run(&manifest, &mut table(&bench, Target::Extremism), "out");
    assert_eq!(only(&report).own().abstained, 300);
}

#[test]
fn tables_that_do_not_fit_are_refused_with_the_line() {
    let bench = Bench::new();
    let manifest = labelled(&bench);
    for (header, row, reason) in [
        ("id,value", "{id},0.5", "no column `score`"),
        ("id,score", "{id},high", "line 2: `score` is no number"),
        ("id,score", "{id},1.5", "line 2: 1.5 is not a score"),
        ("id,score", "{id},NaN", "line 2: NaN is not a score"),
        ("id,score,flagged", "{id},0.5,maybe", "line 2: `flagged` is"),
        ("id,score", "1,0.5", "line 3: a second prediction"),
        ("id,score", "x{id},0.5", "no prediction for case `1`"),
    ] {
        write(&bench, header, |id, _| row.replace("{id}", &id.to_string()));
        let error = bench.try_run(&manifest, &mut table(&bench, Target::Extremism), "out").unwrap_err();
        assert!(error.to_string().contains(reason), "{error}");
    }
    fs_err::remove_file(bench.path("theirs/labelled.csv")).unwrap();
    let error = Table::open(&bench.path("theirs"), "rival", Target::Extremism, score(0.5)).unwrap_err();
    assert!(error.to_string().contains("no NAME.csv"), "{error}");
}
