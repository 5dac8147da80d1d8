//! `POST /v1/items`.

use serde_json::json;

use crate::support::app::spawn_app;

#[tokio::test]
async fn an_item_is_stored_with_what_is_known_of_it() {
    let app = spawn_app().await;
    let item =
        json!({"text": "zorblax", "external_id": "p-17", "source": "forum", "author": "u1", "context": "hm"});
    let answer = app.send("/v1/items", item, 201).await;
    assert_eq!((&answer["external_id"], &answer["source"]), (&json!("p-17"), &json!("forum")));
    assert_eq!(answer["moderation"]["flagged"], true);
    assert_eq!(answer["moderation"]["countervail"]["item_id"], answer["item_id"]);
    let id = answer["item_id"].as_str().unwrap().parse().unwrap();
    let stored = app.service.item(id).await.unwrap();
    assert_eq!(stored.author.unwrap().as_str(), "u1");
    assert_eq!(stored.context.unwrap().as_str(), "hm");
}

#[tokio::test]
async fn wrong_fields_are_named() {
    let app = spawn_app().await;
    for (item, code, param) in [
        (json!({"text": "a", "source": "Not A Slug"}), "invalid_request", json!("source")),
        (json!({"text": "a", "external_id": ""}), "invalid_request", json!("external_id")),
        (json!({"text": "a", "author": "x".repeat(201)}), "invalid_request", json!("author")),
        (json!({"text": "a", "context": " "}), "empty_text", json!("context")),
        (json!({"text": ""}), "empty_text", json!("text")),
        (json!({"text": "a", "sauce": "b"}), "invalid_request", json!(null)),
        (json!({}), "invalid_request", json!(null)),
    ] {
        let answer = app.send("/v1/items", item, 400).await;
        assert_eq!((&answer["error"]["code"], &answer["error"]["param"]), (&json!(code), &param), "{answer}");
    }
}
