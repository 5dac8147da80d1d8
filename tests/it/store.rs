//! What the databases must do for us, whatever is stored.

#![expect(clippy::unwrap_used, reason = "in a test, a panic is the report")]

use countervail::domain::user::Role;
use countervail::service::Service;
use countervail::service::access::ApiClient;
use countervail::service::clock::Clock;
use countervail::service::limits::Limits;
use countervail::store::Store;

use crate::ground::{Ground, item, model, on_both_databases, policy};

on_both_databases! {
    opening_again_finds_everything
    two_services_share_one_database
}

fn service_on(store: Store) -> Service {
    Service::new(store, model(), policy(), Clock::system(), Limits::default())
}

async fn opening_again_finds_everything(g: Ground) {
    let sent = g.send(&["flag 1"]).await;
    g.store.close().await;
    let again = service_on(Store::connect(&g.url).await.unwrap());
    assert_eq!(again.moderation(sent[0].id).await.unwrap(), sent[0]);
    again.check_ready().await.unwrap();
}

async fn two_services_share_one_database(g: Ground) {
    let other = service_on(Store::connect(&g.url).await.unwrap());
    let mut calls = tokio::task::JoinSet::new();
    for service in [g.service.clone(), other] {
        for _ in 0..4 {
            let service = service.clone();
            calls.spawn(async move {
                for _ in 0..10 {
                    service.submit_item(item("flag 1"), &ApiClient::keyless(), None).await.unwrap();
                }
            });
        }
    }
    calls.join_all().await;
    assert_eq!(g.count("review_jobs").await, 80);
    let check = g.service.verify_audit().await.unwrap();
    assert!(matches!(check, countervail::service::audit::ChainCheck::Whole { head } if head.seq == 80));
}

/// What a process that is killed leaves behind is its files, as they are. A copy of them taken right after
/// an answer, while everything is still open, must hold what was answered.
#[tokio::test]
async fn what_was_answered_survives_a_kill() {
    let g = Ground::sqlite().await;
    let ann = g.reviewer("ann", Role::Reviewer).await;
    let sent = g.send(&["flag 1", "hello"]).await;
    let claimed = g.service.claim_next(&ann).await.unwrap().unwrap();

    let path = g.url.trim_start_matches("sqlite://").trim_end_matches("?mode=rwc");
    let after = tempfile::tempdir().unwrap();
    let copy = after.path().join("copy.db");
    for suffix in ["", "-wal"] {
        fs_err::copy(format!("{path}{suffix}"), format!("{}{suffix}", copy.display())).unwrap();
    }
    let survivor = service_on(Store::connect(&format!("sqlite://{}?mode=rw", copy.display())).await.unwrap());
    for moderation in sent {
        assert_eq!(survivor.moderation(moderation.id).await.unwrap(), moderation);
    }
    assert!(matches!(
        survivor.verify_audit().await.unwrap(),
        countervail::service::audit::ChainCheck::Whole { head } if head.seq == 4
    ));
    assert_eq!(claimed.claim.unwrap().by, ann.id());
}

#[tokio::test]
async fn urls_that_make_no_sense_are_refused() {
    for url in ["", "mysql://localhost/x", "sqlite::memory:", "/var/lib/x.db"] {
        let refused = Store::connect(url).await.unwrap_err();
        assert!(!refused.to_string().is_empty(), "{url}");
    }
    let unreachable = Store::connect("sqlite:///nonexistent/folder/x.db?mode=rwc").await;
    assert!(unreachable.is_err());
}
