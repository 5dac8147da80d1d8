//! The real binary.

#![expect(clippy::unwrap_used, reason = "in a test, a panic is the report")]

mod access;
mod benchmarks;
mod calibrate;
mod classify;
mod help;
mod serve;

use std::path::Path;

use assert_cmd::Command;

/// The binary, in a folder of its own, with nothing of ours in its environment.
pub(crate) fn countervail(dir: &Path) -> Command {
    let mut command = Command::cargo_bin("countervail").unwrap();
    command.current_dir(dir).env_clear();
    command
}

pub(crate) fn run(dir: &Path, args: &[&str], code: i32) -> (String, String) {
    let output = countervail(dir).args(args).output().unwrap();
    let stdout = String::from_utf8(output.stdout).unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(code), "{args:?}\n{stdout}\n{stderr}");
    (stdout, stderr)
}
