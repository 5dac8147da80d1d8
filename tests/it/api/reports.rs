//! `POST /v1/reports`.

use serde_json::json;

use crate::support::app::spawn_app;

#[tokio::test]
async fn a_report_opens_a_job_or_joins_one() {
    let app = spawn_app().await;
    let new = json!({"item": {"text": "nothing special"}, "reason": "threat", "note": "please look"});
    let first = app.send("/v1/reports", new, 201).await;
    assert_eq!(first["reason"], "threat");
    assert_eq!(first["created_at"], "2026-03-01T12:00:00Z");
    let again = json!({"item_id": first["item_id"], "reason": "other", "reporter": "u2"});
    let second = app.send("/v1/reports", again, 201).await;
    assert_eq!(second["job_id"], first["job_id"]);
    assert_ne!(second["report_id"], first["report_id"]);
}

#[tokio::test]
async fn wrong_reports_are_refused() {
    let app = spawn_app().await;
    let unflagged = app.send("/v1/items", json!({"text": "plain"}), 201).await["item_id"].clone();
    let nobody = "0190b6c2-7b1e-7cc0-8000-000000000000";
    for (report, status, code) in [
        (json!({"item_id": unflagged, "reason": "hate"}), 409, "text_not_kept"),
        (json!({"item_id": nobody, "reason": "hate"}), 404, "not_found"),
        (json!({"item_id": "x", "reason": "hate"}), 400, "invalid_request"),
        (json!({"reason": "hate"}), 400, "invalid_request"),
        (json!({"item_id": nobody, "item": {"text": "a"}, "reason": "hate"}), 400, "invalid_request"),
        (json!({"item": {"text": "a"}, "reason": "because"}), 400, "invalid_request"),
        (json!({"item": {"text": "a"}, "reason": "hate", "note": "x".repeat(2001)}), 400, "invalid_request"),
        (json!({"item": {"text": ""}, "reason": "hate"}), 400, "empty_text"),
    ] {
        let answer = app.send("/v1/reports", report, status).await;
        assert_eq!(answer["error"]["code"], code, "{answer}");
    }
}
