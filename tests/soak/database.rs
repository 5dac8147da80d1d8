//! What is on disk, read beside the running service.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use countervail::domain::digest::Digest;
use sqlx::sqlite::{SqliteConnectOptions, SqlitePool};

use crate::clients::{Answer, Request};

const STORED: &str = "SELECT m.id, m.band, i.id, i.body_sha256, \
    (SELECT COUNT(*) FROM review_jobs j WHERE j.item_id = i.id AND j.moderation_id = m.id), \
    (SELECT COUNT(*) FROM review_jobs j WHERE j.item_id = i.id), \
    (SELECT COUNT(*) FROM audit_events e WHERE e.kind = 'item_flagged' AND e.subject = i.id) \
    FROM moderations m JOIN items i ON i.id = m.item_id";

/// The service's SQLite file.
pub(crate) struct Database(SqlitePool);

/// One stored moderation with its item.
struct Stored {
    band: String,
    item_id: String,
    sha256: String,
    /// Review jobs that this moderation opened.
    own_jobs: i64,
    /// Review jobs of the item.
    jobs: i64,
    audited: i64,
}

impl Database {
    pub(crate) async fn open(data_dir: &Path) -> Self {
        let options = SqliteConnectOptions::new()
            .filename(data_dir.join("countervail.sqlite3"))
            .busy_timeout(std::time::Duration::from_secs(10));
        Self(SqlitePool::connect_with(options).await.expect("the database opens"))
    }

    pub(crate) async fn close(self) {
        self.0.close().await;
    }

    pub(crate) async fn moderation_ids(&self) -> BTreeSet<String> {
        let ids: Vec<String> =
            sqlx::query_scalar("SELECT id FROM moderations").fetch_all(&self.0).await.expect("readable");
        ids.into_iter().collect()
    }

    /// Everything that was answered is stored as it was answered, and nothing else is.
    pub(crate) async fn check(&self, requests: &[Request], answers: &BTreeMap<usize, Vec<Answer>>) {
        let mut stored = self.stored().await;
        let mut flagged = 0;
        for (number, answers) in answers {
            for (at, (text, answer)) in requests[*number].texts.iter().zip(answers).enumerate() {
                let place = format!("request {number}, text {at}");
                let row = stored
                    .remove(&answer.moderation_id)
                    .unwrap_or_else(|| panic!("{place}: answered and not stored, or answered twice"));
                assert_eq!(row.item_id, answer.item_id, "{place}: another item");
                assert_eq!(row.sha256, Digest::of(text.as_bytes()).to_string(), "{place}: out of order");
                assert_eq!(row.band, answer.band, "{place}: another band");
                assert_eq!(
                    answer.flagged,
                    answer.band != "none",
                    "{place}: flagged is not what the band says"
                );
                let expected = i64::from(answer.flagged);
                assert_eq!(
                    (row.own_jobs, row.jobs, row.audited),
                    (expected, expected, expected),
                    "{place}: review jobs of the moderation, of the item, and audit rows"
                );
                flagged += expected;
            }
        }
        assert_eq!(stored.len(), 0, "stored and never answered");
        assert_eq!(self.count("SELECT COUNT(*) FROM review_jobs").await, flagged, "review jobs in all");
        assert_eq!(
            self.count("SELECT COUNT(*) FROM audit_events").await,
            self.count("SELECT seq FROM audit_head").await,
            "audit rows up to the end of the chain"
        );
    }

    async fn stored(&self) -> BTreeMap<String, Stored> {
        let rows: Vec<(String, String, String, String, i64, i64, i64)> =
            sqlx::query_as(STORED).fetch_all(&self.0).await.expect("readable");
        rows.into_iter()
            .map(|(moderation_id, band, item_id, sha256, own_jobs, jobs, audited)| {
                (moderation_id, Stored { band, item_id, sha256, own_jobs, jobs, audited })
            })
            .collect()
    }

    async fn count(&self, query: &'static str) -> i64 {
        sqlx::query_scalar(query).fetch_one(&self.0).await.expect("readable")
    }
}
