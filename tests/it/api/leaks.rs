//! A planted word goes in everywhere a client can put one, and comes out nowhere but where it is meant to.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::app::{App, spawn_app};
use crate::support::desk::Desk;
use crate::support::logs;

const PLANTED: &str = "quuxplanted";

#[tokio::test]
async fn no_text_reaches_logs_numbers_or_errors() {
    let app = spawn_app().await;
    let planted = |p: &str| format!("{p} {PLANTED}");
    app.moderate(json!([planted("zorblax"), planted("plain")])).await;
    let report = json!({
        "item": {"text": planted("a"), "author": PLANTED, "context": PLANTED},
        "reason": "hate", "note": PLANTED, "reporter": PLANTED,
    });
    app.send("/v1/reports", report, 201).await;
    for (path, body) in wrong_requests() {
        let response = app.post(path, &body).send().await.unwrap();
        assert!(response.status().is_client_error() || response.status().is_server_error(), "{body}");
        let answer = response.text().await.unwrap();
        assert!(!answer.contains(PLANTED), "{answer}");
    }
    broken_requests(&app).await;
    let numbers = app.request(Method::GET, "/metrics").bearer_auth(&app.key).send().await.unwrap();
    let numbers = numbers.text().await.unwrap();
    assert!(numbers.contains("countervail_http_requests_total"), "{numbers}");
    assert!(!numbers.contains(PLANTED), "{numbers}");
    let logs = logs::collected();
    assert!(logs.contains("request answered"));
    let line = logs.lines().find(|line| line.contains(PLANTED));
    assert_eq!(line, None);
}

fn wrong_requests() -> Vec<(&'static str, Value)> {
    vec![
        ("/v1/moderations", json!({"input": {PLANTED: 1}})),
        ("/v1/moderations", json!({"input": [{"type": PLANTED}]})),
        ("/v1/moderations", json!({"input": format!("zorblax panic {PLANTED}")})),
        ("/v1/moderations", json!({"input": [PLANTED, 1]})),
        ("/v1/items", json!({"text": [PLANTED]})),
        ("/v1/items", json!({"text": "a", PLANTED: 1})),
        ("/v1/items", json!({"text": "a", "source": format!("{PLANTED}!")})),
        ("/v1/items", json!({"text": "a", "author": PLANTED.repeat(100)})),
        ("/v1/reports", json!({"item": {"text": "a"}, "reason": PLANTED})),
        ("/v1/reports", json!({"item_id": PLANTED, "reason": "hate"})),
    ]
}

async fn broken_requests(app: &App) {
    let post = || app.request(Method::POST, "/v1/moderations").bearer_auth(&app.key);
    let requests = [
        post().header("content-type", "application/json").body(format!("{{\"{PLANTED}")),
        post().body(PLANTED),
        app.request(Method::GET, &format!("/{PLANTED}?{PLANTED}=1")),
        app.request(Method::POST, "/v1/items").bearer_auth(PLANTED),
    ];
    for request in requests {
        let answer = request.send().await.unwrap().text().await.unwrap();
        assert!(!answer.contains(PLANTED), "{answer}");
    }
    let desk = Desk::new(app);
    desk.open(&format!("/console/jobs/{PLANTED}")).await;
    desk.submit("/console/login", &[("name", PLANTED), ("password", PLANTED)]).await;
}
