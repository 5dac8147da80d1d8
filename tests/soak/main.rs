//! Ten thousand real texts through the real binary, which is killed in the middle.
//!
//! Slow, and needs data that is not in the repository, so it runs only when it is asked for:
//!
//! ```sh
//! COUNTERVAIL_DATA=DIR COUNTERVAIL_MODEL=models/default cargo test --release --test soak -- --nocapture
//! ```
//!
//! `COUNTERVAIL_TEXTS` sends fewer texts; `COUNTERVAIL_BIN` names another binary than the one just built.
//!
//! What must hold: every text is answered, in order, and the only errors are the connections cut by the
//! kill; what was acknowledged before it is on disk after it; a request that is sent again has the same
//! answer and leaves nothing twice; each flagged item is before the reviewers exactly once, no other is.

mod clients;
mod database;
mod server;
mod texts;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use clients::{Answer, Request, post};
use database::Database;
use server::{Program, Server};
use texts::SourcedText;

const TEXTS: usize = 10_000;
const PER_REQUEST: usize = 32;

#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_texts_survive_a_kill() {
    let settings = Settings::read();
    let texts = texts::read(&settings.data, settings.texts);
    let requests = requests(&texts);
    let folder = tempfile::tempdir().expect("a temporary folder");
    let program = Program {
        binary: settings.binary,
        model: settings.model,
        data_dir: folder.path().join("data"),
        log: folder.path().join("server.log"),
    };

    let mut server = Server::start(&program);
    let began = Instant::now();
    let half = requests.len() / 2;
    let base = server.base.clone();
    let mut kill = || server.kill();
    let first =
        post(&base, &requests, &(0..requests.len()).collect::<Vec<_>>(), Some((half, &mut kill))).await;
    let mut wall = began.elapsed();
    assert!(first.answers.len() >= half && first.answers.len() < requests.len(), "killed at the wrong time");

    let server = Server::start(&program);
    let database = Database::open(&program.data_dir).await;
    let kept = database.moderation_ids().await;
    let acknowledged: Vec<&Answer> = first.answers.values().flatten().collect();
    let lost = acknowledged.iter().filter(|a| !kept.contains(&a.moderation_id)).count();
    assert_eq!(lost, 0, "acknowledged before the kill and gone after it");

    let began = Instant::now();
    let rest: Vec<usize> = (0..requests.len()).filter(|i| !first.answers.contains_key(i)).collect();
    let second = post(&server.base, &requests, &rest, None).await;
    wall += began.elapsed();
    let again: Vec<usize> = first.answers.keys().copied().collect();
    let repeated = post(&server.base, &requests, &again, None).await;
    assert!(repeated.answers == first.answers, "a request sent again was answered differently");

    let mut answers = first.answers.clone();
    answers.extend(second.answers);
    assert_eq!(answers.len(), requests.len(), "not every request was answered");
    database.check(&requests, &answers).await;
    database.close().await;
    let restarted = server.started;
    server.stop();

    let report = Report { texts: &texts, answers: &answers, wall };
    println!("{}", report.summary());
    println!(
        "killed after {} of {} requests; of {} in flight {} had been stored; ready again after {restarted:.1?}",
        first.answers.len(),
        requests.len(),
        first.cut,
        stored_in_flight(&kept, &acknowledged),
    );
    let flagged = answers.values().flatten().any(|answer| answer.flagged);
    assert!(flagged, "nothing was flagged, so the way to the reviewers was not tested");
}

/// How to run it, from the environment.
struct Settings {
    data: PathBuf,
    model: String,
    binary: PathBuf,
    texts: usize,
}

impl Settings {
    fn read() -> Self {
        let variable = |name: &str| std::env::var_os(name).map(|v| v.into_string().expect("Unicode"));
        let needed = |name: &str, what: &str| {
            variable(name)
                .unwrap_or_else(|| panic!("{name} is not set: it names {what}; see tests/soak/main.rs"))
        };
        let texts = variable("COUNTERVAIL_TEXTS").map(|n| n.parse().expect("COUNTERVAIL_TEXTS is a number"));
        Self {
            data: needed("COUNTERVAIL_DATA", "the folder that recipes and benchmarks read from").into(),
            model: needed("COUNTERVAIL_MODEL", "the bundle to serve, for example models/default"),
            binary: variable("COUNTERVAIL_BIN")
                .map_or_else(|| Path::new(env!("CARGO_BIN_EXE_countervail")).to_owned(), PathBuf::from),
            texts: texts.unwrap_or(TEXTS),
        }
    }
}

fn requests(texts: &[SourcedText]) -> Vec<Request> {
    let request = |(i, texts): (usize, &[SourcedText])| Request {
        key: format!("soak-{i}"),
        texts: texts.iter().map(|t| t.text.clone()).collect(),
    };
    texts.chunks(PER_REQUEST).enumerate().map(request).collect()
}

/// How many requests were on disk when the answer to them was cut off.
fn stored_in_flight(kept: &BTreeSet<String>, acknowledged: &[&Answer]) -> usize {
    let known: BTreeSet<&String> = acknowledged.iter().map(|a| &a.moderation_id).collect();
    // All texts of a request are stored together or not at all.
    kept.iter().filter(|id| !known.contains(id)).count().div_ceil(PER_REQUEST)
}

struct Report<'a> {
    texts: &'a [SourcedText],
    answers: &'a BTreeMap<usize, Vec<Answer>>,
    wall: Duration,
}

impl Report<'_> {
    fn summary(&self) -> String {
        let mut sources: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
        for (text, answer) in self.texts.iter().zip(self.answers.values().flatten()) {
            let (n, flagged) = sources.entry(&text.source).or_default();
            *n += 1;
            *flagged += usize::from(answer.flagged);
        }
        let n = self.texts.len();
        let flagged: usize = sources.values().map(|(_, flagged)| flagged).sum();
        let seconds = self.wall.as_secs_f64();
        let mut out = format!(
            "{n} texts answered, {} flagged, {seconds:.1} s, {:.1} texts/s\n",
            share(flagged, n),
            n as f64 / seconds
        );
        for (source, (n, flagged)) in sources {
            out.push_str(&format!("  {source:<24} {n:>6} texts, {} flagged\n", share(flagged, n)));
        }
        out.trim_end().to_owned()
    }
}

fn share(part: usize, whole: usize) -> String {
    format!("{part} ({:.2} %)", 100.0 * part as f64 / whole as f64)
}
