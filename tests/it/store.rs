//! What the databases must do for us, whatever is stored.

#![expect(clippy::unwrap_used, reason = "in a test, a panic is the report")]

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};

use countervail::domain::id::ModerationId;
use countervail::service::Service;
use countervail::service::access::ApiClient;
use countervail::service::audit::ChainCheck;
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
                    service.submit_item(item("flag 1"), &ApiClient::keyless(), None, None).await.unwrap();
                }
            });
        }
    }
    calls.join_all().await;
    assert_eq!(g.count("review_jobs").await, 80);
    let check = g.service.verify_audit().await.unwrap();
    assert!(matches!(check, ChainCheck::Whole { head } if head.seq == 80));
}

const KILLED: &str = "COUNTERVAIL_TEST_KILLED_URL";

/// The process that [`what_was_answered_survives_a_kill`] starts: sends items and says which were answered.
#[tokio::test]
#[ignore = "started by another test, in a process of its own"]
async fn sends_until_it_is_killed() {
    let url = std::env::var_os(KILLED).unwrap().into_string().unwrap();
    let service = service_on(Store::connect(&url).await.unwrap());
    for n in 0..100_000 {
        let items = vec![item("hello"), item(&format!("flag {}", n % 100))];
        for answer in service.moderate(items, &ApiClient::keyless(), None, None).await.unwrap() {
            println!("answered {}", answer.unwrap().id);
        }
    }
}

#[tokio::test]
async fn what_was_answered_survives_a_kill() {
    let dir = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}?mode=rwc", dir.path().join("x.db").display());
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "store::sends_until_it_is_killed", "--ignored", "--nocapture"])
        .env(KILLED, &url)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
    let mut answered: Vec<ModerationId> = Vec::new();
    for line in lines {
        answered.extend(line.split_once("answered ").map(|(_, id)| id.parse::<ModerationId>().unwrap()));
        if answered.len() == 200 {
            child.kill().unwrap();
        }
    }
    child.wait().unwrap();
    assert!(answered.len() >= 200);

    let survivor = service_on(Store::connect(&url).await.unwrap());
    for id in answered {
        survivor.moderation(id).await.unwrap();
    }
    assert!(matches!(survivor.verify_audit().await.unwrap(), ChainCheck::Whole { .. }));
    let pool = sqlx::AnyPool::connect(&url).await.unwrap();
    let unmatched = "SELECT COUNT(*) FROM moderations m LEFT JOIN review_jobs j ON j.moderation_id = m.id \
        WHERE (m.band = 'none') <> (j.id IS NULL)";
    assert_eq!(sqlx::query_scalar::<_, i64>(unmatched).fetch_one(&pool).await.unwrap(), 0);
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
