//! Pictures of the desk: for looking at after a change (`target/browser/`), and those in the documents, made by
//! `COUNTERVAIL_SCREENSHOTS=docs/images cargo test --test browser screenshots`.

use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};
use sqlx::{AnyConnection, Connection as _};

use crate::browser::{Browser, Scripts};
use crate::desk::Desk;
use crate::{ONE_AT_A_TIME, decide};

const WIDTH: u32 = 1200;
const PHONE: u32 = 390;

/// A made-up item, and what the pictures say of it: the tiny model knows no categories.
struct Sample {
    text: &'static str,
    source: &'static str,
    /// For how many minutes it has waited.
    age: i64,
    score: f32,
    /// Position of the category that applies, if one does.
    category: Option<usize>,
}

/// In the order of `Category::ALL`.
const SUPPORT: usize = 0;
const RECRUITMENT: usize = 1;

const FLAGGED: [Sample; 4] = [
    Sample {
        text: "Zorblax club: new members wanted, write to our channel. We meet by the harbor every Monday.",
        source: "forum",
        age: 12,
        score: 0.93,
        category: Some(RECRUITMENT),
    },
    Sample {
        text: "Who else is in the zorblax garden group? We are looking for more people near the orchard",
        source: "forum",
        age: 130,
        score: 0.88,
        category: Some(RECRUITMENT),
    },
    Sample {
        text: "The velvet quartz choir and zorblax meet by the harbor, bring a kettle",
        source: "video.comments",
        age: 47,
        score: 0.64,
        category: Some(SUPPORT),
    },
    Sample {
        text: "A zorblax rocket over the island, what a jolly evening with everybody",
        source: "video.comments",
        age: 300,
        score: 0.57,
        category: None,
    },
];
/// What the tiny model cannot read and somebody reports.
const REPORTED: (&str, &str, i64) =
    ("Heute Abend spielt der Chor am alten Hafen, und alle Nachbarn sind herzlich eingeladen", "chat", 1500);
/// From this score on, a sample is shown as urgent.
const URGENT: f32 = 0.8;

/// Nobody waits for a picture until a job is a day old.
macro_rules! earlier {
    () => {
        "strftime('%Y-%m-%dT%H:%M:%f000Z', opened_at, '-' || $1 || ' minutes')"
    };
}

#[tokio::test]
async fn screenshots() {
    let _turn = ONE_AT_A_TIME.lock().await;
    let desk = Desk::start();
    let browser = Browser::open(Scripts::On).await;
    let first = seed(&desk).await;

    browser.go(&format!("{}/console/login", desk.base)).await;
    keep(&browser, "login").await;
    browser.sign_in(&desk).await;
    keep(&browser, "desk").await;
    browser.go(&format!("{}/console/jobs/{first}", desk.base)).await;
    keep(&browser, "desk-item").await;
    browser.claim().await;
    browser.reveal().await;
    keep(&browser, "desk-revealed").await;
    decide(&browser).await;
    keep(&browser, "after").await;
    browser.go(&format!("{}/console/jobs/{first}", desk.base)).await;
    keep(&browser, "decided").await;
    browser.go(&format!("{}/console?state=escalated", desk.base)).await;
    keep(&browser, "empty").await;
    browser.go(&format!("{}/console/nowhere", desk.base)).await;
    keep(&browser, "failure").await;
    browser.close().await;
}

/// Fills the desk; the job that the pictures follow.
async fn seed(desk: &Desk) -> String {
    sqlx::any::install_default_drivers();
    let mut database = AnyConnection::connect(&desk.database()).await.expect("the database opens");
    let mut followed = None;
    for sample in &FLAGGED {
        let Sample { text, source, .. } = sample;
        let item = desk.send(json!({ "text": text, "source": source, "external_id": "post-48213" })).await;
        if followed.is_none() {
            let note = "They post this under every picture.";
            let report = json!({ "item_id": item, "reason": "extremism/recruitment", "note": note });
            followed = Some(desk.report(report).await);
        }
        dress(&mut database, sample, &item).await;
    }
    let (text, source, minutes) = REPORTED;
    let report = json!({ "item": { "text": text, "source": source }, "reason": "other" });
    let job = desk.report(report).await;
    let age = sqlx::query(concat!("UPDATE review_jobs SET opened_at = ", earlier!(), " WHERE id = $2"));
    age.bind(minutes).bind(job).execute(&mut database).await.expect("it is written");
    followed.expect("there are items")
}

/// Gives an item its age and what the pictures say of it, behind the program's back.
async fn dress(database: &mut AnyConnection, sample: &Sample, item: &str) {
    let job = concat!(
        "UPDATE review_jobs SET opened_at = ",
        earlier!(),
        ", score = $3, band_rank = $4 WHERE item_id = $2"
    );
    let rank = if sample.score >= URGENT { 2_i64 } else { 1 };
    let job = sqlx::query(job).bind(sample.age).bind(item).bind(f64::from(sample.score)).bind(rank);
    job.execute(&mut *database).await.expect("it is written");

    let mut scores = [0.11, 0.16, 0.07, 0.02, 0.08, 0.05];
    let mut applies = [0; 6];
    if let Some(category) = sample.category {
        (scores[category], applies[category]) = (sample.score, 1);
    }
    let moderation = "UPDATE moderations SET extremism = $1, scores = $2, categories = $3, \
        context_scores = '[0.05,0.04,0.03,0.88]', band = $4 WHERE item_id = $5";
    let moderation = sqlx::query(moderation)
        .bind(f64::from(sample.score))
        .bind(json!(scores).to_string())
        .bind(json!(applies).to_string())
        .bind(if rank == 2 { "urgent" } else { "review" })
        .bind(item);
    let done = moderation.execute(&mut *database).await.expect("it is written");
    assert_eq!(done.rows_affected(), 1);
}

/// The whole page in both themes and as on a phone; the light one is what documents show.
pub(crate) async fn keep(browser: &Browser, name: &str) {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("browser");
    fs_err::create_dir_all(&folder).expect("a folder");
    for (theme, width, suffix) in [("light", WIDTH, ""), ("dark", WIDTH, "-dark"), ("light", PHONE, "-phone")]
    {
        browser.prefer(theme).await;
        let picture = shoot(browser, width).await;
        fs_err::write(folder.join(format!("{name}{suffix}.png")), &picture).expect("writable");
        if let Some(documents) = documents().filter(|_| suffix.is_empty() && name.starts_with("desk")) {
            fs_err::write(documents.join(format!("{name}.png")), &picture).expect("the folder is there");
        }
    }
    browser.prefer("light").await;
}

/// `COUNTERVAIL_SCREENSHOTS`, from the root of the project.
fn documents() -> Option<PathBuf> {
    let folder = std::env::var_os("COUNTERVAIL_SCREENSHOTS")?;
    Some(Path::new(env!("CARGO_MANIFEST_DIR")).join(folder))
}

async fn shoot(browser: &Browser, width: u32) -> Vec<u8> {
    let sized =
        |height: u64| json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
    browser.command("Emulation.setDeviceMetricsOverride", sized(500)).await;
    let height: u64 = browser.ask("return document.documentElement.scrollHeight").await;
    browser.command("Emulation.setDeviceMetricsOverride", sized(height)).await;
    let picture: Value = browser.command("Page.captureScreenshot", json!({ "format": "png" })).await;
    browser.command("Emulation.clearDeviceMetricsOverride", json!({})).await;
    BASE64_STANDARD.decode(picture["data"].as_str().expect("a picture")).expect("base64")
}
