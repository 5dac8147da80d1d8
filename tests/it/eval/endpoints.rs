//! Endpoints over real HTTP: the three shapes, patience, cost, resuming, and what must not leak.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use countervail::eval::error::Error;
use countervail::eval::report::EvalReport;
use countervail::eval::subject::Subject;
use countervail::eval::subject::endpoint::Endpoint;
use countervail::eval::subject::endpoint::cost::{self, Cost};
use secrecy::SecretString;

use crate::eval::bench::*;
use crate::eval::services::{KEY, Mood, Service};
use crate::support::app::spawn_app;

const TEI: &str = "shape = \"tei\"\ntexts_per_request = 32\nrequests_per_second = 1000.0\nbackoff_ms = 1\n\
    thresholds = { hate = 0.5 }\nmap = { hate = \"hate\" }\nprice = { currency = \"EUR\", per_1000_texts = 2.0 }\n";

const PERSPECTIVE: &str = "shape = \"perspective\"\nrequests_per_second = 1000.0\nbackoff_ms = 1\n\
    thresholds = { threat = 0.5 }\nmap = { threat = [\"INSULT\", \"THREAT\"] }\n";

/// `count` bland lines with a number each, half of them labelled.
fn numbered(bench: &Bench, count: usize, target: &str) -> String {
    let mut csv = "text,label\n".to_owned();
    for i in 0..count {
        writeln!(csv, "note {i} weighs {},{}", i * 61 % 100, u8::from(i * 61 % 100 > 40)).unwrap();
    }
    let labels = format!(
        "labels = [{{ column = \"label\", is = [\"1\"], set = {{ {target} = 1 }} }}, \
         {{ column = \"label\", is = [\"0\"], set = {{ {target} = 0 }} }}]"
    );
    head("numbered", "labelled", &format!("targets = [\"{target}\"]")) + &bench.source("n.csv", &csv, &labels)
}

fn describe(bench: &Bench, url: &str, rest: &str) -> PathBuf {
    let file = bench.path("endpoint.toml");
    fs_err::write(&file, format!("name = \"rival\"\nurl = \"{url}\"\n{rest}")).unwrap();
    file
}

/// Runs on a thread of its own, since the service under it needs this one.
async fn measure(bench: &Arc<Bench>, manifest: &str, file: PathBuf, key: &str) -> Result<EvalReport, Error> {
    let (bench, manifest, key) = (bench.clone(), manifest.to_owned(), SecretString::from(key));
    tokio::task::spawn_blocking(move || {
        let mut subject = Subject::Endpoint(Box::new(Endpoint::open(&file, Some(key))?));
        bench.try_run(&manifest, &mut subject, "out")
    })
    .await
    .unwrap()
}

fn cost_of(bench: &Bench) -> Cost {
    cost::read(&bench.path("out/predictions/numbered.jsonl")).unwrap().unwrap()
}

#[tokio::test]
async fn our_own_service_is_a_subject_like_any_other() {
    let app = spawn_app().await;
    let bench = Arc::new(Bench::new());
    let mut csv = "text,label\n".to_owned();
    for i in 0..10 {
        let word = ["calm", "zorblax", "zorblax urgent", "foreign", "plain"][i % 5];
        writeln!(csv, "line {i} is {word},{}", u8::from(word.contains("zorblax"))).unwrap();
    }
    let labels = "set = { hate = 0 }\nlabels = [{ column = \"label\", is = [\"1\"], set = { extremism = 1 } }, \
        { column = \"label\", is = [\"0\"], set = { extremism = 0 } }]";
    let manifest =
        head("ours", "labelled", "targets = [\"extremism\"]") + &bench.source("ours.csv", &csv, labels);
    let rest = "shape = \"openai\"\nmodel = \"any\"\ntexts_per_request = 4\nrequests_per_second = 1000.0\n\
        thresholds = { review = 0.5, urgent = 0.9, \"extremism/recruitment\" = 0.8 }\n\
        map = { extremism = \"extremism\", \"extremism/recruitment\" = [\"extremism/recruitment\", \"harassment\"] }\n";
    let file = describe(&bench, &format!("{}/v1/moderations", app.base), rest);
    let report = measure(&bench, &manifest, file, &app.key).await.unwrap();
    let result = only(&report).own();
    assert_eq!(report.subject().kind, "endpoint");
    assert_eq!((result.abstained, result.bands["urgent"], result.bands["review"]), (2, 2, 2));
    assert_eq!(result.targets[0].metrics["average_precision"].value, Some(1.0));
    // The higher of the two names, in the cases that were read.
    let lines = String::from_utf8(bench.bytes("out/predictions/ours.jsonl")).unwrap();
    assert!(lines.contains("\"scores\":[null,0.875,null,null,null,null]"), "{lines}");
    assert_eq!(app.audit_kinds().await.len(), 5, "the key, and a review job for each flagged text");
}

#[tokio::test]
async fn tei_is_asked_in_batches_of_lists() {
    let (bench, service) = (Arc::new(Bench::new()), Service::default());
    let url = format!("{}/predict", service.listen(0).await);
    let manifest = numbered(&bench, 70, "hate");
    let report = measure(&bench, &manifest, describe(&bench, &url, TEI), KEY).await.unwrap();
    let target = &only(&report).own().targets[0];
    assert_eq!(target.metrics["roc_auc"].value, Some(1.0));
    assert_eq!(service.asked.lock().unwrap().iter().map(Vec::len).collect::<Vec<_>>(), [32, 32, 6]);
    let cost = cost_of(&bench);
    assert_eq!((cost.requests, cost.texts, cost.retries), (3, 70, 0));
    assert_eq!(cost.characters, service.texts().iter().map(|t| t.chars().count() as u64).sum::<u64>());
    assert!((cost.price.unwrap() - 0.14).abs() < 1e-12 && cost.currency.as_deref() == Some("EUR"));
}

#[tokio::test]
async fn perspective_is_asked_one_by_one_and_may_not_read_a_language() {
    let (bench, service) = (Arc::new(Bench::new()), Service::default());
    let url = format!("{}/v1alpha1/comments:analyze", service.listen(0).await);
    let csv = "text,lang\na note of 10,en\na note of 90,en\na note of 91,ka\na note of 92,is\na note of 93,ja\na rather longer note of 94,en\n";
    let source = bench
        .source("n.csv", csv, "set = { threat = 1 }")
        .replace("language = \"en\"", "language = { column = \"lang\" }");
    let manifest = head("numbered", "positives", "targets = [\"threat\"]") + &source;
    let rest = format!("{PERSPECTIVE}languages = [\"en\", \"ka\", \"is\"]\nmax_characters = 20\n");
    let report = measure(&bench, &manifest, describe(&bench, &url, &rest), KEY).await.unwrap();
    let result = only(&report).own();
    assert_eq!(result.abstained, 4, "two it refuses, one is not sent, one is too long to be sent");
    assert_eq!(service.texts().len(), 2);
    assert_eq!(result.targets[0].true_positives, 1);
    let lines = String::from_utf8(bench.bytes("out/predictions/numbered.jsonl")).unwrap();
    // The higher of INSULT, which is half of it, and THREAT.
    assert!(lines.contains("[null,null,null,0.9,null,null]"), "{lines}");
}

#[tokio::test]
async fn an_overloaded_service_is_asked_again_when_it_says_so() {
    let moods = vec![Mood::Busy("1"), Mood::Status(503)];
    let (bench, service) = (Arc::new(Bench::new()), Service::with(moods));
    let url = format!("{}/predict", service.listen(1).await);
    let started = Instant::now();
    let manifest = numbered(&bench, 20, "hate");
    measure(&bench, &manifest, describe(&bench, &url, TEI), KEY).await.unwrap();
    assert!(started.elapsed() >= Duration::from_secs(1), "Retry-After was 1");
    let cost = cost_of(&bench);
    assert_eq!((cost.requests, cost.retries, cost.texts), (4, 3, 20), "dropped, busy, unavailable, answered");
    assert_eq!(service.texts().len(), 20);
}

#[tokio::test]
async fn patience_ends_with_the_reason_and_what_was_done_is_counted() {
    let bench = Arc::new(Bench::new());
    let manifest = numbered(&bench, 20, "hate");
    let once = format!("retries = 1\n{TEI}");
    for (moods, says, requests) in [
        (vec![Mood::Busy("0"), Mood::Busy("0")], "answered 429, and so it did 1 times more", 2),
        (vec![Mood::Busy("100000")], "asks for 100000 s", 1),
        (vec![Mood::Status(401)], "the key is missing, wrong or not allowed", 1),
        (vec![Mood::Status(308)], "it has moved", 1),
        (vec![Mood::Status(422)], "answered 422", 1),
    ] {
        let service = Service::with(moods);
        let file = describe(&bench, &format!("{}/predict", service.listen(0).await), &once);
        let error = measure(&bench, &manifest, file, KEY).await.unwrap_err().to_string();
        assert!(error.contains(says) && error.contains("`rival`, case `1`"), "{error}");
        assert!(!error.contains("weighs") && !error.contains(KEY), "{error}");
        assert_eq!(cost_of(&bench).requests, requests, "{says}");
    }
}

#[tokio::test]
async fn answers_of_another_shape_are_refused() {
    let bench = Arc::new(Bench::new());
    let manifest = numbered(&bench, 5, "hate");
    let base = Service::default().listen(0).await;
    let absent = TEI.replace("map = { hate = \"hate\" }", "map = { hate = \"rage\" }");
    let openai = TEI.replace("\"tei\"", "\"openai\"\nmodel = \"m\"");
    for (path, rest, says) in [
        ("predict", absent.as_str(), "no `rage`; it has calm, hate"),
        ("predict", &openai, "answered 422"),
        ("elsewhere", TEI, "answered 404"),
    ] {
        let file = describe(&bench, &format!("{base}/{path}"), rest);
        let error = measure(&bench, &manifest, file, KEY).await.unwrap_err().to_string();
        assert!(error.contains(says), "{error}");
    }
}

#[tokio::test]
async fn requests_keep_the_pace() {
    let (bench, service) = (Arc::new(Bench::new()), Service::default());
    let url = format!("{}/predict", service.listen(0).await);
    let slow = TEI.replace("1000.0", "10.0").replace("= 32", "= 1");
    let started = Instant::now();
    let manifest = numbered(&bench, 6, "hate");
    measure(&bench, &manifest, describe(&bench, &url, &slow), KEY).await.unwrap();
    assert!(started.elapsed() >= Duration::from_millis(500), "six requests, a tenth of a second apart");
}

/// The binary, stopped in the second of three chunks, and started again.
#[tokio::test]
async fn a_killed_run_goes_on_and_asks_for_no_finished_chunk_again() {
    let (bench, service) = (Arc::new(Bench::new()), Service::default());
    let url = format!("{}/predict", service.listen(0).await);
    fs_err::write(bench.path("numbered.toml"), numbered(&bench, 600, "hate")).unwrap();
    describe(&bench, &url, TEI);
    let run = |out: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_countervail"));
        command.current_dir(bench.root.path()).env_clear().env("COUNTERVAIL_ENDPOINT_KEY", KEY);
        command.args(["eval", "run", "--endpoint", "endpoint.toml", "--benchmark", "numbered.toml"]);
        command.args(["--data", ".", "--resamples", "100", "--out", out]);
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    };
    let finish = async |out: &str| {
        let child = run(out).spawn().unwrap();
        let output = tokio::task::spawn_blocking(|| child.wait_with_output().unwrap()).await.unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8([output.stdout, output.stderr].concat()).unwrap()
    };
    *service.hangs_at.lock().unwrap() = Some(10);
    let mut child = run("out").spawn().unwrap();
    while service.asked.lock().unwrap().len() < 10 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    child.kill().unwrap();
    child.wait().unwrap();
    *service.hangs_at.lock().unwrap() = None;
    let said = finish("out").await;
    let times = |text: &str| service.texts().iter().filter(|t| *t == text).count();
    assert_eq!(times("note 0 weighs 0") + times("note 255 weighs 55"), 2, "the first chunk was kept");
    assert_eq!(times("note 256 weighs 16"), 2, "the second was begun");
    // The eight requests of each chunk that was finished; those of the one that was killed are not known any more.
    assert_eq!((cost_of(&bench).requests, cost_of(&bench).texts), (19, 600));
    finish("whole").await;
    for file in ["predictions/numbered.jsonl", "report.json"] {
        assert_eq!(bench.bytes(&format!("out/{file}")), bench.bytes(&format!("whole/{file}")), "{file}");
    }
    for file in ["predictions/numbered.jsonl", "predictions/numbered.cost.json", "report.json", "report.md"] {
        assert!(!String::from_utf8(bench.bytes(&format!("out/{file}"))).unwrap().contains(KEY), "{file}");
    }
    assert!(!said.contains(KEY));
}

#[test]
fn the_examples_of_the_repository_are_sound() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("eval/endpoints");
    let mut count = 0;
    for entry in fs_err::read_dir(folder).unwrap() {
        Endpoint::open(&entry.unwrap().path(), Some(SecretString::from(KEY))).unwrap();
        count += 1;
    }
    assert_eq!(count, 4);
}
