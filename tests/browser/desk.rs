//! The real program on a fresh data folder, with the tiny model and one reviewer.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use serde_json::{Value, json};

use crate::tiny::bundle;

pub(crate) const REVIEWER: &str = "robin";
pub(crate) const PASSWORD: &str = "a long enough password";

/// The binary under test.
const PROGRAM: &str = env!("CARGO_BIN_EXE_countervail");
/// A debug build on a busy machine takes its time.
const PATIENCE: Duration = Duration::from_mins(1);

/// Stops when dropped.
pub(crate) struct Desk {
    program: Child,
    /// Such as `http://127.0.0.1:43210`.
    pub(crate) base: String,
    folder: tempfile::TempDir,
}

impl Desk {
    pub(crate) fn start() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        add_reviewer(folder.path());
        let mut program = Command::new(PROGRAM)
            .args(["serve", "--listen", "127.0.0.1:0", "--dev", "--data-dir"])
            .arg(folder.path())
            .arg("--model")
            .arg(bundle())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let lines = lines(program.stderr.take().expect("piped"));
        let base = find(&lines, "answers on ");
        Self { program, base, folder }
    }

    /// Sends an item; its id.
    pub(crate) async fn send(&self, item: Value) -> String {
        let answer = self.post("/v1/items", item).await;
        assert_eq!(answer["moderation"]["flagged"], true, "the tiny model flags the made-up word");
        answer["item_id"].as_str().expect("an id").to_owned()
    }

    /// A person's flag; the id of its review job.
    pub(crate) async fn report(&self, report: Value) -> String {
        self.post("/v1/reports", report).await["job_id"].as_str().expect("an id").to_owned()
    }

    async fn post(&self, path: &str, body: Value) -> Value {
        let url = format!("{}{path}", self.base);
        let response = reqwest::Client::new().post(url).json(&body).send().await.expect("an answer");
        assert_eq!(response.status(), 201, "{path}");
        response.json().await.expect("JSON")
    }

    /// Where the program keeps what it remembers, to give jobs an age.
    pub(crate) fn database(&self) -> String {
        format!("sqlite://{}", self.folder.path().join("countervail.sqlite3").display())
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        // Nothing to do about a program that is gone already.
        let _ = self.program.kill();
        let _ = self.program.wait();
    }
}

/// An item that the tiny model flags, with `secret` in its text to look for.
pub(crate) fn flagged(secret: &str) -> Value {
    json!({ "text": format!("zorblax {secret} club, new members meet by the harbor"), "source": "forum" })
}

fn add_reviewer(folder: &Path) {
    let mut program = Command::new(PROGRAM)
        .args(["user", "add", REVIEWER, "--password-stdin", "--data-dir"])
        .arg(folder)
        .stdin(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("the program starts");
    program.stdin.take().expect("piped").write_all(PASSWORD.as_bytes()).expect("it reads the password");
    assert!(program.wait().expect("it ends").success(), "the reviewer is added");
}

/// Reads to the end, whoever listens: a program whose output nobody reads would stop.
pub(crate) fn lines(output: impl std::io::Read + Send + 'static) -> Receiver<String> {
    let (send, receive) = channel();
    std::thread::spawn(move || {
        for line in BufReader::new(output).lines().map_while(Result::ok) {
            // After the address was found, nobody does.
            let _ = send.send(line);
        }
    });
    receive
}

/// What follows `before` in the first line that has it.
pub(crate) fn find(lines: &Receiver<String>, before: &str) -> String {
    let mut seen = Vec::new();
    while let Ok(line) = lines.recv_timeout(PATIENCE) {
        if let Some((_, rest)) = line.split_once(before) {
            return rest.trim().to_owned();
        }
        seen.push(line);
    }
    panic!("no line with `{before}` came, only:\n{}", seen.join("\n"));
}
