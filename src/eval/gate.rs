//! The gate: is a new report worse than the committed one, by more than chance?
//!
//! Both are read as JSON, so that the baseline may have been written by an earlier program. Compared is the first
//! subject of each. A number is a **regression** when it is worse than the worse end of the baseline's interval, an
//! improvement when it is better than the better end, and otherwise unchanged. Numbers on other cases are not compared:
//! they would say nothing.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use serde_json::Value;

use crate::eval::error::Error;
use crate::eval::report::SCHEMA_VERSION;

/// What is compared, and which way is better.
///
/// `(where it stands in a result, its name, better)`. Left out on purpose: counts and shares that are no judgement (bands,
/// categories), slices (too many, too small) and calibration errors (no interval, so no end to be beyond).
const METRICS: [(&str, Better); 12] = [
    ("recall", Better::Higher),
    ("false_positive_rate", Better::Lower),
    ("precision", Better::Higher),
    ("f1", Better::Higher),
    ("macro_f1", Better::Higher),
    ("accuracy", Better::Higher),
    ("balanced_accuracy", Better::Higher),
    ("average_precision", Better::Higher),
    ("roc_auc", Better::Higher),
    ("brier", Better::Lower),
    ("log_loss", Better::Lower),
    ("risk_coverage_area", Better::Lower),
];
/// Of the identities of one target and slice.
const IDENTITIES: [(&str, Better); 6] = [
    ("subgroup_auc_mean", Better::Higher),
    ("bpsn_auc_mean", Better::Higher),
    ("bnsp_auc_mean", Better::Higher),
    ("bias_score", Better::Higher),
    ("false_positive_gap", Better::Lower),
    ("false_negative_gap", Better::Lower),
];
/// Of texts that differ in an identity term only.
const SWAPS: [(&str, Better); 2] = [("flip_rate", Better::Lower), ("score_gap", Better::Lower)];
/// Of the words that people marked.
const EVIDENCE: [(&str, Better); 2] = [("comprehensiveness", Better::Higher), ("sufficiency", Better::Lower)];

/// Which way a number should move.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Better {
    Higher,
    Lower,
}

/// What the gate found.
#[derive(Debug, Default, PartialEq)]
pub struct Gate {
    /// `name@digest` of the new subject and of the baseline's.
    pub subjects: (String, String),
    pub regressions: Vec<Change>,
    pub improvements: Vec<Change>,
    /// Numbers within the baseline's interval.
    pub unchanged: usize,
    /// Numbers of the baseline without a value or an interval: nothing can be beyond them.
    pub unjudged: usize,
    /// What the baseline has and the new report lacks, and cases that changed without a new version.
    pub faults: Vec<String>,
    /// What was not compared for a good reason.
    pub notes: Vec<String>,
}

/// A number that moved beyond the baseline's interval.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// Such as `deds_test · extremism · recall`.
    pub place: String,
    pub baseline: Reading,
    pub new: Reading,
}

/// A number as a report states it.
#[derive(Debug, Clone, PartialEq)]
pub struct Reading {
    pub value: Option<f64>,
    pub low: Option<f64>,
    pub high: Option<f64>,
    pub n: u64,
    /// Why there is no value.
    pub because: Option<String>,
}

impl Gate {
    /// Whether nothing got worse beyond chance and nothing is missing.
    #[must_use]
    pub fn passes(&self) -> bool {
        self.regressions.is_empty() && self.faults.is_empty()
    }
}

impl fmt::Display for Reading {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.value, self.low, self.high) {
            (Some(value), Some(low), Some(high)) => {
                write!(f, "{value:.4} [{low:.4}, {high:.4}], n {}", self.n)
            }
            (Some(value), ..) => write!(f, "{value:.4}, n {}", self.n),
            (None, ..) => {
                let because = self.because.as_deref().unwrap_or("no reason given");
                write!(f, "no value ({because}), n {}", self.n)
            }
        }
    }
}

/// Reads a report.
///
/// # Errors
/// When the file cannot be read, is no JSON, or has another shape than this program writes.
pub fn read(path: &Path) -> Result<Value, Error> {
    let refuse = |reason: String| Error::Report { path: path.to_owned(), reason };
    let report: Value =
        serde_json::from_str(&fs_err::read_to_string(path)?).map_err(|e| refuse(e.to_string()))?;
    let version = report["schema_version"].as_u64();
    if version != Some(u64::from(SCHEMA_VERSION)) {
        let found = version.map_or_else(|| "no".to_owned(), |v| v.to_string());
        return Err(refuse(format!(
            "it has schema version {found}, the gate compares version {SCHEMA_VERSION}; make it again with `countervail eval run`"
        )));
    }
    if report["subjects"][0]["name"].is_null() || !report["benchmarks"].is_array() {
        return Err(refuse("it names no subject or has no benchmarks".to_owned()));
    }
    Ok(report)
}

/// Leaves in a baseline only the benchmarks that are named, for a run that does not measure them all.
///
/// # Errors
/// [`Error::Report`] when the baseline lacks one of them: it would not be compared, and nobody would notice.
pub fn keep_only(baseline: &mut Value, path: &Path, names: &[String]) -> Result<(), Error> {
    let Some(list) = baseline["benchmarks"].as_array_mut() else { return Ok(()) };
    if let Some(missing) = names.iter().find(|name| !list.iter().any(|b| b["name"] == name.as_str())) {
        let reason = format!(
            "it has no benchmark `{missing}` that could be compared; `--only` takes names that it has"
        );
        return Err(Error::Report { path: path.to_owned(), reason });
    }
    list.retain(|b| names.iter().any(|name| b["name"] == name.as_str()));
    Ok(())
}

/// Compares a new report with a baseline; both as [`read`] gives them.
#[must_use]
pub fn compare(report: &Value, baseline: &Value) -> Gate {
    let name = |r: &Value| {
        let subject = &r["subjects"][0];
        format!("{}@{}", text(&subject["name"]), text(&subject["digest"]))
    };
    let mut gate = Gate { subjects: (name(report), name(baseline)), ..Gate::default() };
    for old in items(&baseline["benchmarks"]) {
        let place = text(&old["name"]);
        match items(&report["benchmarks"]).find(|b| b["name"] == old["name"]) {
            None => gate.faults.push(format!("{place}: the benchmark is missing")),
            Some(new) => gate.benchmark(place, new, old),
        }
    }
    let is_known = |b: &&Value| items(&baseline["benchmarks"]).any(|old| old["name"] == b["name"]);
    for new in items(&report["benchmarks"]).filter(|b| !is_known(b)) {
        gate.notes.push(format!("{}: not in the baseline", text(&new["name"])));
    }
    gate
}

impl Gate {
    fn benchmark(&mut self, place: &str, new: &Value, old: &Value) {
        let (version, was) = (new["version"].as_u64(), old["version"].as_u64());
        if version > was {
            self.notes
                .push(format!("{place}: its version was raised, so it is not compared; renew the baseline"));
            return;
        }
        if version < was {
            self.faults.push(format!("{place}: its version is below the baseline's"));
            return;
        }
        if new["cases_digest"] != old["cases_digest"] {
            self.faults.push(format!(
                "{place}: its cases are not the baseline's, and different cases cannot be compared; raise the version in its manifest"
            ));
            return;
        }
        let (new, was) = (&new["results"][0], &old["results"][0]);
        match text(&old["kind"]) {
            "panel" => {
                let flagged = "flagged_of_scored";
                self.number(format!("{place} · flagged"), &new[flagged], &was[flagged], Better::Lower);
            }
            "positives" => {
                self.number(format!("{place} · flagged"), &new["flagged"], &was["flagged"], Better::Higher);
            }
            _ => {}
        }
        self.list(place, &["target"], (&new["targets"], &was["targets"]), |gate, place, new, was| {
            gate.metrics(place, (&new["metrics"], &was["metrics"]), &METRICS);
        });
        self.list(place, &["function"], (&new["functions"], &was["functions"]), |gate, place, new, was| {
            gate.metrics(place, (new, was), &[("passed", Better::Higher)]);
        });
        self.list(
            place,
            &["target", "slice"],
            (&new["identities"], &was["identities"]),
            |gate, place, new, was| {
                gate.metrics(place, (new, was), &IDENTITIES);
            },
        );
        self.list(place, &["target"], (&new["swaps"], &was["swaps"]), |gate, place, new, was| {
            gate.metrics(place, (new, was), &SWAPS);
        });
        if !was["evidence"].is_null() {
            self.metrics(&format!("{place} · evidence"), (&new["evidence"], &was["evidence"]), &EVIDENCE);
        }
    }

    /// Goes through what the baseline lists, each known by the values of some keys.
    fn list(
        &mut self,
        place: &str,
        keys: &[&str],
        (new, was): (&Value, &Value),
        each: impl Fn(&mut Self, &str, &Value, &Value),
    ) {
        let name = |v: &Value| keys.iter().map(|key| text(&v[*key])).collect::<Vec<_>>().join(" · ");
        let found: BTreeMap<String, &Value> = items(new).map(|v| (name(v), v)).collect();
        for was in items(was) {
            let place = format!("{place} · {}", name(was));
            match found.get(&name(was)) {
                None => self.faults.push(format!("{place}: missing")),
                Some(new) => each(self, &place, new, was),
            }
        }
    }

    /// Compares those numbers that the baseline has.
    fn metrics(&mut self, place: &str, (new, was): (&Value, &Value), names: &[(&str, Better)]) {
        for (name, better) in names {
            if !was[*name].is_null() {
                self.number(format!("{place} · {name}"), &new[*name], &was[*name], *better);
            }
        }
    }

    fn number(&mut self, place: String, new: &Value, was: &Value, better: Better) {
        if new.is_null() {
            self.faults.push(format!("{place}: missing"));
            return;
        }
        let (new, baseline) = (Reading::of(new), Reading::of(was));
        let (Some(low), Some(high)) = (baseline.low, baseline.high) else {
            self.unjudged += 1;
            return;
        };
        let (regressed, improved) = match (new.value, better) {
            // A number that could be told and no longer can is not as good as it was.
            (None, _) => (true, false),
            (Some(value), Better::Higher) => (value < low, value > high),
            (Some(value), Better::Lower) => (value > high, value < low),
        };
        if regressed {
            self.regressions.push(Change { place, baseline, new });
        } else if improved {
            self.improvements.push(Change { place, baseline, new });
        } else {
            self.unchanged += 1;
        }
    }
}

impl Reading {
    fn of(metric: &Value) -> Self {
        Self {
            value: metric["value"].as_f64(),
            low: metric["low"].as_f64(),
            high: metric["high"].as_f64(),
            n: metric["n"].as_u64().unwrap_or_default(),
            because: metric["because"].as_str().map(str::to_owned),
        }
    }
}

/// Nothing where there is no list.
fn items(list: &Value) -> impl Iterator<Item = &Value> {
    list.as_array().into_iter().flatten()
}

/// Empty where there are no words.
fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}
