//! Languages, lengths and whatever else a benchmark is cut by.

use std::collections::BTreeMap;

use crate::eval::report::html::blocks::{
    Block, Cell, Section, Table, cases, chart_column, number_column, share, words_column,
};
use crate::eval::report::html::svg::Axis;
use crate::eval::report::html::svg::strip::{Strip, Style};
use crate::eval::report::metric::Metric;
use crate::eval::report::result::SliceReport;
use crate::eval::report::{BenchmarkReport, EvalReport, SMALL};
use crate::text::language;

const LANGUAGE: &str = "language";
const LENGTH: &str = "length";

pub(super) fn section(report: &EvalReport) -> Section {
    let mut blocks = vec![
        Block::Text(
            "A system that does not read a language gives its texts no score, and nobody is sent to look at them. That is \
             better than a guess, and it is no protection for those who write it."
                .to_owned(),
        ),
        Block::Table(languages(report)),
    ];
    for b in &report.benchmarks {
        let inner: Vec<Block> = tables(b).into_iter().map(Block::Table).collect();
        if !inner.is_empty() {
            blocks.push(Block::Fold(b.title.clone(), inner));
        }
    }
    Section { id: "languages", title: "Languages and lengths", blocks }
}

/// Over all benchmarks: how many texts in each language, and how many of them got no score.
pub(super) fn unread(report: &EvalReport) -> Vec<(&str, usize, usize)> {
    let mut languages: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    for part in report.benchmarks.iter().filter_map(|b| b.own().slices.get(LANGUAGE)).flatten() {
        let seen = languages.entry(&part.value).or_default();
        *seen = (seen.0 + part.n, seen.1 + part.abstained);
    }
    let mut out: Vec<_> =
        languages.into_iter().map(|(language, (n, unread))| (language, n, unread)).collect();
    out.sort_by_key(|(_, _, unread)| std::cmp::Reverse(*unread));
    out
}

/// The name of a language; a set that does not state it has the value `none`.
fn named(language: &str) -> &str {
    language::english_name(language).unwrap_or(if language == "none" { "not stated" } else { language })
}

fn languages(report: &EvalReport) -> Table {
    let bars = Strip { axis: Axis::UNIT, style: Style::Bar };
    let row = |(language, n, abstained): (&str, usize, usize)| {
        let rate = Metric::rate(abstained, n, "no texts");
        vec![
            Cell::Words(named(language).to_owned()),
            cases(n, n < SMALL),
            share(&rate),
            Cell::Chart(bars.row(&[(0, &rate)], None)),
        ]
    };
    let head = vec![
        words_column("language, by the set"),
        number_column("texts"),
        number_column("without a score"),
        chart_column("", bars),
    ];
    let rows = unread(report).into_iter().map(row).collect();
    Table { caption: "All benchmarks together".to_owned(), head, rows }
}

/// Languages and lengths first, then the others by name; slices of one value say nothing.
fn tables(b: &BenchmarkReport) -> Vec<Table> {
    let slices = &b.own().slices;
    let identities = |name: &str| b.own().identities.iter().any(|i| i.slice == name);
    let standing = [LANGUAGE, LENGTH].into_iter().filter_map(|name| slices.get_key_value(name));
    let others = slices.iter().filter(|(name, _)| name.as_str() != LANGUAGE && name.as_str() != LENGTH);
    standing
        .chain(others.filter(|(name, _)| !identities(name)))
        .filter(|(_, parts)| parts.len() > 1)
        .map(|(name, parts)| table(name, parts))
        .collect()
}

fn table(name: &str, parts: &[SliceReport]) -> Table {
    let highest = parts.iter().filter(|p| !p.small).filter_map(|p| p.flagged.high);
    let strip = Strip { axis: Axis::from_zero(highest), style: Style::Dot };
    let mut head = vec![
        words_column("value"),
        number_column("texts"),
        number_column("without a score"),
        number_column("sent to a person"),
        chart_column("", strip),
    ];
    for t in parts.first().into_iter().flat_map(|p| &p.targets) {
        head.push(number_column(&format!("{} caught", t.target)));
        head.push(number_column(&format!("{} false alarms", t.target)));
    }
    let row = |p: &SliceReport| {
        let mut row = vec![
            Cell::Words(p.value.clone()),
            cases(p.n, p.small),
            cases(p.abstained, false),
            share(&p.flagged),
            Cell::Chart(strip.row(&[(0, &p.flagged)], None)),
        ];
        for t in &p.targets {
            row.extend([share(&t.recall), share(&t.false_positive_rate)]);
        }
        row
    };
    Table { caption: format!("By {}", name.replace('_', " ")), head, rows: parts.iter().map(row).collect() }
}
