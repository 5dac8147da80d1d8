//! The bias page: whom the errors fall on. Identities within benchmarks, what swapping an identity term changes,
//! the groups that functional suites are about; the report's subject first, every other one beside it.

use crate::eval::report::html::blocks::{
    Block, Cell, Column, Section, Table, cases, chart_column, number, number_column, points, share, share_of,
    table, words_column,
};
use crate::eval::report::html::legend;
use crate::eval::report::html::svg::Axis;
use crate::eval::report::html::svg::strip::{Strip, Style};
use crate::eval::report::metric::Metric;
use crate::eval::report::result::{IdentitiesReport, IdentityReport, SubjectResult, SwapReport};
use crate::eval::report::{BenchmarkReport, EvalReport, SMALL, words};

/// From the same benchmark, target and slice, one for each subject that has it, with its position.
type BySubject<'a> = Vec<(usize, &'a str, &'a IdentitiesReport)>;

pub(super) fn section(report: &EvalReport) -> Section {
    let with_groups = report.benchmarks.iter();
    let with_groups: Vec<_> =
        with_groups.filter(|b| !b.own().identities.is_empty() || !b.own().swaps.is_empty()).collect();
    let mut blocks = Vec::new();
    if !with_groups.is_empty() {
        blocks.push(Block::Text(introduction()));
        blocks.extend(overview(&with_groups));
        blocks.extend(legend(report));
        let fold = |b: &&BenchmarkReport| Block::Fold(b.title.clone(), one_benchmark(b));
        blocks.extend(with_groups.iter().map(fold));
    }
    Section { id: "bias", title: "Whom the errors fall on", blocks }
}

fn one_benchmark(b: &BenchmarkReport) -> Vec<Block> {
    let mut blocks = Vec::new();
    blocks.extend(swaps_table(b));
    for own in &b.own().identities {
        let found = |r: &SubjectResult| {
            r.identities.iter().position(|i| i.target == own.target && i.slice == own.slice)
        };
        let results = b.results.iter().enumerate();
        let all: BySubject<'_> =
            results.filter_map(|(at, r)| Some((at, r.subject.as_str(), &r.identities[found(r)?]))).collect();
        blocks.push(Block::Table(summary(own, &all)));
        blocks.push(Block::Table(rates(own, &all)));
        blocks.push(Block::Table(heat(own)));
        if all.len() > 1 {
            let tables = beside(own, &all).into_iter().map(Block::Table).collect();
            blocks.push(Block::Fold("Every subject beside it, group by group".to_owned(), tables));
        }
    }
    blocks
}

/// The group with most false alarms in each set, and the gaps: where to look first.
fn overview(with_groups: &[&BenchmarkReport]) -> Option<Block> {
    let head = vec![
        words_column("set"),
        words_column("label"),
        words_column("groups by"),
        words_column("most false alarms on"),
        number_column("false alarms"),
        number_column("gap in false alarms, points"),
        number_column("gap in misses, points"),
        number_column("bias score"),
    ];
    let row = |(b, own): (&BenchmarkReport, &IdentitiesReport)| {
        let worst = most_alarms_first(own).into_iter().find(|i| !i.small);
        vec![
            Cell::Words(b.title.clone()),
            Cell::Code(own.target.to_owned()),
            Cell::Words(own.slice.replace('_', " ")),
            Cell::Words(worst.map_or_else(|| words::NONE.to_owned(), |i| i.identity.clone())),
            worst.map_or_else(|| Cell::Number(words::NONE.to_owned()), |i| share_of(&i.false_positive_rate)),
            points(&own.false_positive_gap),
            points(&own.false_negative_gap),
            number(&own.bias_score),
        ]
    };
    let each = with_groups.iter().flat_map(|b| b.own().identities.iter().map(move |own| (*b, own)));
    let rows = each.map(row).collect();
    table("Where to look first: the report’s own subject, set by set".to_owned(), head, rows)
}

fn introduction() -> String {
    format!(
        "A group here is the texts that mention an identity, or are aimed at it, not the people who wrote them. Against the \
         rest: the group’s rate minus that of all other texts; when the interval holds 0, no difference was found, which does \
         not show that there is none. Groups of fewer than {SMALL} texts are marked “small”: they are shown so that nobody is \
         invisible, not so that they can be compared, and they are left out of the gaps."
    )
}

/// One row for each subject: means over the groups, and the gaps between them.
fn summary(own: &IdentitiesReport, all: &BySubject<'_>) -> Table {
    let head = vec![
        words_column("subject"),
        number_column("texts"),
        number_column("gap in false alarms, points"),
        number_column("gap in misses, points"),
        number_column("Subgroup AUC, mean"),
        number_column("BPSN AUC, mean"),
        number_column("BNSP AUC, mean"),
        number_column("bias score"),
    ];
    let row = |(_, name, i): &(usize, &str, &IdentitiesReport)| {
        vec![
            Cell::Words((*name).to_owned()),
            Cell::Number(words::count(i.bias_score.n)),
            points(&i.false_positive_gap),
            points(&i.false_negative_gap),
            number(&i.subgroup_auc_mean),
            number(&i.bpsn_auc_mean),
            number(&i.bnsp_auc_mean),
            number(&i.bias_score),
        ]
    };
    Table {
        caption: format!(
            "{} by {}, {} groups: means (power mean, p = −5) and gaps",
            own.target,
            own.slice.replace('_', " "),
            own.identities.len()
        ),
        head,
        rows: all.iter().map(row).collect(),
    }
}

/// The group's rates, worst false alarms first.
fn rates(own: &IdentitiesReport, all: &BySubject<'_>) -> Table {
    // Groups that are small may lie beyond the scale: their intervals would leave no room for the others.
    let differences = own.identities.iter().filter(|i| !i.small).flat_map(|i| {
        [&i.false_positive_difference, &i.false_negative_difference].map(|m| [m.low, m.high, m.value])
    });
    let around = Strip { axis: Axis::around_zero(differences.flatten().flatten()), style: Style::Dot };
    let head = vec![
        words_column("group"),
        number_column("texts"),
        number_column("false alarms"),
        number_column("against the rest, points"),
        chart_column("fewer | more", around),
        number_column("missed"),
        number_column("against the rest, points"),
        chart_column("fewer | more", around),
    ];
    let row = |i: &&IdentityReport| {
        let of = |metric: fn(&IdentityReport) -> &Metric| {
            let same = all.iter().filter_map(|(at, _, r)| Some((*at, metric(same(r, i)?))));
            Cell::Chart(around.row(&same.collect::<Vec<_>>(), None))
        };
        vec![
            Cell::Words(i.identity.clone()),
            cases(i.n, i.small),
            share_of(&i.false_positive_rate),
            points(&i.false_positive_difference),
            of(|i| &i.false_positive_difference),
            share_of(&i.false_negative_rate),
            points(&i.false_negative_difference),
            of(|i| &i.false_negative_difference),
        ]
    };
    let caption =
        format!("False alarms and misses by {}, most false alarms first", own.slice.replace('_', " "));
    Table { caption, head, rows: most_alarms_first(own).iter().map(row).collect() }
}

fn same<'a>(report: &'a IdentitiesReport, identity: &IdentityReport) -> Option<&'a IdentityReport> {
    report.identities.iter().find(|i| i.identity == identity.identity)
}

/// Groups by their false-positive rate, those without negatives last; then the small ones, in the same order.
pub(super) fn most_alarms_first(report: &IdentitiesReport) -> Vec<&IdentityReport> {
    let mut identities: Vec<&IdentityReport> = report.identities.iter().collect();
    let rate = |i: &IdentityReport| i.false_positive_rate.value.unwrap_or(-1.0);
    identities.sort_by(|a, b| a.small.cmp(&b.small).then(rate(b).total_cmp(&rate(a))));
    identities
}

fn heat(own: &IdentitiesReport) -> Table {
    let head = vec![
        words_column("group"),
        number_column("texts"),
        number_column("Subgroup AUC"),
        number_column("BPSN AUC (low: over-flagged)"),
        number_column("BNSP AUC (low: missed)"),
    ];
    let row = |i: &&IdentityReport| {
        vec![
            Cell::Words(i.identity.clone()),
            cases(i.n, i.small),
            hot(&i.subgroup_auc),
            hot(&i.bpsn_auc),
            hot(&i.bnsp_auc),
        ]
    };
    let caption =
        "Ranking within the group, and across: 1 is perfect, 0.5 is guessing; the darker, the lower"
            .to_owned();
    Table { caption, head, rows: most_alarms_first(own).iter().map(row).collect() }
}

fn hot(auc: &Metric) -> Cell {
    let step = match auc.value {
        Some(v) if v < 0.7 => 4,
        Some(v) if v < 0.8 => 3,
        Some(v) if v < 0.9 => 2,
        Some(v) if v < 0.95 => 1,
        _ => 0,
    };
    Cell::Heat(words::number(auc), step)
}

/// A table for each number, with the subjects as its columns.
fn beside(own: &IdentitiesReport, all: &BySubject<'_>) -> Vec<Table> {
    type Shown = (&'static str, fn(&IdentityReport) -> &Metric, fn(&Metric) -> Cell);
    let shown: [Shown; 5] = [
        ("False alarms", |i| &i.false_positive_rate, share_of),
        ("Missed", |i| &i.false_negative_rate, share_of),
        ("Subgroup AUC", |i| &i.subgroup_auc, hot),
        ("BPSN AUC", |i| &i.bpsn_auc, hot),
        ("BNSP AUC", |i| &i.bnsp_auc, hot),
    ];
    let table = |(caption, metric, cell): Shown| {
        let mut head = vec![words_column("group"), number_column("texts")];
        head.extend(all.iter().map(|(_, name, _)| Column::Number((*name).to_owned())));
        let row = |i: &&IdentityReport| {
            let mut row = vec![Cell::Words(i.identity.clone()), cases(i.n, i.small)];
            row.extend(all.iter().map(|(_, _, r)| {
                same(r, i).map_or_else(|| Cell::Number(words::NONE.to_owned()), |i| cell(metric(i)))
            }));
            row
        };
        Table { caption: caption.to_owned(), head, rows: most_alarms_first(own).iter().map(row).collect() }
    };
    shown.into_iter().map(table).collect()
}

/// What swapping the identity in otherwise equal texts changes.
fn swaps_table(b: &BenchmarkReport) -> Option<Block> {
    let row = |(result, s): (&SubjectResult, &SwapReport)| {
        vec![
            Cell::Words(result.subject.clone()),
            Cell::Code(s.target.to_owned()),
            Cell::Number(words::count(s.groups)),
            Cell::Number(words::count(s.pairs)),
            share(&s.flip_rate),
            number(&s.score_gap),
        ]
    };
    let swaps = b.results.iter().flat_map(|r| r.swaps.iter().map(move |s| (r, s)));
    let rows: Vec<_> = swaps.map(row).collect();
    let head = vec![
        words_column("subject"),
        words_column("label"),
        number_column("sentences"),
        number_column("pairs"),
        number_column("decision changes"),
        number_column("mean change of the score"),
    ];
    let caption = "The same sentence with another identity in it: how often the decision changes".to_owned();
    table(caption, head, rows)
}
