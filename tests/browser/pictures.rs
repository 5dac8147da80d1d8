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

/// Made-up items that the tiny model flags: text, source, and for how many minutes they have waited.
const FLAGGED: [(&str, &str, i64); 4] = [
    (
        "Zorblax club: new members wanted, write to our channel. We meet by the harbor every Monday.",
        "forum",
        12,
    ),
    ("The velvet quartz choir and zorblax meet by the harbor, bring a kettle", "video.comments", 47),
    (
        "Who else is in the zorblax garden group? We are looking for more people near the orchard",
        "forum",
        130,
    ),
    ("A zorblax rocket over the island, what a jolly evening with everybody", "video.comments", 300),
];
/// Made-up items that it does not flag, or cannot read, and that somebody reports.
const REPORTED: [(&str, &str, i64); 2] = [
    ("The choir is looking for new singers; everybody is welcome at the library on Monday", "forum", 95),
    ("Heute Abend spielt der Chor am alten Hafen, und alle Nachbarn sind herzlich eingeladen", "chat", 1500),
];

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
    let mut followed = None;
    for (text, source, minutes) in FLAGGED {
        let item = desk.send(json!({ "text": text, "source": source, "external_id": "post-48213" })).await;
        if followed.is_none() {
            let note = "They post this under every picture.";
            let report = json!({ "item_id": item, "reason": "extremism/recruitment", "note": note });
            followed = Some(desk.report(report).await);
        }
        age(desk, ("item_id", &item), minutes).await;
    }
    for (text, source, minutes) in REPORTED {
        let item = json!({ "text": text, "source": source });
        let job = desk.report(json!({ "item": item, "reason": "other" })).await;
        age(desk, ("id", &job), minutes).await;
    }
    followed.expect("there are items")
}

/// Nobody waits for a picture until a job is a day old.
async fn age(desk: &Desk, (column, id): (&str, &str), minutes: i64) {
    sqlx::any::install_default_drivers();
    let mut database = AnyConnection::connect(&desk.database()).await.expect("the database opens");
    let earlier = format!(
        "UPDATE review_jobs SET opened_at = strftime('%Y-%m-%dT%H:%M:%f000Z', opened_at, '-' || $1 || ' minutes') \
         WHERE {column} = $2"
    );
    let earlier = sqlx::query(sqlx::AssertSqlSafe(earlier));
    let done = earlier.bind(minutes).bind(id).execute(&mut database).await;
    assert_eq!(done.expect("it is written").rows_affected(), 1);
}

/// The whole page in both themes and as on a phone; the light one is what documents show.
async fn keep(browser: &Browser, name: &str) {
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
