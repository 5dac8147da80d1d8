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

/// Made-up items: text, source, and for how many minutes they have waited.
const ITEMS: [(&str, &str, i64); 6] = [
    ("Zorblax club: new members wanted, write to our channel", "forum", 12),
    ("The velvet quartz choir and zorblax meet by the harbor on Monday, bring a kettle", "video.comments", 47),
    ("Who else is in the zorblax garden group? We are looking for more people near the orchard", "forum", 130),
    ("zorblax zorblax zorblax", "chat", 3),
    ("A zorblax rocket over the island, what a jolly evening with everybody", "video.comments", 300),
    ("Old notes about the zorblax tunnel, copied from the library of the harbor town", "forum", 1500),
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
    browser.click_button("Claim").await;
    browser.click_button("Reveal the text").await;
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
    let mut first = None;
    for (i, (text, source, minutes)) in ITEMS.iter().enumerate() {
        let item = desk.send(json!({ "text": text, "source": source, "external_id": format!("post-{}", 48_213 + i * 7) })).await;
        if i == 0 {
            let note = "They keep posting this under every picture.";
            let report = json!({ "item_id": item, "reason": "extremism/recruitment", "note": note });
            first = Some(desk.report(report).await);
        }
        age(desk, &item, *minutes).await;
    }
    first.expect("there are items")
}

/// Nobody waits for a picture until a job is a day old.
async fn age(desk: &Desk, item: &str, minutes: i64) {
    sqlx::any::install_default_drivers();
    let mut database = AnyConnection::connect(&desk.database()).await.expect("the database opens");
    let earlier = "UPDATE review_jobs SET opened_at = \
        strftime('%Y-%m-%dT%H:%M:%f000Z', opened_at, '-' || $1 || ' minutes') WHERE item_id = $2";
    let done = sqlx::query(earlier).bind(minutes).bind(item).execute(&mut database).await;
    assert_eq!(done.expect("it is written").rows_affected(), 1);
}

/// The whole page in both themes and as on a phone; the light one is what documents show.
async fn keep(browser: &Browser, name: &str) {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("browser");
    fs_err::create_dir_all(&folder).expect("a folder");
    for (theme, width, suffix) in [("light", WIDTH, ""), ("dark", WIDTH, "-dark"), ("light", PHONE, "-phone")] {
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
    let sized = |height: u64| json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
    browser.command("Emulation.setDeviceMetricsOverride", sized(500)).await;
    let height: u64 = browser.ask("return document.documentElement.scrollHeight").await;
    browser.command("Emulation.setDeviceMetricsOverride", sized(height)).await;
    let picture: Value = browser.command("Page.captureScreenshot", json!({ "format": "png" })).await;
    browser.command("Emulation.clearDeviceMetricsOverride", json!({})).await;
    BASE64_STANDARD.decode(picture["data"].as_str().expect("a picture")).expect("base64")
}
