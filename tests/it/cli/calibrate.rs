//! `calibrate` from outside: what it says, what it writes, how it exits.

use std::path::Path;

use crate::calibrate::write_set;
use crate::cli::run;
use crate::tiny::bundle;

fn calibrate(folder: &Path, more: &[&str], code: i32) -> String {
    let set = folder.join("set.toml");
    let (set, data, out) = (set.to_str().unwrap(), folder.to_str().unwrap(), folder.join("out"));
    let mut args = vec!["calibrate", "--model", bundle().to_str().unwrap(), "--set", set, "--data", data];
    args.extend(["--out", out.to_str().unwrap()]);
    args.extend(more);
    let (stdout, stderr) = run(folder, &args, code);
    assert!(stdout.is_empty(), "{stdout}");
    stderr
}

/// Scores differ in their last digits between machines of different kinds.
fn settled(text: &str, folder: &Path) -> String {
    let text = text.replace(folder.to_str().unwrap(), "FOLDER");
    regex::Regex::new(r"at 0\.\d{4}").unwrap().replace_all(&text, "at 0.…").into_owned()
}

#[test]
fn what_can_be_promised_is_written_and_serves() {
    let folder = tempfile::tempdir().unwrap();
    write_set(folder.path(), 1500, 40);
    let said = calibrate(folder.path(), &["--urgent-precision", "0.9"], 0);
    for expected in
        ["extremism, review and urgent: at 0.", "extremism, urgent: at 0.", "80 % promised", "written to"]
    {
        assert!(said.contains(expected), "{said}");
    }
    let out = folder.path().join("out");
    fs_err::write(folder.path().join("texts.txt"), "amber basin zorblax delta ember fable grove\n").unwrap();
    let (answer, _) = run(folder.path(), &["classify", "--model", out.to_str().unwrap(), "texts.txt"], 0);
    assert!(answer.contains(r#""policy_version":"tiny-1+own_posts-2""#), "{answer}");
    assert!(answer.contains(r#""flagged":true"#), "{answer}");
}

#[test]
fn a_dry_run_writes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    write_set(folder.path(), 1500, 40);
    let said = calibrate(folder.path(), &["--urgent-precision", "0.9", "--dry-run"], 0);
    assert!(said.contains("nothing was written"), "{said}");
    assert!(!folder.path().join("out").exists());
}

#[test]
fn a_refusal_says_what_was_found_and_what_is_missing() {
    let folder = tempfile::tempdir().unwrap();
    write_set(folder.path(), 60, 1_000_000);
    let said = calibrate(folder.path(), &[], 1);
    assert!(!folder.path().join("out").exists(), "a refusal wrote a bundle");
    insta::assert_snapshot!("refused_too_few", settled(&said, folder.path()));
}

#[test]
fn what_cannot_run_says_so() {
    let folder = tempfile::tempdir().unwrap();
    write_set(folder.path(), 60, 1_000_000);
    let said = calibrate(folder.path(), &["--precision", "0.99"], 2);
    assert!(said.contains("below the 0.99"), "{said}");
    fs_err::write(folder.path().join("own.jsonl"), "changed").unwrap();
    let said = calibrate(folder.path(), &[], 2);
    assert!(said.contains("SHA-256"), "{said}");
    fs_err::remove_file(folder.path().join("set.toml")).unwrap();
    let said = calibrate(folder.path(), &[], 2);
    assert!(said.contains("calibration set FOLDER/set.toml") || said.contains("set.toml"), "{said}");
}
