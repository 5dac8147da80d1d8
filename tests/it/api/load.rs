//! What a platform sees of the queue: 429 with a time, deadlines, answers that are shared.

use countervail::inference::engine::Settings;
use reqwest::{Method, Response};
use serde_json::{Value, json};

use crate::handle::{Watched, until};
use crate::support::app::{App, expect_json, spawn_on};

fn post(app: &App, path: &str, body: &Value, deadline: &str) -> reqwest::RequestBuilder {
    app.post(path, body).header("x-deadline-ms", deadline)
}

async fn code(response: Response, status: u16) -> String {
    expect_json(response, status).await["error"]["code"].as_str().unwrap().to_owned()
}

async fn numbers(app: &App) -> String {
    app.request(Method::GET, "/metrics").bearer_auth(&app.key).send().await.unwrap().text().await.unwrap()
}

/// The sum of a metric's values over labels that contain `label`.
fn value(numbers: &str, name: &str, label: &str) -> f64 {
    let lines = numbers.lines().filter(|line| line.starts_with(name) && line.contains(label));
    lines.map(|line| line.rsplit(' ').next().unwrap().parse::<f64>().unwrap()).sum()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_queue_is_429_with_a_time_and_nothing_is_stored() {
    let watched = Watched::new(false);
    let app = spawn_on(watched.start(Settings { queue_texts: 4, ..Settings::default() })).await;
    let body = json!({"input": ["amber", "basin", "cedar", "delta"]});
    let first = tokio::spawn(app.post("/v1/moderations", &body).send());
    until(|| watched.batches() == 1).await;
    let refused = app.post("/v1/moderations", &json!({"input": "ember"})).send().await.unwrap();
    let seconds: u64 = refused.headers()["retry-after"].to_str().unwrap().parse().unwrap();
    assert!(seconds >= 1);
    assert_eq!(code(refused, 429).await, "overloaded");
    watched.open();
    assert_eq!(first.await.unwrap().unwrap().status(), 200);
    app.send("/v1/moderations", json!({"input": "ember"}), 200).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deadline_that_passes_is_504_and_no_work_is_done() {
    let watched = Watched::new(false);
    let app = spawn_on(watched.start(Settings::default())).await;
    let holds = tokio::spawn(app.post("/v1/moderations", &json!({"input": "amber"})).send());
    until(|| watched.batches() == 1).await;
    for (path, body) in
        [("/v1/moderations", json!({"input": ["basin", "cedar"]})), ("/v1/items", json!({"text": "delta"}))]
    {
        let late = post(&app, path, &body, "50").send().await.unwrap();
        assert_eq!(code(late, 504).await, "deadline_exceeded");
    }
    watched.open();
    assert_eq!(holds.await.unwrap().unwrap().status(), 200);
    let in_time = post(&app, "/v1/items", &json!({"text": "ember"}), "20000").send().await.unwrap();
    assert_eq!(in_time.status(), 201);
    assert_eq!(watched.windows(), 2);
    assert!(value(&numbers(&app).await, "countervail_texts_dropped_total", "") >= 3.0);
}

#[tokio::test]
async fn a_deadline_that_is_none_is_refused() {
    let app = spawn_on(Watched::new(true).start(Settings::default())).await;
    for bad in ["", "0", "-5", "1.5", "soon", "600001", "99999999999999999999"] {
        let refused = post(&app, "/v1/moderations", &json!({"input": "amber"}), bad).send().await.unwrap();
        assert_eq!(code(refused, 400).await, "bad_deadline", "{bad}");
    }
    for good in ["1000", "600000"] {
        let taken = post(&app, "/v1/moderations", &json!({"input": "amber"}), good).send().await.unwrap();
        assert_eq!(taken.status(), 200, "{good}");
    }
}

#[tokio::test]
async fn what_is_pasted_is_read_once_and_stored_each_time() {
    let watched = Watched::new(true);
    let app = spawn_on(watched.start(Settings::default())).await;
    let before = value(&numbers(&app).await, "countervail_answers_shared_total", "");
    let first = app.moderate(json!("amber basin")).await.remove(0);
    let again = app.moderate(json!("  amber\u{200B}  basin")).await.remove(0);
    assert_eq!(first["category_scores"], again["category_scores"]);
    assert_ne!(first["countervail"]["moderation_id"], again["countervail"]["moderation_id"]);
    assert_eq!(watched.windows(), 1);
    let numbers = numbers(&app).await;
    assert!(value(&numbers, "countervail_answers_shared_total", "by=\"cache\"") >= before + 1.0);
    for name in ["countervail_queue_texts ", "countervail_queue_tokens ", "countervail_batch_tokens_count"] {
        assert!(numbers.contains(name), "{numbers}");
    }
}
