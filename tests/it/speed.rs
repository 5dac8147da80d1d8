//! The load generator against the real service, on a few harmless texts; and the mixes that it sends.

use std::path::{Path, PathBuf};
use std::time::Duration;

use countervail::domain::digest::Digest;

use crate::load::drive::{Plan, Until};
use crate::load::figures::Report;
use crate::load::shape::Shape;
use crate::load::target::{Reach, Target};
use crate::load::{Order, Watched, measure, read_texts, texts};
use crate::support::app::{App, spawn_app};

const TEXTS: [&str; 3] =
    ["amber basin cedar", "zorblax delta ember", "a somewhat longer text about \"kettles\" and lanterns"];

fn order(base: &str, path: &str, key: Option<&str>, shape: Shape) -> Order {
    let url = format!("{base}{path}");
    Order {
        target: Target::parse(&url, Reach::Loopback, key.map(str::to_owned)).expect("a local address"),
        shape,
        texts: TEXTS.map(str::to_owned).to_vec(),
        texts_per_request: 1,
        salt: 0,
        plan: Plan {
            connections: 3,
            rate: None,
            until: Until::Requests(20),
            patience: Duration::from_secs(20),
        },
        warm_up: Duration::from_millis(50),
        process: Watched::Nobody,
    }
}

async fn against(
    app: &App,
    path: &'static str,
    shape: Shape,
    change: fn(&mut Order),
) -> anyhow::Result<Report> {
    let mut order = order(&app.base, path, Some(&app.key), shape);
    change(&mut order);
    tokio::task::spawn_blocking(move || measure(&order)).await.expect("it does not panic")
}

#[tokio::test(flavor = "multi_thread")]
async fn every_request_is_answered_and_counted() {
    let app = spawn_app().await;
    let report =
        against(&app, "/v1/moderations", Shape::Openai, |o| o.texts_per_request = 2).await.expect("runs");
    assert_eq!((report.requests, report.answered), (20, 20));
    assert!(report.errors.is_empty() && report.late.is_none(), "{report}");
    let latency = report.latency_ms.expect("answered");
    assert!(0.0 < latency.p50 && latency.p50 <= latency.p95 && latency.p99 <= latency.max, "{report}");
    assert!((report.texts_per_second - 2.0 * report.requests_per_second).abs() < 1e-6);
    let report = against(&app, "/v1/items", Shape::Items, |o| {
        o.warm_up = Duration::ZERO;
        o.process = Watched::Pid(std::process::id());
    })
    .await
    .expect("runs");
    assert_eq!((report.requests, report.answered), (20, 20), "201 is an answer too");
    assert!(report.process.is_some_and(|p| p.cpu_seconds_per_1000_texts.is_some()), "{report}");
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_are_due_at_their_times_and_errors_are_told() {
    let app = spawn_app().await;
    let report = against(&app, "/v1/moderations", Shape::Openai, |o| {
        o.plan.rate = Some(100.0);
        o.plan.until = Until::Passed(Duration::from_millis(300));
    });
    let report = report.await.expect("runs");
    assert_eq!(report.requests, 30);
    assert!(report.seconds >= 0.28, "the last is due after 290 ms, not at once: {report}");
    let wrong_key = |o: &mut Order| o.target.key = Some("nobody".to_owned());
    let refused = against(&app, "/v1/moderations", Shape::Openai, wrong_key).await.expect_err("all refused");
    assert!(refused.to_string().contains("401: "), "{refused}");
    let other = against(&app, "/v1/moderations", Shape::Tei, |_| ()).await.expect_err("another shape");
    assert!(other.to_string().contains("400: "), "{other}");
    let page = against(&app, "/v1/items", Shape::Openai, |_| ()).await.expect_err("another shape");
    assert!(!page.to_string().contains("amber"), "no text is told: {page}");
}

#[test]
fn a_service_that_is_started_is_measured_and_stopped() {
    let folder = tempfile::tempdir().expect("a folder");
    let port = {
        let free = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        free.local_addr().expect("bound").port()
    };
    let base = format!("http://127.0.0.1:{port}");
    let mut order = order(&base, "/v1/moderations", None, Shape::Openai);
    order.process = Watched::Started {
        command: format!(
            "{} serve --dev --listen 127.0.0.1:{port} --model {} --data-dir {}",
            env!("CARGO_BIN_EXE_countervail"),
            crate::tiny::bundle().display(),
            folder.path().join("data").display()
        ),
        ready: order.shape.ready().to_owned(),
        log: Some(folder.path().join("log")),
    };
    let report = measure(&order).expect("runs");
    assert_eq!((report.requests, report.answered), (20, 20), "{report}");
    assert!(report.cold_start_ms.is_some_and(|ms| ms > 1.0), "{report}");
    let process = report.process.expect("it was watched");
    assert!(process.resident_mb > 1.0 && process.peak_mb >= process.resident_mb, "{report}");
    assert!(std::net::TcpStream::connect(("127.0.0.1", port)).is_err(), "it still runs");
    order.process = Watched::Started { command: "false".to_owned(), ready: "/readyz".to_owned(), log: None };
    let ended = measure(&order).expect_err("it ends at once").to_string();
    assert!(ended.contains("before it was ready"), "{ended}");
}

#[test]
fn a_file_without_texts_is_refused_by_its_line() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("a.jsonl");
    fs_err::write(&path, "{\"text\": \"a\"}\n\n{\"text\": \"b\"}\n").expect("writable");
    assert_eq!(read_texts(&path).expect("two texts"), ["a", "b"]);
    fs_err::write(&path, "{\"text\": \"a\"}\n{\"secret\": 1}\n").expect("writable");
    let refused = read_texts(&path).expect_err("no text").to_string();
    assert!(refused.contains("line 2") && !refused.contains("secret"), "{refused}");
    fs_err::write(&path, "").expect("writable");
    assert!(read_texts(&path).is_err());
}

fn write(folder: &Path, name: &str, content: &str) -> PathBuf {
    let path = folder.join(name);
    fs_err::write(&path, content).expect("writable");
    path
}

const BENCHMARK: &str = r#"
name = "NAME"
title = "Made up"
version = 1
kind = "labelled"
measures = "Nothing."
flag_means = "Nothing."
targets = ["hate"]
citation = "Nobody."
[[source]]
name = "all"
path = "NAME.jsonl"
sha256 = "DIGEST"
origin = { made = "by this test" }
licence = "made up"
format = "jsonl"
labels = [{ column = "label", is = ["1"], set = { hate = 1 } }, { column = "label", is = ["0"], set = { hate = 0 } }]
"#;

#[test]
fn a_mix_takes_the_same_texts_every_time_and_spreads_its_parts() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    for name in ["reeds", "stones"] {
        let line = |i: usize| format!("{{\"text\": \"{name} number {i}\", \"label\": \"{}\"}}\n", i % 2);
        let lines: String = (0..20).map(line).collect();
        let manifest =
            BENCHMARK.replace("NAME", name).replace("DIGEST", &Digest::of(lines.as_bytes()).to_string());
        write(folder, &format!("{name}.toml"), &manifest);
        write(folder, &format!("{name}.jsonl"), &lines);
    }
    let part = |name: &str, count: usize, rest: &str| {
        format!("[[part]]\nbenchmark = \"{name}\"\ncount = {count}\n{rest}")
    };
    let mix = format!("about = \"x\"\n{}{}", part("reeds", 8, "harmless = true\n"), part("stones", 4, ""));
    let mix = write(folder, "mix.toml", &mix);
    let (gathered, about) = texts::gather(&mix, folder, folder).expect("gathers");
    assert_eq!(gathered, texts::gather(&mix, folder, folder).expect("gathers").0);
    let reeds: Vec<&String> = gathered.iter().filter(|t| t.starts_with("reeds")).collect();
    assert_eq!((gathered.len(), reeds.len()), (12, 8));
    let number =
        |text: &str| text.rsplit(' ').next().and_then(|n| n.parse::<usize>().ok()).expect("a number");
    assert!(reeds.iter().all(|t| number(t) % 2 == 0), "harmless ones only");
    for third in gathered.chunks(3) {
        assert_eq!(third.iter().filter(|t| t.starts_with("stones")).count(), 1, "evenly spread");
    }
    assert!(about.contains("12 texts") && !about.contains("number"), "{about}");
    let out = folder.join("new/texts.jsonl");
    texts::write(&gathered, &out).expect("writable");
    assert_eq!(read_texts(&out).expect("what was written"), gathered);
    let greedy = write(folder, "greedy.toml", &format!("about = \"x\"\n{}", part("stones", 21, "")));
    assert!(
        texts::gather(&greedy, folder, folder).expect_err("too few").to_string().contains("20 of the 21")
    );
}

#[test]
fn the_mixes_of_the_repository_name_benchmarks_that_are_there() {
    #[derive(serde::Deserialize)]
    struct Mix {
        part: Vec<Part>,
    }
    #[derive(serde::Deserialize)]
    struct Part {
        benchmark: String,
        count: usize,
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for name in ["mixed", "benign"] {
        let text = fs_err::read_to_string(root.join(format!("eval/speed/{name}.toml"))).expect("is there");
        let mix: Mix = toml::from_str(&text).expect("parts");
        assert_eq!(mix.part.iter().map(|p| p.count).sum::<usize>(), 2000, "{name}");
        for part in mix.part {
            assert!(
                root.join(format!("eval/benchmarks/{}.toml", part.benchmark)).exists(),
                "{}",
                part.benchmark
            );
        }
    }
}
