//! The card: one screen for somebody who has never heard of a ROC curve. What the system is asked to do, what it
//! flags wrongly and on whom, what it catches and misses, what it cannot read, and how often the tests were looked at.

use std::collections::BTreeMap;

use askama::Template;

use crate::eval::manifest::Kind;
use crate::eval::report::html::bias::most_alarms_first;
use crate::eval::report::html::panels::worst_first;
use crate::eval::report::metric::Metric;
use crate::eval::report::result::FunctionReport;
use crate::eval::report::target::TargetReport;
use crate::eval::report::{BenchmarkReport, EvalReport, SMALL, words};
use crate::text::language;

/// Rows of each list; the card says how many more there are.
const PANELS: usize = 7;
const GROUPS: usize = 5;
const GROUPS_OF_ONE_SET: usize = 2;
const COUNTER_SPEECH: usize = 3;
const CAUGHT: usize = 8;
const LANGUAGES: usize = 8;

#[derive(Template)]
#[template(path = "card.html")]
struct Card<'a> {
    name: &'a str,
    texts: String,
    sets: usize,
    panels: List,
    groups: List,
    counter_speech: List,
    caught: List,
    in_traffic: Option<String>,
    unread: Vec<String>,
    unread_more: usize,
    looks: Vec<String>,
}

/// The worst rows of a list, and how many are not shown.
#[derive(Default)]
struct List {
    rows: Vec<Row>,
    more: usize,
    /// The highest rate among those not shown, where it is known.
    more_at_most: Option<String>,
}

struct Row {
    name: String,
    /// `4 [2–7]`.
    rate: String,
    n: String,
    small: bool,
}

pub(super) fn body(report: &EvalReport) -> String {
    let (unread, unread_more) = unread(report);
    let card = Card {
        name: &report.subject().name,
        texts: words::count(report.benchmarks.iter().map(|b| b.n).sum()),
        sets: report.benchmarks.len(),
        panels: panels(report),
        groups: groups(report),
        counter_speech: counter_speech(report),
        caught: caught(report),
        in_traffic: in_traffic(report),
        unread,
        unread_more,
        looks: looks(report),
    };
    card.render().expect("templates write into memory")
}

fn row(name: String, metric: &Metric, whole: u32) -> Row {
    let small = metric.n < SMALL;
    Row { name, rate: words::out_of(metric, whole), n: words::count(metric.n), small }
}

/// The first `most` of rows that are sorted worst first.
fn list(mut rows: Vec<Row>, most: usize) -> List {
    let more = rows.len().saturating_sub(most);
    let more_at_most = rows.get(most).map(|r| r.rate.clone());
    rows.truncate(most);
    List { rows, more, more_at_most }
}

fn panels(report: &EvalReport) -> List {
    let scored = |b: &&BenchmarkReport| b.own().flagged_of_scored.value.is_some();
    let rows = worst_first(report).into_iter().filter(scored);
    list(rows.map(|b| row(b.title.clone(), &b.own().flagged_of_scored, 1000)).collect(), PANELS)
}

/// The groups on whom most false alarms fall: the worst of each set, so that one set does not fill the card. Groups
/// too small for a rate are left to the bias page, unless there are no others.
fn groups(report: &EvalReport) -> List {
    let mut rows: Vec<(f64, Row)> = Vec::new();
    for b in &report.benchmarks {
        for of_slice in &b.own().identities {
            let known: Vec<_> = most_alarms_first(of_slice)
                .into_iter()
                .filter(|i| i.false_positive_rate.value.is_some())
                .collect();
            let large = |n: usize| n >= SMALL;
            let any_large = known.iter().any(|i| large(i.false_positive_rate.n));
            let shown =
                known.iter().filter(|i| !any_large || large(i.false_positive_rate.n)).take(GROUPS_OF_ONE_SET);
            rows.extend(shown.map(|i| {
                let name = format!("{} ({})", i.identity, b.title);
                (i.false_positive_rate.value.unwrap_or_default(), row(name, &i.false_positive_rate, 1000))
            }));
        }
    }
    rows.sort_by(|a, b| b.0.total_cmp(&a.0));
    List { more_at_most: None, more: 0, ..list(rows.into_iter().map(|(_, row)| row).collect(), GROUPS) }
}

/// Functions that test whether an answer to hate is taken for hate: harmless ones with `counter` in their name.
fn counter_speech(report: &EvalReport) -> List {
    let mut rows: Vec<(f64, Row)> = Vec::new();
    for b in &report.benchmarks {
        let counter =
            |f: &&FunctionReport| f.expected == Some(false) && f.function.to_lowercase().contains("counter");
        for f in b.own().functions.iter().filter(counter) {
            let wrong = Metric::rate(f.passed.n - f.passed.k.unwrap_or_default(), f.passed.n, "no cases");
            let name = format!("{} ({})", spoken(&f.function), b.title);
            rows.push((wrong.value.unwrap_or(-1.0), row(name, &wrong, 1000)));
        }
    }
    rows.sort_by(|a, b| b.0.total_cmp(&a.0));
    list(rows.into_iter().map(|(_, row)| row).collect(), COUNTER_SPEECH)
}

/// `counter_quote_nh` is HateCheck's name for answers that quote what they answer; `F12_counter_speech` is one of
/// ours for `counter speech`.
fn spoken(function: &str) -> String {
    for (name, words) in
        [("counter_quote", "answers that quote it"), ("counter_ref", "answers that refer to it")]
    {
        if function.contains(name) {
            return words.to_owned();
        }
    }
    let is_number = |part: &str| part.len() < 4 && part.trim_start_matches(['F', 'f']).parse::<u32>().is_ok();
    let parts = function.split('_').filter(|p| !is_number(p) && *p != "nh" && *p != "h");
    parts.collect::<Vec<_>>().join(" ")
}

/// What is right among what is flagged where positives are rare, for the target the product is about.
fn in_traffic(report: &EvalReport) -> Option<String> {
    let targets = report.benchmarks.iter().flat_map(|b| b.own().targets.iter().map(move |t| (b, t)));
    let mut shown = targets.filter(|(_, t)| t.at_prevalence.iter().any(|at| at.precision.value.is_some()));
    let first = shown.next();
    let about_extremism = |(_, t): &(&BenchmarkReport, &TargetReport)| t.target.starts_with("extremism");
    let (b, t) = first.into_iter().chain(shown).find(about_extremism).or(first)?;
    let at = t.at_prevalence.iter().find(|at| at.precision.value.is_some())?;
    Some(format!(
        "If {} of all posts were what it looks for, then of 100 that it flags {} would be flagged rightly (by {}, {} texts).",
        words::round_percent(at.prevalence),
        words::out_of(&at.precision, 100),
        b.title,
        words::count(at.precision.n)
    ))
}

/// Recall on every set that has something to catch: extremism first, then the worst first.
fn caught(report: &EvalReport) -> List {
    let mut rows: Vec<(bool, f64, Row)> = Vec::new();
    for b in report.benchmarks.iter().filter(|b| b.kind != Kind::Panel) {
        for t in &b.own().targets {
            let Some(recall) = t.metrics.get("recall").filter(|m| m.value.is_some()) else { continue };
            let name = format!("{}: {}", b.title, t.target);
            let other = !t.target.starts_with("extremism");
            rows.push((other, recall.value.unwrap_or_default(), row(name, recall, 100)));
        }
    }
    rows.sort_by(|a, b| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)));
    List { more_at_most: None, ..list(rows.into_iter().map(|(.., row)| row).collect(), CAUGHT) }
}

/// Languages that most texts without a score were taken for.
fn unread(report: &EvalReport) -> (Vec<String>, usize) {
    let mut languages: BTreeMap<&str, usize> = BTreeMap::new();
    for (code, n) in report.benchmarks.iter().flat_map(|b| &b.own().abstained_languages) {
        *languages.entry(code).or_default() += n;
    }
    let mut languages: Vec<_> = languages.into_iter().collect();
    languages.sort_by_key(|(_, n)| std::cmp::Reverse(*n));
    let more = languages.len().saturating_sub(LANGUAGES);
    let name = |(code, n): &(&str, usize)| {
        format!("{} ({})", language::english_name(code).unwrap_or("language not known"), words::count(*n))
    };
    (languages.iter().take(LANGUAGES).map(name).collect(), more)
}

/// How many systems had looked at each test set, sets with the same number together.
fn looks(report: &EvalReport) -> Vec<String> {
    let mut by_number: BTreeMap<usize, Vec<&str>> = BTreeMap::new();
    for b in &report.benchmarks {
        if let Some(looks) = b.looks {
            by_number.entry(looks).or_default().push(&b.title);
        }
    }
    let many = |sets: &[&str]| {
        if sets.len() > 3 { format!("{} sets", sets.len()) } else { sets.join("; ") }
    };
    by_number.iter().rev().map(|(n, sets)| format!("{n} at {}", many(sets))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_are_named_in_words() {
        let names = ["F20_counter_quote_nh", "counter_ref_nh", "F12_counter_speech_nh"].map(spoken);
        assert_eq!(names, ["answers that quote it", "answers that refer to it", "counter speech"]);
    }
}
