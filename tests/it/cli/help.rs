//! What `--help` says, kept as it is until somebody means to change it.

use crate::cli::run;

#[test]
fn help_is_as_committed() {
    let dir = tempfile::tempdir().unwrap();
    for args in [
        &["--help"][..],
        &["serve", "--help"],
        &["classify", "--help"],
        &["calibrate", "--help"],
        &["cascade", "--help"],
        &["cascade", "train", "--help"],
        &["cascade", "verify", "--help"],
        &["key", "--help"],
        &["key", "create", "--help"],
        &["user", "--help"],
        &["user", "add", "--help"],
        &["eval", "list", "--help"],
        &["eval", "fetch", "--help"],
        &["eval", "check", "--help"],
    ] {
        let (help, _) = run(dir.path(), args, 0);
        let name = format!("help_{}", args[..args.len() - 1].join("_"));
        insta::assert_snapshot!(name.trim_end_matches('_'), help);
    }
}
