//! Who may do what: nothing without a key but what is meant to be open, and without keys only from here.

use countervail::domain::audit::Actor;
use countervail::domain::key::Scope;
use countervail::http::openapi;
use countervail::http::state::Access;
use reqwest::Method;
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};

use crate::support::app::{expect_json, spawn_app, spawn_with};

/// What anybody may ask.
const OPEN: [&str; 3] = ["/livez", "/readyz", "/openapi.json"];

#[tokio::test]
async fn every_described_route_wants_a_key() {
    let app = spawn_app().await;
    let description: Value = serde_json::from_str(&openapi::document()).unwrap();
    let mut closed = 0;
    for (path, methods) in description["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            let method: Method = method.to_uppercase().parse().unwrap();
            let ask = || app.request(method.clone(), path).json(&json!({}));
            if OPEN.contains(&path.as_str()) {
                assert_eq!(ask().send().await.unwrap().status(), 200, "{path}");
                continue;
            }
            closed += 1;
            assert!(
                operation["security"][0]["api_key"].is_array(),
                "{path} does not say that it needs a key"
            );
            let none = ask().send().await.unwrap();
            assert_eq!(none.headers()["www-authenticate"], "Bearer");
            assert_eq!(expect_json(none, 401).await["error"]["code"], "missing_api_key", "{path}");
            let wrong = ask().bearer_auth("cv_wrong").send().await.unwrap();
            assert_eq!(expect_json(wrong, 401).await["error"]["code"], "invalid_api_key", "{path}");
            let basic = ask().basic_auth("a", Some(&app.key)).send().await.unwrap();
            assert_eq!(expect_json(basic, 401).await["error"]["code"], "missing_api_key", "{path}");
        }
    }
    assert_eq!(closed, 4);
}

#[tokio::test]
async fn a_key_does_what_its_scopes_say_until_it_is_revoked() {
    let app = spawn_app().await;
    let (key, secret) =
        app.service.create_key(Actor::Operator, "reporter", [Scope::Report].into()).await.unwrap();
    let secret = secret.expose_secret();
    let ask = async |path: &str, body: Value| {
        app.request(Method::POST, path).bearer_auth(secret).json(&body).send().await.unwrap()
    };
    let refused = expect_json(ask("/v1/moderations", json!({"input": "a"})).await, 403).await;
    assert_eq!(refused["error"]["code"], "missing_scope");
    let report = json!({"item": {"text": "a"}, "reason": "other"});
    expect_json(ask("/v1/reports", report.clone()).await, 201).await;
    app.service.revoke_key(Actor::Operator, key.id).await.unwrap();
    assert_eq!(expect_json(ask("/v1/reports", report).await, 401).await["error"]["code"], "invalid_api_key");
}

#[tokio::test]
async fn without_keys_only_names_of_this_machine_are_answered() {
    let app = spawn_with(Access::Keyless).await;
    let ask = |host: &str| {
        let request = app.request(Method::POST, "/v1/moderations").json(&json!({"input": "a"}));
        request.header("host", host.to_owned())
    };
    for host in ["localhost:8080", "127.0.0.1", "[::1]:8080"] {
        assert_eq!(ask(host).send().await.unwrap().status(), 200, "{host}");
    }
    for host in ["evil.example", "127.0.0.1.evil.example:8080", "10.0.0.1"] {
        let answer = expect_json(ask(host).send().await.unwrap(), 421).await;
        assert_eq!(answer["error"]["code"], "foreign_host", "{host}");
    }
}
