//! The few commands of W3C WebDriver that the tests need: JSON over HTTP, to chromedriver.
//!
//! Written out because client libraries switch on `preserve_order` in serde_json, which cargo then applies
//! to the whole build: every test would see JSON in another order than what is shipped.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

/// The name under which the standard hides an element's id.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";
/// A page on a busy machine takes its time.
const PATIENCE: Duration = Duration::from_secs(30);
const PAUSE: Duration = Duration::from_millis(50);

/// One session with one browser. A failure is a panic: nothing here is expected to fail.
pub(crate) struct WebDriver {
    http: reqwest::Client,
    /// Address of the session.
    session: String,
}

impl WebDriver {
    pub(crate) async fn start(server: &str, wanted: Value) -> Self {
        let http = reqwest::Client::new();
        let body = json!({ "capabilities": { "alwaysMatch": wanted } });
        let started =
            answer(http.post(format!("{server}/session")).json(&body)).await.expect("Chromium starts");
        let id = started["sessionId"].as_str().expect("a session has an id");
        Self { session: format!("{server}/session/{id}"), http }
    }

    pub(crate) async fn get(&self, command: &str) -> Value {
        answer(self.http.get(self.address(command))).await.expect(command)
    }

    pub(crate) async fn post(&self, command: &str, body: Value) -> Value {
        self.try_post(command, body).await.expect(command)
    }

    pub(crate) async fn try_post(&self, command: &str, body: Value) -> Result<Value, String> {
        answer(self.http.post(self.address(command)).json(&body)).await
    }

    /// The id of the first element of an XPath, as soon as there is one.
    pub(crate) async fn element(&self, xpath: &str) -> String {
        let body = json!({ "using": "xpath", "value": xpath });
        let until = Instant::now() + PATIENCE;
        loop {
            // Between two pages there is nothing to search, which is an error and no reason to give up.
            let found = answer(self.http.post(self.address("element")).json(&body)).await;
            match found {
                Ok(found) => return found[ELEMENT].as_str().expect("an element has an id").to_owned(),
                Err(error) => assert!(Instant::now() < until, "no {xpath} came: {error}"),
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    pub(crate) async fn quit(&self) {
        answer(self.http.delete(&self.session)).await.expect("Chromium ends");
    }

    fn address(&self, command: &str) -> String {
        format!("{}/{command}", self.session)
    }
}

/// The value of the answer, or what chromedriver says is wrong.
async fn answer(request: reqwest::RequestBuilder) -> Result<Value, String> {
    let response = request.send().await.map_err(|error| error.to_string())?;
    let done = response.status().is_success();
    let mut body: Value = response.json().await.map_err(|error| error.to_string())?;
    if done { Ok(body["value"].take()) } else { Err(format!("{}", body["value"]["message"])) }
}
