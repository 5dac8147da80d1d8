//! What was measured on, what was left out and why, and how to read all of it.

use crate::eval::manifest::Kind;
use crate::eval::report::html::blocks::{Block, Cell, Section, Table, number_column, words_column};
use crate::eval::report::{BenchmarkReport, EvalReport, LeftOut, SMALL, SourceReport, words};

pub(super) fn section(report: &EvalReport) -> Section {
    let mut blocks = Vec::new();
    if !report.left_out.is_empty() {
        let row = |l: &LeftOut| {
            vec![Cell::Words(l.title.clone()), Cell::Words(l.why.clone()), Cell::Words(l.how_to_add.clone())]
        };
        let head =
            vec![words_column("set"), words_column("why it was left out"), words_column("how to add it")];
        let rows = report.left_out.iter().map(row).collect();
        blocks.push(Block::Table(Table { caption: "Left out".to_owned(), head, rows }));
    }
    blocks.push(Block::Table(looks(report)));
    for b in &report.benchmarks {
        blocks.push(Block::Fold(format!("{} ({}, version {})", b.title, b.name, b.version), one(b)));
    }
    Section { id: "sources", title: "Data, and what was left out", blocks }
}

fn looks(report: &EvalReport) -> Table {
    let head = vec![
        words_column("set"),
        words_column("kind"),
        number_column("texts"),
        number_column("systems that had looked"),
    ];
    let row = |b: &BenchmarkReport| {
        vec![
            Cell::Words(b.title.clone()),
            Cell::Words(kind(b).to_owned()),
            Cell::Number(words::count(b.n)),
            Cell::Number(b.looks.map_or_else(|| "not kept".to_owned(), words::count)),
        ]
    };
    let caption =
        "Looks at the test sets, this system included: the more, the likelier that a good number is luck"
            .to_owned();
    Table { caption, head, rows: report.benchmarks.iter().map(row).collect() }
}

/// What sort of statement a benchmark allows, in a word or two.
fn kind(b: &BenchmarkReport) -> &'static str {
    match b.kind {
        Kind::Panel => "nothing is to be flagged",
        Kind::Labelled => "labelled both ways",
        Kind::Functional => "functions",
        Kind::Positives => "everything is to be flagged",
        Kind::Evidence => "words that people marked",
    }
}

fn one(b: &BenchmarkReport) -> Vec<Block> {
    let mut facts = vec![b.measures.clone(), format!("A flag means: {}", b.flag_means)];
    facts.extend(b.notes.iter().cloned());
    facts.push(format!("Cite: {}", b.citation));
    facts.push(format!("SHA-256 over the cases: {}", b.cases_digest));
    let row = |s: &SourceReport| {
        let origin = s.origin.clone().unwrap_or_else(|| words::NONE.to_owned());
        vec![
            Cell::Code(s.path.clone()),
            Cell::Words(s.licence.clone()),
            Cell::Words(origin),
            Cell::Code(s.sha256.clone()),
        ]
    };
    let head =
        vec![words_column("file"), words_column("licence"), words_column("from"), words_column("SHA-256")];
    let rows = b.sources.iter().map(row).collect();
    vec![Block::List(facts), Block::Table(Table { caption: "Files".to_owned(), head, rows })]
}

/// What may be said from these numbers: `docs/EVALUATION.md` in short.
pub(super) fn how_to_read(report: &EvalReport) -> Section {
    let items = [
        "A rate holds for texts like the benchmark’s. Read what a set measures, and its notes, before quoting a number."
            .to_owned(),
        "Quote the interval and the number of texts with every number. In brackets stands the 95 % interval: made in this \
         way, it holds the true rate for texts of the same kind 19 times of 20. Among a hundred such intervals some five miss."
            .to_owned(),
        format!(
            "Shares have Wilson intervals. F1, AP, the Brier score and means have bootstrap intervals ({} resamples, seed {}); \
             (p) marks a percentile interval, where BCa is not defined. A dash means that there is no number; report.json says why.",
            words::count(report.resamples),
            report.seed
        ),
        "Precision depends on how many positives there are. On a balanced set it says nothing about real traffic, where \
         perhaps one text in a thousand is positive: use the threshold explorer."
            .to_owned(),
        format!("“Small” marks fewer than {SMALL} texts: shown so that nobody is invisible, not for comparing."),
        "A label is somebody’s judgement; a label that a set does not carry is unknown, never “no”.".to_owned(),
        "Thresholds are those the system ships with, except where the heading says that they were chosen on the texts \
         themselves."
            .to_owned(),
    ];
    Section { id: "reading", title: "How to read this", blocks: vec![Block::List(items.into())] }
}
