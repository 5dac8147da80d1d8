//! `countervail serve`: what it refuses, and that it answers.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use crate::cli::{countervail, run};

#[test]
fn dev_is_refused_where_others_can_reach_it() {
    let dir = tempfile::tempdir().unwrap();
    for listen in ["0.0.0.0:0", "192.0.2.1:80", "[::]:0"] {
        let (_, error) = run(dir.path(), &["serve", "--dev", "--listen", listen], 2);
        assert!(error.starts_with("error: --dev needs no key, so it is refused on"), "{error}");
        assert!(error.contains("\n\nhint: "), "{error}");
    }
    assert!(!dir.path().join("countervail-data").exists(), "nothing is made before it is refused");
}

#[test]
fn all_wrong_settings_are_listed_together() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("my.toml");
    fs_err::write(&file, "[server]\nlissten = 1\n[limits]\nclaim_ttl_s = 1\n").unwrap();
    let output = countervail(dir.path())
        .args(["serve", "--config", "my.toml", "--listen", "here"])
        .env("COUNTERVAIL__LOG__JSON", "yes")
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    insta::assert_snapshot!(String::from_utf8(output.stderr).unwrap());
}

#[test]
fn a_missing_model_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let (_, error) = run(dir.path(), &["serve", "--model", "nowhere"], 2);
    assert!(error.starts_with("error: cannot open the model `nowhere`\ncaused by: "), "{error}");
}

/// A running service, killed when the test is over.
struct Running {
    process: Child,
    /// What it said until it was ready.
    said: String,
    base: String,
}

impl Running {
    fn start(dir: &Path, args: &[&str]) -> Self {
        let model = crate::tiny::bundle().to_str().unwrap();
        let mut process = Command::new(assert_cmd::cargo::cargo_bin!("countervail"))
            .args(["serve", "--listen", "127.0.0.1:0", "--model", model])
            .args(args)
            .current_dir(dir)
            .env_clear()
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut said = String::new();
        let lines = BufReader::new(process.stderr.take().unwrap()).lines();
        let mut lines = lines.map(Result::unwrap);
        for line in lines.by_ref() {
            said.push_str(&line);
            said.push('\n');
            if line.contains("Ctrl-C") {
                break;
            }
        }
        // Whoever writes to a closed pipe fails, so the rest is read too.
        std::thread::spawn(move || lines.for_each(drop));
        let base =
            said.lines().find_map(|l| l.split_once(" answers on ")).expect("it says where").1.to_owned();
        Self { process, said, base }
    }

    /// Asks it to stop, as a supervisor would, and waits.
    fn stop(mut self) -> Option<i32> {
        let pid = self.process.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
        self.process.wait().unwrap().code()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[tokio::test]
async fn a_newcomer_posts_a_text_and_finds_it_after_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let service = Running::start(dir.path(), &["--dev"]);
    let line = service.said.lines().find(|l| l.contains("sign in")).expect("an account is offered");
    let password = line.split_whitespace().nth(5).unwrap().to_owned();
    let answer: serde_json::Value = reqwest::Client::new()
        .post(format!("{}/v1/moderations", service.base))
        .json(&serde_json::json!({"input": "zorblax zorblax zorblax amber zorblax"}))
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    assert_eq!(answer["model"], "tiny");
    let flagged = answer["results"][0]["flagged"] == true;
    assert_eq!(service.stop(), Some(0));

    let again = Running::start(dir.path(), &["--dev"]);
    assert!(!again.said.contains("sign in"), "the account is offered once");
    let client = reqwest::Client::builder().cookie_store(true).build().unwrap();
    let form = [("name", "dev"), ("password", password.as_str())];
    let login =
        client.post(format!("{}/console/login", again.base)).header("origin", &again.base).form(&form);
    let inbox = login.send().await.unwrap().text().await.unwrap();
    assert!(inbox.contains("Signed in as dev"), "{inbox}");
    assert_eq!(inbox.contains("/console/jobs/"), flagged);
    assert_eq!(again.stop(), Some(0));
}
