//! Texts in, moderations and jobs out; asking twice; what is not kept.

use std::time::Duration;

use countervail::domain::audit::AuditKind;
use countervail::domain::id::ModerationId;
use countervail::domain::item::ItemText;
use countervail::domain::moderation::Moderation;
use countervail::domain::policy::Band;
use countervail::domain::text::Text;
use countervail::domain::user::Role;
use countervail::service::access::ApiClient;
use countervail::service::audit::ChainCheck;
use countervail::service::error::Error;
use countervail::service::idempotency::IdempotencyKey;
use countervail::service::inbox::InboxFilter;
use countervail::service::moderate::NewItem;

use crate::ground::{Ground, item, on_both_databases};

on_both_databases! {
    a_flagged_item_gets_exactly_one_job
    moderations_come_back_as_they_were_answered
    unflagged_text_author_and_context_are_not_kept
    flagged_text_is_kept_to_the_byte
    the_same_key_gives_the_same_answer
    the_same_request_twice_at_once_is_stored_once
    a_key_is_forgotten_after_its_time
    the_bound_on_items_is_kept
    writers_at_once_all_get_through
    calls_that_wait_together_are_stored_together_and_a_bad_one_alone_fails
}

async fn a_flagged_item_gets_exactly_one_job(g: Ground) {
    let answers = g.send(&["hello there", "flag 1", "urgent", "foreign"]).await;
    let bands: Vec<Band> = answers.iter().map(|m| m.outcome.band).collect();
    assert_eq!(bands, [Band::None, Band::Review, Band::Urgent, Band::None]);
    assert_eq!(g.count("review_jobs").await, 2);

    let reviewer = g.reviewer("ann", Role::Reviewer).await;
    let page = g.service.inbox(&reviewer, &InboxFilter::default(), None, 50).await.unwrap();
    let items: Vec<_> = page.entries.iter().map(|e| e.job.item_id).collect();
    assert_eq!(items, [answers[2].item_id, answers[1].item_id]);
    assert_eq!(page.entries[0].language, Some("eng"));
    assert_eq!(page.entries[0].categories.len(), 6);

    let flagged: Vec<_> = g.service.audit_events(0, 100).await.unwrap();
    let flagged: Vec<_> = flagged.iter().filter(|e| e.entry.kind == AuditKind::ItemFlagged).collect();
    assert_eq!(flagged.len(), 2);
    assert_eq!(flagged[0].entry.subject, answers[1].item_id.to_string());
}

async fn moderations_come_back_as_they_were_answered(g: Ground) {
    for answer in g.send(&["foreign", "hello there", "flag 33", "foreign"]).await {
        assert_eq!(g.service.moderation(answer.id).await.unwrap(), answer);
    }
    let unknown = ModerationId::from_uuid(uuid::Uuid::from_u128(1));
    assert!(matches!(g.service.moderation(unknown).await, Err(Error::NotFound { what: "moderation" })));
}

async fn unflagged_text_author_and_context_are_not_kept(g: Ground) {
    let new = NewItem {
        text: Text::parse("hello canary-text", 100).unwrap(),
        source: Some("forum".parse().unwrap()),
        external_id: Some("post/17".parse().unwrap()),
        author: Some("canary-author".parse().unwrap()),
        context: Some(Text::parse("canary-context", 100).unwrap()),
    };
    let answer = g.service.submit_item(new.clone(), &ApiClient::keyless(), None, None).await.unwrap();
    let stored = g.service.item(answer.item_id).await.unwrap();
    assert!(matches!(stored.text, ItemText::Forgotten { bytes: 17, .. }), "{stored:?}");
    assert_eq!((stored.source, stored.external_id), (new.source, new.external_id));
    assert_eq!((stored.author, stored.context), (None, None));
    for column in ["body", "author", "context"] {
        let kept = format!("items WHERE {column} LIKE '%canary%'");
        assert_eq!(g.count(&kept).await, 0, "{column}");
    }
}

async fn flagged_text_is_kept_to_the_byte(g: Ground) {
    let text = "flag 5 \0 \u{10FFFE} \u{1F33B} é\r\n\t'\"; --";
    let new = NewItem { author: Some("somebody".parse().unwrap()), ..item(text) };
    let answer = g.service.submit_item(new.clone(), &ApiClient::keyless(), None, None).await.unwrap();
    let stored = g.service.item(answer.item_id).await.unwrap();
    assert_eq!(stored.text, ItemText::Kept(new.text));
    assert_eq!(stored.author, new.author);
}

async fn the_same_key_gives_the_same_answer(g: Ground) {
    let key: IdempotencyKey = "call-1".parse().unwrap();
    let client = ApiClient::keyless();
    let send = async |texts: &[&str]| {
        let items = texts.iter().map(|t| item(t)).collect();
        let answers = g.service.moderate(items, &client, Some(&key), None).await?;
        Ok::<Vec<Moderation>, Error>(answers.into_iter().map(Result::unwrap).collect())
    };
    let first = send(&["flag 1", "hello"]).await.unwrap();
    assert_eq!(send(&["flag 1", "hello"]).await.unwrap(), first);
    assert_eq!((g.count("items").await, g.count("review_jobs").await), (2, 1));
    for other in [&["flag 2", "hello"][..], &["flag 1"], &["flag 1", "hello", "hello"]] {
        assert!(matches!(send(other).await, Err(Error::IdempotencyMismatch)), "{other:?}");
    }
}

async fn the_same_request_twice_at_once_is_stored_once(g: Ground) {
    let key: IdempotencyKey = "call-1".parse().unwrap();
    let mut calls = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let (service, key) = (g.service.clone(), key.clone());
        calls.spawn(async move {
            service.submit_item(item("flag 7"), &ApiClient::keyless(), Some(&key), None).await.unwrap().id
        });
    }
    let mut ids = calls.join_all().await;
    ids.dedup();
    assert_eq!(ids.len(), 1);
    assert_eq!((g.count("items").await, g.count("review_jobs").await), (1, 1));
}

async fn a_key_is_forgotten_after_its_time(g: Ground) {
    let key: IdempotencyKey = "call-1".parse().unwrap();
    let client = ApiClient::keyless();
    let first = g.service.submit_item(item("hello"), &client, Some(&key), None).await.unwrap();
    g.clock.advance(g.service.limits().idempotency_ttl + Duration::from_secs(1));
    let second = g.service.submit_item(item("another"), &client, Some(&key), None).await.unwrap();
    assert_ne!(first.id, second.id);
    g.clock.advance(g.service.limits().idempotency_ttl + Duration::from_secs(1));
    g.service.tidy_up().await.unwrap();
    assert_eq!(g.count("idempotency_keys").await, 0);
}

async fn the_bound_on_items_is_kept(g: Ground) {
    let items = |n: usize| (0..n).map(|_| item("hello")).collect::<Vec<_>>();
    let client = ApiClient::keyless();
    let refused = g.service.moderate(items(129), &client, None, None).await;
    assert!(matches!(refused, Err(Error::TooManyItems { got: 129, limit: 128 })));
    assert_eq!(g.service.moderate(items(128), &client, None, None).await.unwrap().len(), 128);
    assert!(g.service.moderate(Vec::new(), &client, None, None).await.unwrap().is_empty());
}

async fn writers_at_once_all_get_through(g: Ground) {
    let mut calls = tokio::task::JoinSet::new();
    for _ in 0..16 {
        let service = g.service.clone();
        calls.spawn(async move {
            for n in 0..10 {
                let items = vec![item(&format!("flag {n}")), item("hello")];
                service.moderate(items, &ApiClient::keyless(), None, None).await.unwrap();
            }
        });
    }
    calls.join_all().await;
    assert_eq!((g.count("items").await, g.count("review_jobs").await), (320, 160));
    assert_eq!(g.count("audit_events").await, 160);
}

async fn calls_that_wait_together_are_stored_together_and_a_bad_one_alone_fails(g: Ground) {
    let (refuse, begin, lock) = if g.url.starts_with("sqlite") {
        let trigger = "CREATE TRIGGER made_up BEFORE INSERT ON items WHEN NEW.external_id = 'refused' \
            BEGIN SELECT RAISE(ABORT, 'made up'); END";
        (trigger, "BEGIN IMMEDIATE", "SELECT 1")
    } else {
        let check = "ALTER TABLE items ADD CONSTRAINT made_up CHECK (external_id <> 'refused')";
        (check, "BEGIN", "LOCK TABLE items IN EXCLUSIVE MODE")
    };
    g.execute(refuse).await;
    let mut held = g.pool.begin_with(begin).await.unwrap();
    sqlx::query(lock).execute(&mut *held).await.unwrap();
    let mut calls = tokio::task::JoinSet::new();
    for n in 0..24 {
        let service = g.service.clone();
        let name = if n == 5 { "refused" } else { "welcome" };
        let new = NewItem { external_id: Some(name.parse().unwrap()), ..item(&format!("flag {n}")) };
        calls.spawn(async move { (n, service.submit_item(new, &ApiClient::keyless(), None, None).await) });
    }
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert!(calls.try_join_next().is_none(), "nothing is acknowledged before it is stored");
    held.commit().await.unwrap();
    for (n, answer) in calls.join_all().await {
        match answer {
            Ok(stored) => assert_eq!(g.service.moderation(stored.id).await.unwrap(), stored),
            Err(error) => assert!(n == 5 && matches!(error, Error::Store(_)), "call {n}: {error}"),
        }
    }
    assert_eq!((g.count("items").await, g.count("review_jobs").await), (23, 23));
    assert!(matches!(g.service.verify_audit().await.unwrap(), ChainCheck::Whole { head } if head.seq == 23));
}
