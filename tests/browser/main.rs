//! The review desk and the evaluation report in a real browser. Needs Chromium, so only `cargo test --test browser` runs it;
//! `tests/browser/run.sh` installs what is missing first.

mod axe;
mod browser;
mod desk;
#[path = "../shared/made_up.rs"]
mod made_up;
#[path = "../shared/network.rs"]
mod network;
mod pictures;
mod report;
#[path = "../shared/tiny.rs"]
mod tiny;
mod webdriver;

use tokio::sync::Mutex;

use crate::axe::expect_usable;
use crate::browser::{Browser, ENTER, Scripts};
use crate::desk::{Desk, PASSWORD, REVIEWER, flagged};

/// Browsers side by side would only slow one another down until something times out.
static ONE_AT_A_TIME: Mutex<()> = Mutex::const_new(());

#[tokio::test]
async fn an_item_is_reviewed_by_keyboard_alone() {
    let _turn = ONE_AT_A_TIME.lock().await;
    let desk = Desk::start();
    let browser = Browser::open(Scripts::On).await;
    desk.send(flagged("lantern")).await;
    browser.sign_in(&desk).await;

    browser.tab_to("Please look soon").await;
    browser.press(ENTER).await;
    browser.wait_for("Job").await;
    assert!(!browser.source().await.contains("lantern"), "the text is not in the page unasked");
    browser.tab_to("Reveal the text").await;
    browser.press(ENTER).await;
    browser.driver.element("//*[@id = 'item-text'][contains(., 'lantern')]").await;
    browser.tab_to("Claim").await;
    browser.press(ENTER).await;

    browser.driver.element("//textarea[@id = 'note']").await;
    browser.tab_to("News or reporting").await;
    browser.choose("Nothing extremist in it").await;
    browser.tab_to("Note").await;
    browser.press("a garden club").await;
    browser.tab_to("Record the decision").await;
    browser.press(ENTER).await;

    browser.wait_for("Inbox").await;
    let inbox = browser.words().await;
    assert!(inbox.contains("Recorded: dismissed"), "{inbox}");
    assert!(inbox.contains("Nothing is waiting"), "{inbox}");
    browser.tab_to("Decided").await;
    browser.press(ENTER).await;
    browser.driver.element("//ol[@class = 'jobs']").await;
    browser.tab_to("Please look soon").await;
    browser.press(ENTER).await;
    browser.wait_for("Job").await;
    let job = browser.words().await;
    assert!(job.contains("dismissed by robin: Nothing extremist in it"), "{job}");
    assert!(job.contains("a garden club"), "{job}");
    browser.expect_quiet(&desk.base).await;
    browser.close().await;
}

#[tokio::test]
async fn every_page_can_be_used_by_everybody() {
    let _turn = ONE_AT_A_TIME.lock().await;
    let desk = Desk::start();
    let browser = Browser::open(Scripts::On).await;
    let item = desk.send(flagged("lantern")).await;
    let report = serde_json::json!({ "item_id": item, "reason": "extremism/recruitment", "note": "a note" });
    let job = format!("{}/console/jobs/{}", desk.base, desk.report(report).await);

    browser.go(&format!("{}/console/login", desk.base)).await;
    in_both_themes(&browser, "login").await;
    browser.sign_in(&desk).await;
    in_both_themes(&browser, "inbox").await;
    browser.go(&job).await;
    in_both_themes(&browser, "masked item").await;
    browser.reveal().await;
    in_both_themes(&browser, "revealed item").await;
    browser.claim().await;
    in_both_themes(&browser, "claimed item").await;
    decide(&browser).await;
    in_both_themes(&browser, "empty inbox").await;
    browser.go(&job).await;
    in_both_themes(&browser, "decided item").await;
    browser.expect_quiet(&desk.base).await;
    browser.go(&format!("{}/console/nowhere", desk.base)).await;
    in_both_themes(&browser, "failure").await;
    browser.close().await;
}

#[tokio::test]
async fn the_desk_needs_no_scripts() {
    let _turn = ONE_AT_A_TIME.lock().await;
    let desk = Desk::start();
    let browser = Browser::open(Scripts::Off).await;
    desk.send(flagged("lantern")).await;
    browser.go("data:text/html,<title>off</title><script>document.title = 'on'</script>").await;
    assert_eq!(browser.title().await, "off", "this browser runs no scripts");

    browser.go(&format!("{}/console/login", desk.base)).await;
    browser.fill("name", REVIEWER).await;
    browser.fill("password", PASSWORD).await;
    browser.click_button("Log in").await;
    browser.click_button("Take the next one").await;
    browser.wait_for("Job").await;
    browser.reveal().await;
    assert!(browser.words().await.contains("lantern"));
    decide(&browser).await;
    assert!(browser.words().await.contains("Recorded: dismissed"));
    browser.close().await;
}

async fn in_both_themes(browser: &Browser, page: &str) {
    for theme in ["light", "dark"] {
        browser.prefer(theme).await;
        expect_usable(browser, &format!("{page}, {theme}")).await;
    }
}

async fn decide(browser: &Browser) {
    browser.click("//input[@value = 'dismiss/not_extremist']").await;
    browser.click_button("Record the decision").await;
    browser.wait_for("Inbox").await;
}
