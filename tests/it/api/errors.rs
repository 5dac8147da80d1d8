//! Every failure has our envelope and a request id.

use reqwest::Method;
use serde_json::json;

use crate::support::app::{MAX_BODY_BYTES, expect_json, spawn_app};

#[tokio::test]
async fn what_is_not_there_has_the_envelope_too() {
    let app = spawn_app().await;
    let missing = app.request(Method::GET, "/nothing/here").send().await.unwrap();
    let id = missing.headers()["x-request-id"].to_str().unwrap().to_owned();
    let answer = expect_json(missing, 404).await;
    assert_eq!((&answer["error"]["code"], &answer["request_id"]), (&json!("unknown_route"), &json!(id)));

    let wrong = app.request(Method::GET, "/v1/moderations").send().await.unwrap();
    assert_eq!(wrong.headers()["allow"], "POST");
    assert_eq!(expect_json(wrong, 405).await["error"]["code"], "method_not_allowed");
}

#[tokio::test]
async fn bodies_that_are_not_ours_are_refused() {
    let app = spawn_app().await;
    let post = || app.request(Method::POST, "/v1/moderations").bearer_auth(&app.key);
    let json_post = || post().header("content-type", "application/json");
    for (request, status, code) in [
        (post().body("input=a"), 415, "unsupported_media_type"),
        (json_post().body("{\"input\":"), 400, "invalid_json"),
        (json_post().body("[]"), 400, "invalid_request"),
        (json_post().body(vec![b' '; MAX_BODY_BYTES + 1]), 413, "body_too_large"),
    ] {
        let answer = expect_json(request.send().await.unwrap(), status).await;
        assert_eq!(answer["error"]["code"], code, "{answer}");
    }
}

#[tokio::test]
async fn a_plain_request_id_is_kept_and_another_is_replaced() {
    let app = spawn_app().await;
    let ask = async |id: &str| {
        let response = app.request(Method::GET, "/livez").header("x-request-id", id).send().await.unwrap();
        response.headers()["x-request-id"].to_str().unwrap().to_owned()
    };
    assert_eq!(ask("trace-17_a").await, "trace-17_a");
    assert_ne!(ask("not plain").await, "not plain");
    assert_ne!(ask(&"x".repeat(65)).await, "x".repeat(65));
}

#[tokio::test]
async fn a_panic_of_the_model_ends_one_request_and_says_nothing() {
    let app = spawn_app().await;
    let answer = app.send("/v1/moderations", json!({"input": "zorblax panic"}), 500).await;
    assert_eq!(
        (&answer["error"]["code"], &answer["error"]["param"]),
        (&json!("not_assessed"), &json!("input"))
    );
    assert!(!answer.to_string().contains("asked to"), "{answer}");
    app.moderate(json!("still there")).await;
}

#[tokio::test]
async fn browsers_are_kept_careful() {
    let app = spawn_app().await;
    let response = app.request(Method::GET, "/livez").send().await.unwrap();
    for (header, value) in [
        ("x-content-type-options", "nosniff"),
        ("cache-control", "no-store"),
        ("cross-origin-opener-policy", "same-origin"),
    ] {
        assert_eq!(response.headers()[header], value);
    }
    let policy = response.headers()["content-security-policy"].to_str().unwrap();
    assert!(policy.contains("default-src 'none'") && !policy.contains("unsafe"), "{policy}");
}
