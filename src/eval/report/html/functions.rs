//! Functional suites: one ability after the other, and what must be flagged beside what only looks like it.

use crate::eval::report::html::blocks::{
    Block, Cell, Section, cases, chart_column, number_column, share, share_of, table, words_column,
};
use crate::eval::report::html::legend;
use crate::eval::report::html::svg::Axis;
use crate::eval::report::html::svg::strip::{Strip, Style};
use crate::eval::report::metric::Metric;
use crate::eval::report::result::{FunctionReport, PairReport, SubjectResult};
use crate::eval::report::{BenchmarkReport, EvalReport, words};

const BARS: Strip = Strip { axis: Axis::UNIT, style: Style::Bar };

pub(super) fn section(report: &EvalReport) -> Section {
    let suites: Vec<_> = report.benchmarks.iter().filter(|b| !b.own().functions.is_empty()).collect();
    let mut blocks = Vec::new();
    if !suites.is_empty() {
        blocks.push(Block::Text(
            "Each function tests one ability with short constructed texts. Right: flagged where it must be, left alone where \
             it must not. A pair sets what must be flagged beside its harmless twin; “both” is the lower of the two rates, so \
             flagging everything, or nothing, gives 0."
                .to_owned(),
        ));
        blocks.extend(legend(report));
        for b in suites {
            blocks.push(Block::Heading(b.title.clone()));
            blocks.extend(pairs(b));
            let parts =
                [("Must be flagged", Some(true)), ("Must not be flagged", Some(false)), ("Mixed", None)];
            let tables = parts.into_iter().filter_map(|(title, expected)| part(b, title, expected)).collect();
            blocks.push(Block::Fold(format!("{}: every function", b.title), tables));
        }
    }
    Section { id: "functions", title: "Functions", blocks }
}

fn pairs(b: &BenchmarkReport) -> Option<Block> {
    let head = vec![
        words_column("pair"),
        number_column("must be flagged: right"),
        chart_column("", BARS),
        number_column("must not: right"),
        chart_column("", BARS),
        number_column("both"),
    ];
    let row = |position: usize| {
        let pair = &b.own().pairs[position];
        let side = |of: fn(&PairReport) -> &Metric| {
            let results = b.results.iter().enumerate();
            let metrics = results.filter_map(|(at, r)| Some((at, of(r.pairs.get(position)?))));
            Cell::Chart(BARS.row(&metrics.collect::<Vec<_>>(), None))
        };
        vec![
            Cell::Words(pair.name.clone()),
            share_of(&pair.hateful),
            side(|p| &p.hateful),
            share_of(&pair.benign),
            side(|p| &p.benign),
            Cell::Number(pair.both.map_or_else(|| words::NONE.to_owned(), words::percent)),
        ]
    };
    let rows: Vec<_> = (0..b.own().pairs.len()).map(row).collect();
    let caption = "What must be flagged, and its harmless twin".to_owned();
    table(caption, head, rows)
}

fn part(b: &BenchmarkReport, title: &str, expected: Option<bool>) -> Option<Block> {
    let functions: Vec<&FunctionReport> =
        b.own().functions.iter().filter(|f| f.expected == expected).collect();
    let mut head = vec![
        words_column("function"),
        number_column("cases"),
        number_column("right"),
        chart_column("", BARS),
    ];
    head.extend(b.results.iter().skip(1).map(|r| number_column(&r.subject)));
    let row = |f: &&FunctionReport| {
        let same = |r: &SubjectResult| r.functions.iter().position(|other| other.function == f.function);
        let results = b.results.iter().enumerate();
        let metrics: Vec<(usize, &Metric)> =
            results.filter_map(|(at, r)| Some((at, &r.functions[same(r)?].passed))).collect();
        let mut row = vec![
            Cell::Code(f.function.clone()),
            cases(f.n, f.small),
            share(&f.passed),
            Cell::Chart(BARS.row(&metrics, None)),
        ];
        row.extend(metrics.iter().skip(1).map(|(_, m)| share(m)));
        row
    };
    let rows: Vec<_> = functions.iter().map(row).collect();
    table(title.to_owned(), head, rows)
}
