//! `POST /v1/moderations`: shape, order, forms of input, repetition.

use countervail::domain::policy::Band;
use serde_json::{Value, json};

use crate::support::app::{expect_json, spawn_app};

#[tokio::test]
async fn the_answer_has_openais_shape_and_ours() {
    let app = spawn_app().await;
    let answer = app.send("/v1/moderations", json!({"input": "the zorblax meets", "model": "m"}), 200).await;
    let settings = {
        let mut settings = insta::Settings::clone_current();
        settings.add_filter(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}", "[id]");
        settings
    };
    settings.bind(|| insta::assert_snapshot!(serde_json::to_string_pretty(&answer).unwrap()));
}

#[tokio::test]
async fn results_come_in_the_order_sent_and_flagged_means_a_job() {
    let app = spawn_app().await;
    let results = app.moderate(json!(["zorblax a", "b", "zorblax urgent c", "foreign d"])).await;
    let bands: Vec<&str> = results.iter().map(|r| r["countervail"]["band"].as_str().unwrap()).collect();
    assert_eq!(bands, [Band::Review.id(), Band::None.id(), Band::Urgent.id(), Band::None.id()]);
    for result in &results {
        assert_eq!(result["flagged"], json!(result["countervail"]["band"] != "none"));
        assert_eq!(result["flagged"], result["categories"]["extremism"]);
    }
    app.add_user("ann", countervail::domain::user::Role::Reviewer).await;
    let ann = app.service.log_in("ann", crate::ground::PASSWORD.into()).await.unwrap().signed_in;
    assert_eq!(app.service.inbox_counts(&ann).await.unwrap().open, 2);
}

#[tokio::test]
async fn keys_of_openai_follow_from_our_heads() {
    let app = spawn_app().await;
    let scores = &app.moderate(json!("zorblax")).await[0]["category_scores"];
    for (key, score) in [
        ("hate", 0.625),
        ("hate/threatening", 0.5),
        ("harassment", 0.875),
        ("harassment/threatening", 0.5),
        ("violence", 0.5),
        ("extremism", 0.75),
        ("extremism/incitement", 0.25),
        ("sexual/minors", 0.0),
        ("illicit/violent", 0.0),
    ] {
        assert_eq!(scores[key], json!(score), "{key}");
    }
}

#[tokio::test]
async fn an_unreadable_language_has_no_score_and_no_input_types() {
    let app = spawn_app().await;
    let result = &app.moderate(json!("foreign zorblax")).await[0];
    assert_eq!(result["flagged"], false);
    assert_eq!(result["countervail"]["score"], Value::Null);
    assert_eq!(result["countervail"]["context"], Value::Null);
    assert_eq!(result["countervail"]["language_support"], "unsupported");
    assert_eq!(result["category_applied_input_types"]["hate"], json!([]));
}

#[tokio::test]
async fn what_the_first_stage_stops_was_read_for_no_category_and_is_counted() {
    let app = spawn_app().await;
    let results = app.moderate(json!(["zorblax stopped", "sampled zorblax", "sampled b", "foreign"])).await;
    let [stopped, sampled, _, foreign] = &results[..] else { panic!("four results") };
    let of = |result: &Value, key: &str| result["countervail"][key].clone();
    assert_eq!(
        [of(stopped, "stage"), of(sampled, "stage"), of(foreign, "stage")],
        [json!(1), json!(2), Value::Null]
    );
    // Its score would be enough for review: the first stage never flags.
    assert_eq!((of(stopped, "score"), of(stopped, "band")), (json!(0.75), json!("none")));
    assert_eq!((&stopped["flagged"], of(stopped, "context")), (&json!(false), Value::Null));
    assert_eq!(stopped["category_applied_input_types"]["hate"], json!([]));
    assert_eq!(stopped["category_scores"]["harassment"], json!(0.0));
    assert!(stopped["categories"].as_object().unwrap().values().all(|applies| *applies == false));
    assert_eq!(of(sampled, "band"), "review", "the encoder answers for a sample");

    let id = of(stopped, "moderation_id").as_str().unwrap().parse().unwrap();
    let stored = app.service.moderation(id).await.unwrap();
    assert_eq!(stored.assessment.reading.unwrap().stage, countervail::domain::assessment::Stage::First);

    let numbers = app.request(reqwest::Method::GET, "/metrics").bearer_auth(&app.key).send().await.unwrap();
    let numbers = numbers.text().await.unwrap();
    for counted in [
        r#"countervail_cascade_texts_total{outcome="stopped"}"#,
        r#"countervail_cascade_texts_total{outcome="sampled"}"#,
        r#"countervail_cascade_samples_total{encoder="flagged"}"#,
    ] {
        assert!(numbers.contains(counted), "{counted}: {numbers}");
    }
}

#[tokio::test]
async fn parts_are_one_text() {
    let app = spawn_app().await;
    let parts = json!([{"type": "text", "text": "a"}, {"type": "text", "text": "zorblax"}]);
    let results = app.moderate(parts).await;
    assert_eq!((results.len(), &results[0]["flagged"]), (1, &json!(true)));
}

#[tokio::test]
async fn what_is_wrong_is_named_and_nothing_is_stored() {
    let app = spawn_app().await;
    let long = "x".repeat(2001);
    let image = json!([{"type": "text", "text": "a"}, {"type": "image_url", "image_url": {"url": "u"}}]);
    for (input, code, param) in [
        (json!(["zorblax a", "b", " "]), "empty_text", "input[2]"),
        (json!(["zorblax a", long]), "text_too_long", "input[1]"),
        (json!(long), "text_too_long", "input"),
        (json!(["zorblax a", 7]), "invalid_request", "input[1]"),
        (json!(vec!["zorblax"; 5]), "too_many_texts", "input"),
        (json!([]), "invalid_request", "input"),
        (json!(null), "invalid_request", "input"),
        (json!({"a": 1}), "invalid_request", "input"),
        (image, "image_not_supported", "input[1]"),
        (json!([{"type": "text"}]), "invalid_request", "input[0]"),
    ] {
        let answer = app.send("/v1/moderations", json!({ "input": input }), 400).await;
        assert_eq!(answer["error"]["code"], code, "{answer}");
        assert_eq!(answer["error"]["param"], param, "{answer}");
        assert_eq!(answer["error"]["type"], "invalid_request_error", "{answer}");
    }
    assert_eq!(app.send("/v1/moderations", json!({}), 400).await["error"]["param"], "input");
    assert!(!app.audit_kinds().await.contains(&countervail::domain::audit::AuditKind::ItemFlagged));
}

#[tokio::test]
async fn an_idempotency_key_does_it_once() {
    let app = spawn_app().await;
    let post = async |key: &str, text: &str, status| {
        let request = app.post("/v1/moderations", &json!({ "input": text })).header("idempotency-key", key);
        expect_json(request.send().await.unwrap(), status).await
    };
    let first = post("k1", "zorblax", 200).await;
    assert_eq!(post("k1", "zorblax", 200).await, first);
    assert_ne!(post("k2", "zorblax", 200).await["id"], first["id"]);
    assert_eq!(post("k1", "another", 409).await["error"]["code"], "idempotency_mismatch");
    assert_eq!(post("not visible", "a", 400).await["error"]["code"], "bad_idempotency_key");
    let flagged = app.audit_kinds().await;
    let flagged = flagged.iter().filter(|k| **k == countervail::domain::audit::AuditKind::ItemFlagged);
    assert_eq!(flagged.count(), 2);
}
