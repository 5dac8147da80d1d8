//! Chromium, driven through chromedriver: mostly by its keyboard.

use std::collections::BTreeSet;
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};

use crate::desk::{Desk, PASSWORD, REVIEWER, find, lines};
use crate::webdriver::WebDriver;

pub(crate) const TAB: &str = "\u{E004}";
pub(crate) const ENTER: &str = "\u{E007}";
pub(crate) const DOWN: &str = "\u{E015}";
pub(crate) const RIGHT: &str = "\u{E014}";
pub(crate) const HOME: &str = "\u{E011}";
pub(crate) const END: &str = "\u{E010}";

const FLAGS: [&str; 10] = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--window-size=1200,1000",
];
const INSTALL: &str =
    "chromedriver does not start; `tests/browser/run.sh` installs it and then runs these tests";
/// More stops than any page has.
const STOPS: usize = 80;

/// Whether pages may run scripts.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scripts {
    On,
    Off,
}

/// A browser of its own, with an empty profile.
pub(crate) struct Browser {
    pub(crate) driver: WebDriver,
    chromedriver: Child,
    _profile: tempfile::TempDir,
}

impl Browser {
    pub(crate) async fn open(scripts: Scripts) -> Self {
        let mut chromedriver = Command::new("chromedriver")
            .arg("--port=0")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect(INSTALL);
        let port = find(&lines(chromedriver.stdout.take().expect("piped")), "started successfully on port ");
        let server = format!("http://127.0.0.1:{}", port.trim_end_matches('.'));
        let profile = tempfile::tempdir().expect("a temporary folder");
        let own = format!("--user-data-dir={}", profile.path().display());
        let mut options = json!({ "args": FLAGS.into_iter().chain([own.as_str()]).collect::<Vec<_>>() });
        if scripts == Scripts::Off {
            options["prefs"] = json!({ "profile.managed_default_content_settings.javascript": 2 });
        }
        let wanted = json!({
            "browserName": "chrome",
            "goog:chromeOptions": options,
            "goog:loggingPrefs": { "browser": "ALL", "performance": "ALL" },
        });
        let driver = WebDriver::start(&server, wanted).await;
        Self { driver, chromedriver, _profile: profile }
    }

    pub(crate) async fn go(&self, url: &str) {
        self.driver.post("url", json!({ "url": url })).await;
    }

    /// Signs in with the keyboard: the name field has the focus when the page comes.
    pub(crate) async fn sign_in(&self, desk: &Desk) {
        self.go(&format!("{}/console", desk.base)).await;
        self.wait_for("Log in").await;
        self.tab_to("User name").await;
        self.press(REVIEWER).await;
        self.tab_to("Password").await;
        self.press(PASSWORD).await;
        self.press(ENTER).await;
        self.wait_for("Inbox").await;
    }

    /// Presses one key after the other, for whatever has the focus.
    pub(crate) async fn press(&self, keys: &str) {
        let strokes: Vec<Value> = keys
            .chars()
            .flat_map(|key| ["keyDown", "keyUp"].map(|kind| json!({ "type": kind, "value": key })))
            .collect();
        let keyboard = json!({ "type": "key", "id": "keyboard", "actions": strokes });
        self.driver.post("actions", json!({ "actions": [keyboard] })).await;
    }

    /// Presses Tab until what has the focus begins with these words, and insists that each stop shows.
    pub(crate) async fn tab_to(&self, words: &str) {
        let mut seen = BTreeSet::new();
        for _ in 0..STOPS {
            let stop = self.stop().await;
            if stop.starts_with(words) {
                return;
            }
            seen.insert(stop);
            self.press(TAB).await;
        }
        panic!("Tab never came to `{words}`, only to {seen:?}");
    }

    /// Presses the down arrow until the chosen one of a group of choices begins with these words.
    pub(crate) async fn choose(&self, words: &str) {
        for _ in 0..STOPS {
            if self.stop().await.starts_with(words) {
                return;
            }
            self.press(DOWN).await;
        }
        panic!("the arrow never came to `{words}`");
    }

    /// The words of what has the focus.
    async fn stop(&self) -> String {
        const SCRIPT: &str = "const e = document.activeElement;
            const style = getComputedStyle(e);
            const shows = e === document.body || (style.outlineStyle !== 'none' && style.outlineWidth !== '0px');
            const words = e === document.body ? '' : (e.labels?.[0] ?? e).innerText.trim();
            return [words, shows];";
        let (words, shows): (String, bool) = self.ask(SCRIPT).await;
        assert!(shows, "nobody can see that `{words}` has the focus");
        words
    }

    /// What a script answers.
    pub(crate) async fn ask<T: serde::de::DeserializeOwned>(&self, script: &str) -> T {
        let answer = self.driver.post("execute/sync", json!({ "script": script, "args": [] })).await;
        serde_json::from_value(answer).expect("the answer has the shape that was asked for")
    }

    /// Waits until the page with this heading is there.
    pub(crate) async fn wait_for(&self, heading: &str) {
        self.driver.element(&format!("//h1[starts-with(normalize-space(), '{heading}')]")).await;
    }

    /// Clicks the first element of an XPath, when it is there and its page stays.
    pub(crate) async fn click(&self, xpath: &str) {
        loop {
            let element = self.driver.element(xpath).await;
            match self.driver.try_post(&format!("element/{element}/click"), json!({})).await {
                Ok(_) => return,
                Err(error) => assert!(error.contains("stale element"), "{xpath}: {error}"),
            }
        }
    }

    pub(crate) async fn click_button(&self, words: &str) {
        self.click(&format!("//main//button[normalize-space() = '{words}']")).await;
    }

    pub(crate) async fn reveal(&self) {
        self.click_button("Reveal the text").await;
        self.driver.element("//*[@id = 'item-text']").await;
    }

    pub(crate) async fn claim(&self) {
        self.click_button("Claim").await;
        self.driver.element("//textarea[@id = 'note']").await;
    }

    pub(crate) async fn fill(&self, id: &str, words: &str) {
        let element = self.driver.element(&format!("//*[@id = '{id}']")).await;
        self.driver.post(&format!("element/{element}/value"), json!({ "text": words })).await;
    }

    /// The words of the page, as they are seen.
    pub(crate) async fn words(&self) -> String {
        let body = self.driver.element("//body").await;
        self.driver.get(&format!("element/{body}/text")).await.as_str().expect("words").to_owned()
    }

    /// What the page is made of, hidden or not.
    pub(crate) async fn source(&self) -> String {
        self.driver.get("source").await.as_str().expect("a source").to_owned()
    }

    pub(crate) async fn title(&self) -> String {
        self.driver.get("title").await.as_str().expect("a title").to_owned()
    }

    /// A command of Chromium's own protocol.
    pub(crate) async fn command(&self, method: &str, parameters: Value) -> Value {
        self.driver.post("goog/cdp/execute", json!({ "cmd": method, "params": parameters })).await
    }

    pub(crate) async fn prefer(&self, scheme: &str) {
        let features = json!({ "features": [{ "name": "prefers-color-scheme", "value": scheme }] });
        self.command("Emulation.setEmulatedMedia", features).await;
    }

    /// Nothing was complained about, and nothing but this address, and what is below it, was asked for.
    pub(crate) async fn expect_quiet(&self, base: &str) {
        let said = self.log("browser").await;
        assert!(said.is_empty(), "the browser says: {said:#?}");
        let mut asked = 0;
        for entry in self.log("performance").await {
            let entry: Value = serde_json::from_str(&entry).expect("JSON");
            if entry["message"]["method"] != "Network.requestWillBeSent" {
                continue;
            }
            let url = entry["message"]["params"]["request"]["url"].as_str().expect("an address");
            let ours = url.strip_prefix(base).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
            assert!(ours || url.starts_with("data:") || url.starts_with("chrome:"), "{url} was asked for");
            asked += usize::from(ours);
        }
        assert!(asked > 0, "the log of requests is empty, so it proves nothing");
    }

    /// Messages since it was last read.
    async fn log(&self, kind: &str) -> Vec<String> {
        let entries = self.driver.post("se/log", json!({ "type": kind })).await;
        let entries = entries.as_array().expect("a list");
        entries.iter().map(|entry| entry["message"].as_str().expect("a message").to_owned()).collect()
    }

    /// Ends the browser in order; dropping it, as a failed test does, ends it too.
    pub(crate) async fn close(self) {
        self.driver.quit().await;
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // chromedriver leaves its browser behind when it is stopped itself.
        let browser = self.driver.process.to_string();
        let _ = Command::new("kill").arg(browser).stderr(Stdio::null()).status();
        let _ = self.chromedriver.kill();
        let _ = self.chromedriver.wait();
    }
}
