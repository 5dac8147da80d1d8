//! `countervail key` and `countervail user`.

use crate::cli::{countervail, run};

#[test]
fn a_key_is_made_listed_and_revoked() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let (secret, notes) = run(dir, &["key", "create", "--name", "my forum", "--scopes", "moderate"], 0);
    assert!(secret.starts_with("cv_") && secret.trim_end().len() == 46, "{secret}");
    assert!(notes.contains("`my forum`") && !notes.contains(secret.trim_end()), "{notes}");
    assert!(dir.join("countervail-data/countervail.sqlite3").is_file());

    let (list, _) = run(dir, &["key", "list"], 0);
    let fields: Vec<&str> = list.trim_end().split('\t').collect();
    assert_eq!((fields[2], fields[4], fields[5]), ("moderate", "-", "my forum"));
    assert!(secret.starts_with(fields[1]) && !list.contains(secret.trim_end()));

    run(dir, &["key", "revoke", fields[0]], 0);
    let (list, _) = run(dir, &["key", "list"], 0);
    assert!(!list.contains("\t-\t"), "{list}");

    let (_, error) = run(dir, &["key", "revoke", "0190b6c2-7b1e-7cc0-8000-000000000000"], 2);
    assert_eq!(error, "error: no such API key\n");
    run(dir, &["key", "revoke", "x"], 2);
    run(dir, &["key", "create", "--name", "a", "--scopes", "everything"], 2);
}

#[test]
fn the_data_folder_is_its_owners() {
    use std::os::unix::fs::PermissionsExt as _;

    let dir = tempfile::tempdir().unwrap();
    run(dir.path(), &["key", "list", "--data-dir", "a/b c?"], 0);
    let data = dir.path().join("a/b c?");
    assert_eq!(fs_err::metadata(&data).unwrap().permissions().mode() & 0o777, 0o700);
    assert!(data.join("countervail.sqlite3").is_file());
}

#[test]
fn a_user_is_added_with_a_piped_password() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let add = |name: &str, password: &str| {
        let args = ["user", "add", name, "--role", "lead", "--password-stdin"];
        countervail(dir).args(args).write_stdin(password).output().unwrap()
    };
    assert!(add("ann", "a long enough password\n").status.success());
    let short = add("ben", "short\n");
    assert_eq!(short.status.code(), Some(2));
    assert!(String::from_utf8(short.stderr).unwrap().contains("password is 5 characters"));
    assert_eq!(add("ann", "a long enough password\n").status.code(), Some(2));
    let (list, _) = run(dir, &["user", "list"], 0);
    let fields: Vec<&str> = list.trim_end().split('\t').collect();
    assert_eq!((fields[1], fields[3]), ("lead", "ann"));
    let (_, error) = run(dir, &["user", "add", "cleo"], 2);
    assert!(error.contains("error: there is nobody to ask") && error.contains("\nhint: "), "{error}");
}
