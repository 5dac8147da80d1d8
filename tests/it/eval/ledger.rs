//! The test ledger on disk: it survives being opened again, two writers at once, and tells when it was changed.

use std::path::Path;

use countervail::eval::error::Error;
use countervail::eval::ledger::{Ledger, Look};
use time::OffsetDateTime;
use time::macros::datetime;

use crate::cli::run;

const NOON: OffsetDateTime = datetime!(2026-01-02 12:00:00.5 UTC);

fn look(subject: &str) -> Look {
    Look {
        benchmark: "made_up".to_owned(),
        benchmark_version: 3,
        cases_digest: "c".repeat(64),
        subject: subject.to_owned(),
        subject_digest: format!("sha256:{subject}"),
        policy_version: "p-1".to_owned(),
        tool: "countervail 0.1.0".to_owned(),
    }
}

fn rank(ledger: &Ledger, subject: &str) -> Option<usize> {
    ledger.looks("made_up", &"c".repeat(64), &format!("sha256:{subject}")).this_subject_rank
}

#[test]
fn looks_are_there_when_it_is_opened_again() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("below/ledger.jsonl");
    let mut ledger = Ledger::open(&path).unwrap();
    assert!(ledger.entries().is_empty() && !path.exists());
    for subject in ["a", "b", "a"] {
        ledger.record(&look(subject), NOON).unwrap();
    }
    let again = Ledger::open(&path).unwrap();
    assert_eq!(again.entries(), ledger.entries());
    assert_eq!(again.head(), ledger.head());
    assert_eq!((rank(&again, "a"), rank(&again, "b"), rank(&again, "c")), (Some(1), Some(2), None));
    assert_eq!(again.entries()[0].time, datetime!(2026-01-02 12:00:00 UTC));
}

/// The rule as the module documents it, written a second time.
#[test]
fn the_hash_follows_the_documented_rule() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("ledger.jsonl");
    Ledger::open(&path).unwrap().record(&look("a"), NOON).unwrap();
    let text = fs_err::read_to_string(&path).unwrap();
    let entry = text.split(",\"prev\":").next().unwrap().to_owned() + "}";
    let mut form = Vec::new();
    for part in [&b"countervail test ledger 1"[..], &[0; 32], entry.as_bytes()] {
        form.extend((part.len() as u64).to_be_bytes());
        form.extend(part);
    }
    assert!(
        text.ends_with(&format!("\"hash\":\"{}\"}}\n", countervail::data::digest::sha256(&form))),
        "{text}"
    );
}

#[test]
fn writers_at_once_lose_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("ledger.jsonl");
    std::thread::scope(|scope| {
        for writer in 0..4 {
            let path = &path;
            scope.spawn(move || {
                // Each with a ledger of its own, as processes have.
                let mut ledger = Ledger::open(path).unwrap();
                for i in 0..10 {
                    ledger.record(&look(&format!("{writer}-{i}")), NOON).unwrap();
                }
            });
        }
    });
    let whole = Ledger::open(&path).unwrap();
    assert_eq!(whole.entries().len(), 40);
    assert_eq!(whole.looks("made_up", "", "").distinct_subjects, 40);
}

#[test]
fn a_changed_ledger_is_refused_and_not_added_to() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("ledger.jsonl");
    let mut ledger = Ledger::open(&path).unwrap();
    for subject in ["a", "b", "c"] {
        ledger.record(&look(subject), NOON).unwrap();
    }
    let whole = fs_err::read_to_string(&path).unwrap();
    for (changed, line) in [
        (whole.replacen("\"subject\":\"b\"", "\"subject\":\"x\"", 1), 2),
        (whole.replacen("made_up", "made-up", 1), 1),
        (whole.split_once('\n').unwrap().1.to_owned(), 1),
        (whole[..whole.len() - 1].to_owned(), 3),
        (whole.replacen("{\"seq\":3", "{ \"seq\":3", 1), 3),
        (format!("{whole}\n"), 4),
    ] {
        fs_err::write(&path, &changed).unwrap();
        for error in [Ledger::open(&path).unwrap_err(), ledger.record(&look("d"), NOON).unwrap_err()] {
            assert!(matches!(error, Error::Ledger { line: at, .. } if at == line), "{error}");
        }
        assert_eq!(fs_err::read_to_string(&path).unwrap(), changed, "left as it was");
    }
}

#[test]
fn the_command_shows_and_verifies() {
    let dir = tempfile::tempdir().unwrap();
    let verify = |args: &[&str], code| run(dir.path(), &[&["eval", "ledger", "verify"], args].concat(), code);
    verify(&[], 2);
    let path = dir.path().join("eval/ledger.jsonl");
    let mut ledger = Ledger::open(&path).unwrap();
    ledger.record(&look("a"), NOON).unwrap();
    let first = ledger.head().to_string();
    ledger.record(&look("b"), NOON).unwrap();
    let (said, _) = verify(&["--holds", &first], 0);
    assert_eq!(said, format!("2 looks, whole; last hash {}\n", ledger.head()));
    let (shown, _) = run(dir.path(), &["eval", "ledger", "show", "--benchmark", "made_up"], 0);
    assert!(
        shown.contains("2\t2026-01-02T12:00:00Z\tmade_up@3\tsubject 2 of 2\tb\tsha256:b\tp-1"),
        "{shown}"
    );
    cut_last_line(&path);
    verify(&[], 0);
    assert!(verify(&["--holds", &ledger.head().to_string()], 1).1.contains("cut off"));
    fs_err::write(&path, fs_err::read_to_string(&path).unwrap().replace("p-1", "p-2")).unwrap();
    assert!(verify(&[], 1).1.contains("line 1"));
}

fn cut_last_line(path: &Path) {
    let text = fs_err::read_to_string(path).unwrap();
    let kept = text.trim_end().rfind('\n').unwrap();
    fs_err::write(path, &text[..=kept]).unwrap();
}
