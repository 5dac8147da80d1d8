//! The record in words: on the terminal and on the model's card.

use std::fmt::Write as _;

use crate::train::promise::record::{Calibrated, Promise, Purpose, Record, Refusal, Share};

/// What every promise of a record says.
#[must_use]
pub fn statement(delta: f64) -> String {
    format!(
        "Of the texts that reach a threshold, at least the promised share are true by the labels of the set, with \
         confidence {}, for texts drawn as those of the set were. Each promise holds by itself; nothing is said of all of \
         them at once, nor of texts of another kind or with another share of true ones.",
        1.0 - delta
    )
}

/// What a person at the terminal is told: one paragraph or table for each step.
#[must_use]
pub fn summary(record: &Record) -> String {
    let texts = &record.texts;
    let mut out = format!(
        "{} {} on {}: {} texts, {} without a score; {} calibrate, {} certify\n\n",
        record.set.name,
        record.set.version,
        record.model.name,
        texts.read,
        texts.without_score,
        texts.calibration,
        texts.threshold
    );
    for calibrated in &record.calibration {
        let _ = writeln!(out, "{}", method(calibrated));
    }
    out.push('\n');
    for promise in &record.promises {
        let _ = writeln!(out, "{}", promised(promise));
    }
    for refused in &record.not_promised {
        let _ = writeln!(out, "{}", refusal(refused));
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
        for refused in &record.not_promised {
            let _ = writeln!(out, "- {}", refusal(refused));
        }
    }
    out.push_str("\nCalibration:\n\n");
    for calibrated in &record.calibration {
        let _ = writeln!(out, "- {}", method(calibrated));
    }
    out
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
        1.0 - p.delta,
        percent(p.precision),
        share(&p.flagged_share),
        share(&p.recall)
    )
}

fn refusal(r: &Refusal) -> String {
    let wanted = format!("{}: {} cannot be promised", name(r.target, r.purpose), percent(r.precision));
    let too_few = format!("not even {} flagged texts, the fewest that can", r.fewest);
    let Some(found) = &r.found else {
        return format!(
            "{wanted}: {} labelled texts, {} of them positive, give no threshold to test; {} flagged texts are the fewest \
             that can, all of them true",
            r.labelled, r.positives, r.fewest
        );
    };
    let at = format!(
        "at {:.4}, where the search began, {} of {} flagged are true: at least {:.1} % with confidence {}",
        found.threshold,
        found.correct,
        found.flagged,
        100.0 * found.bound,
        1.0 - r.delta
    );
    match r.flagged_needed {
        Some(needed) if found.correct == found.flagged && needed == r.fewest => {
            format!(
                "{wanted}: {at}; {too_few}. {} more flagged texts are needed, all of them true",
                needed - found.flagged
            )
        }
        Some(needed) => format!(
            "{wanted}: {at}. With the same share of true ones, {needed} flagged texts are needed, {} more: about {} times \
             this set",
            needed - found.flagged,
            times(needed, found.flagged)
        ),
        None => format!(
            "{wanted}: {at}. More texts would not help: the share of true ones is not above what is to be promised, or \
             too little; promise less"
        ),
    }
}

fn times(needed: usize, flagged: usize) -> String {
    format!("{:.1}", needed as f64 / flagged.max(1) as f64)
}

fn name(target: &str, purpose: Purpose) -> String {
    match purpose {
        Purpose::Review => format!("{target}, review and urgent"),
        Purpose::Urgent => format!("{target}, urgent"),
        Purpose::Category => target.to_owned(),
    }
}

/// A percentage of a precision as it was asked for, without the noise of binary fractions.
fn percent(value: f64) -> String {
    format!("{} %", (value * 1e6).round() / 1e4)
}

fn share(share: &Share) -> String {
    let Share { count, n, low, high, value } = share;
    format!("{:.1} % ({count} of {n}, {:.1}–{:.1} %)", 100.0 * value, 100.0 * low, 100.0 * high)
}
