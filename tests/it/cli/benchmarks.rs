//! `eval list` and `eval check` from outside, on the manifests of the repository and on broken ones.

use crate::cli::run;
use crate::sources;

fn repository(command: &[&str], code: i32) -> (String, String) {
    run(sources::root(), command, code)
}

#[test]
fn the_list_names_every_benchmark_with_its_languages_and_licence() {
    let (table, notes) = repository(&["eval", "list"], 0);
    let line = |name: &str| table.lines().find(|l| l.starts_with(&format!("{name} "))).unwrap().to_owned();
    assert!(table.starts_with("name"), "{table}");
    let hatecheck = line("hatecheck");
    for word in ["functional", "hate", "en", "fetchable", "CC BY 4.0"] {
        assert!(hatecheck.contains(word), "{hatecheck}");
    }
    assert!(line("sotu").contains("1 made, from a mirror"), "{table}");
    assert!(line("counter").contains("unavailable") && line("counter").contains("ar en fr"), "{table}");
    assert!(notes.contains("counter is unavailable: "), "{notes}");
}

#[test]
fn checking_needs_no_data_and_says_so() {
    let (_, notes) = repository(&["eval", "check"], 0);
    assert!(notes.contains("manifests are sound"), "{notes}");
}

#[test]
fn missing_data_is_a_finding_and_a_broken_manifest_is_an_error() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().to_str().unwrap();
    let (table, notes) = repository(&["eval", "check", "eval/benchmarks/sotu.toml", "--data", data], 1);
    assert!(table.lines().count() == 1 && notes.contains("1 manifests, 1 problems"), "{table}{notes}");
    assert!(notes.contains("sotu: ") && notes.contains("paragraphs.jsonl"), "{notes}");
    let broken = dir.path().join("broken.toml");
    fs_err::write(&broken, "name = \"broken\"\n").unwrap();
    let (_, notes) = repository(&["eval", "check", broken.to_str().unwrap()], 2);
    assert!(notes.contains("missing field"), "{notes}");
}

#[test]
fn a_run_of_what_is_unavailable_says_why() {
    let dir = tempfile::tempdir().unwrap();
    let at = dir.path().to_str().unwrap();
    let command = [
        "eval",
        "run",
        "--predictions",
        at,
        "--benchmark",
        "eval/benchmarks/counter.toml",
        "--data",
        at,
        "--out",
        at,
    ];
    let (_, notes) = repository(&command, 2);
    assert!(notes.contains("benchmark `counter`: its data cannot be had: "), "{notes}");
}
