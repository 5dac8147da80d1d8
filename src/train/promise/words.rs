//! The record in words: on the terminal and on the model's card.

use std::fmt::Write as _;

use crate::train::promise::record::{Calibrated, Promise, Purpose, Record, Refusal, Share, Texts};

/// What every promise of a record says.
#[must_use]
pub fn statement(delta: f64) -> String {
    format!(
        "Of the texts that reach a threshold, at least the promised share are true by the labels of the set, with \
         confidence {}, for texts drawn as those of the set were. Each promise holds by itself; nothing is said of all of \
         them at once, nor of texts of another kind or with another share of true ones.",
        plain(1.0 - delta)
    )
}

/// What a person at the terminal is told: one line for each target and each promise.
#[must_use]
pub fn summary(record: &Record) -> String {
    let Texts { read, without_score, calibration, threshold } = record.texts;
    let mut out = format!(
        "{} {} on {}: {read} texts, {without_score} without a score; {calibration} calibrate, {threshold} certify\n\n",
        record.set.name, record.set.version, record.model.name,
    );
    for line in methods(record) {
        let _ = writeln!(out, "{line}");
    }
    out.push('\n');
    for line in record.promises.iter().map(promised).chain(refusals(record)) {
        let _ = writeln!(out, "{line}");
    }
    if !record.promises.is_empty() {
        let _ = writeln!(out, "\n{}", record.statement);
    }
    out
}

/// The section that a card gets, in Markdown.
#[must_use]
pub fn card_section(record: &Record) -> String {
    let set = &record.set;
    let mut out = format!(
        "\n## Promise\n\n\
         This bundle is `{}` (`{}`) with another calibration and other thresholds, made by `countervail calibrate` on the \
         set `{}`, version {}. What is said above of thresholds and calibration describes the bundle before. The evidence \
         is in `promise.json`.\n\n{}\n\n\
         | what | threshold | promised | flagged | true | lower bound | of all texts flagged | of positive texts found |\n\
         |---|---:|---:|---:|---:|---:|---:|---:|\n",
        record.model.name, record.model.digest, set.name, set.version, record.statement
    );
    for p in &record.promises {
        let _ = writeln!(
            out,
            "| {} | {:.4} | {} | {} | {} | {:.4} | {} | {} |",
            name(p.target, p.purpose),
            p.threshold,
            percent(p.precision),
            p.flagged,
            p.correct,
            p.bound,
            share(&p.flagged_share),
            share(&p.recall)
        );
    }
    if !record.not_promised.is_empty() {
        out.push_str("\nNot promised; the threshold flags what it flagged before:\n\n");
        for line in refusals(record) {
            let _ = writeln!(out, "- {line}");
        }
    }
    out.push_str("\nCalibration:\n\n");
    for line in methods(record) {
        let _ = writeln!(out, "- {line}");
    }
    out
}

/// One line for each target that has labels, and one for all that have none.
fn methods(record: &Record) -> Vec<String> {
    let (labelled, unlabelled): (Vec<_>, Vec<_>) = record.calibration.iter().partition(|c| c.labelled > 0);
    let mut lines: Vec<String> = labelled.into_iter().map(method).collect();
    let names: Vec<&str> = unlabelled.into_iter().map(|c| c.target).collect();
    if !names.is_empty() {
        lines.push(format!("{}: no labels, kept as they were", names.join(", ")));
    }
    lines
}

/// The same for what cannot be promised.
fn refusals(record: &Record) -> Vec<String> {
    let (labelled, unlabelled): (Vec<_>, Vec<_>) = record.not_promised.iter().partition(|r| r.labelled > 0);
    let mut lines: Vec<String> = labelled.into_iter().map(refusal).collect();
    let mut names: Vec<String> = unlabelled.into_iter().map(|r| name(r.target, r.purpose)).collect();
    names.dedup();
    if !names.is_empty() {
        lines.push(format!("{}: the set has no labels, so nothing can be promised", names.join("; ")));
    }
    lines
}

fn method(calibrated: &Calibrated) -> String {
    let Calibrated { target, method, labelled, positives, log_loss } = calibrated;
    if log_loss.is_empty() {
        return format!(
            "{target}: kept as it was, {positives} positive of {labelled} labelled texts are too few to choose by"
        );
    }
    let losses: Vec<String> = log_loss.iter().map(|l| format!("{} {:.4}", l.method, l.value)).collect();
    format!(
        "{target}: {method} ({positives} positive of {labelled} labelled; cross-validated log loss {})",
        losses.join(", ")
    )
}

fn promised(p: &Promise) -> String {
    format!(
        "{}: at {:.4}, {} of {} flagged are true; at least {:.1} % with confidence {}, {} promised. Flags {} of the texts \
         and finds {} of the positive ones",
        name(p.target, p.purpose),
        p.threshold,
        p.correct,
        p.flagged,
        100.0 * p.bound,
        plain(1.0 - p.delta),
        percent(p.precision),
        share(&p.flagged_share),
        share(&p.recall)
    )
}

fn refusal(r: &Refusal) -> String {
    let wanted = format!("{}: {} cannot be promised", name(r.target, r.purpose), percent(r.precision));
    let Some(found) = &r.found else {
        return format!(
            "{wanted}: {} labelled texts to certify by, {} of them positive, and none to say where to look; {} flagged \
             texts are the fewest that can, all of them true",
            r.labelled, r.positives, r.fewest
        );
    };
    let at = format!(
        "{wanted}: at {:.4}, where the search begins, {} of {} flagged are true, which is at least {:.1} % with \
         confidence {}",
        found.threshold,
        found.correct,
        found.flagged,
        100.0 * found.bound,
        plain(1.0 - r.delta)
    );
    match r.flagged_needed {
        Some(needed) => format!(
            "{at}; with the same share of true ones {needed} flagged texts would do, {} more: a set about {:.1} times as large",
            needed - found.flagged,
            needed as f64 / found.flagged.max(1) as f64
        ),
        None => format!(
            "{at}; the share of true ones is not above what is to be promised, or by too little, so more texts would \
             not help: promise less"
        ),
    }
}

fn name(target: &str, purpose: Purpose) -> String {
    match purpose {
        Purpose::Review => format!("{target}, review and urgent"),
        Purpose::Urgent => format!("{target}, urgent"),
        Purpose::Category => target.to_owned(),
    }
}

fn percent(value: f64) -> String {
    format!("{} %", plain(100.0 * value))
}

/// As somebody would write it, without the noise of binary fractions.
fn plain(value: f64) -> f64 {
    (value * 1e6).round() / 1e6
}

fn share(share: &Share) -> String {
    let Share { count, n, low, high, value } = share;
    format!("{:.1} % ({count} of {n}, {:.1}–{:.1} %)", 100.0 * value, 100.0 * low, 100.0 * high)
}
