//! A service on a fresh database, with a scripted model and a clock that moves when told. Every test that
//! uses it runs on SQLite and, when `TEST_DATABASE_URL` names one, on PostgreSQL in a schema of its own.

#![expect(clippy::unwrap_used, reason = "in a test, a panic is the report")]

use countervail::domain::assessment::{Assessment, Heads, LanguageSupport, ModelRef, Reading, Stage};
use countervail::domain::audit::Actor;
use countervail::domain::policy::Policy;
use countervail::domain::score::{Score, Scores};
use countervail::domain::taxonomy::Category;
use countervail::domain::text::Text;
use countervail::domain::user::Role;
use countervail::inference::handle::Handle;
use countervail::service::Service;
use countervail::service::access::{ApiClient, SignedIn};
use countervail::service::clock::Clock;
use countervail::service::limits::Limits;
use countervail::service::moderate::NewItem;
use countervail::store::Store;
use sqlx::AnyPool;
use time::macros::datetime;

pub(crate) const PASSWORD: &str = "a long enough password";

pub(crate) struct Ground {
    pub(crate) url: String,
    pub(crate) store: Store,
    pub(crate) service: Service,
    pub(crate) clock: Clock,
    /// For looking behind the service's back.
    pub(crate) pool: AnyPool,
    _dir: Option<tempfile::TempDir>,
}

/// Where a test on PostgreSQL works; stays behind, to be looked at, when the test fails.
pub(crate) struct Schema {
    pool: AnyPool,
    name: String,
}

impl Schema {
    pub(crate) async fn drop(self) {
        let drop = sqlx::AssertSqlSafe(format!("DROP SCHEMA {} CASCADE", self.name));
        sqlx::query(drop).execute(&self.pool).await.unwrap();
    }
}

impl Ground {
    pub(crate) async fn sqlite() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}?mode=rwc", dir.path().join("test.db").display());
        Self::on(url, Some(dir)).await
    }

    /// `None` when there is no PostgreSQL to test on.
    pub(crate) async fn postgres() -> Option<(Self, Schema)> {
        let server = std::env::var_os("TEST_DATABASE_URL")?.into_string().unwrap();
        let name = format!("t_{}", uuid::Uuid::now_v7().simple());
        sqlx::any::install_default_drivers();
        let pool = AnyPool::connect(&server).await.unwrap();
        let create = sqlx::AssertSqlSafe(format!("CREATE SCHEMA {name}"));
        sqlx::query(create).execute(&pool).await.unwrap();
        let separator = if server.contains('?') { '&' } else { '?' };
        let url = format!("{server}{separator}options[search_path]={name}");
        Some((Self::on(url, None).await, Schema { pool, name }))
    }

    async fn on(url: String, dir: Option<tempfile::TempDir>) -> Self {
        let store = Store::connect(&url).await.unwrap();
        let clock = Clock::fixed(datetime!(2026-03-01 12:00 UTC));
        let limits = Limits::default();
        let service = Service::new(store.clone(), model(), policy(), clock.clone(), limits);
        let pool = AnyPool::connect(&url).await.unwrap();
        Self { url, store, service, clock, pool, _dir: dir }
    }

    pub(crate) async fn reviewer(&self, name: &str, role: Role) -> SignedIn {
        let added =
            self.service.add_user(Actor::Operator, name.parse().unwrap(), PASSWORD.into(), role).await;
        added.unwrap();
        self.service.log_in(name, PASSWORD.into()).await.unwrap().signed_in
    }

    /// Sends texts as the keyless client, in one call.
    pub(crate) async fn send(&self, texts: &[&str]) -> Vec<countervail::domain::moderation::Moderation> {
        let items = texts.iter().map(|text| item(text)).collect();
        let answers = self.service.moderate(items, &ApiClient::keyless(), None, None).await.unwrap();
        answers.into_iter().map(Result::unwrap).collect()
    }

    pub(crate) async fn count(&self, table: &str) -> i64 {
        let sql = sqlx::AssertSqlSafe(format!("SELECT COUNT(*) FROM {table}"));
        sqlx::query_scalar(sql).fetch_one(&self.pool).await.unwrap()
    }

    pub(crate) async fn execute(&self, sql: &str) -> u64 {
        let sql = sqlx::AssertSqlSafe(sql.to_owned());
        sqlx::query(sql).execute(&self.pool).await.unwrap().rows_affected()
    }
}

pub(crate) fn item(text: &str) -> NewItem {
    NewItem::from_text(Text::parse(text, 32_768).unwrap())
}

pub(crate) fn policy() -> Policy {
    let score = |s| Score::new(s).unwrap();
    Policy {
        version: "test-1".to_owned(),
        review: score(0.5),
        urgent: score(0.95),
        categories: [score(0.5); Category::COUNT],
    }
}

/// `urgent` scores 0.97, `flag N` scores 0.5 + N/1000, `foreign` cannot be read, anything else scores 0.1.
pub(crate) fn model() -> Handle {
    let model = ModelRef { name: "scripted".to_owned(), digest: format!("sha256:{}", "0".repeat(64)) };
    Handle::scripted(model, policy(), script)
}

fn script(text: &str) -> Assessment {
    let number = || text.split_whitespace().nth(1).and_then(|n| n.parse::<f32>().ok()).unwrap_or(100.0);
    let extremism = match text.split_whitespace().next() {
        Some("urgent") => 0.97,
        Some("flag") => 0.5 + number() / 1000.0,
        _ => 0.1,
    };
    let score = Score::new(extremism).unwrap();
    let readable = !text.starts_with("foreign");
    let heads = Heads { scores: Scores::new([score; Category::COUNT]), context: [0.1, 0.2, 0.3, 0.4] };
    let reading = Reading { extremism: score, stage: Stage::Encoder(heads) };
    Assessment {
        reading: readable.then_some(reading),
        language: if readable { "eng" } else { "und" },
        language_support: if readable { LanguageSupport::Supported } else { LanguageSupport::Unsupported },
        windows: 1,
        strongest_window: None,
    }
}

/// Makes each of these tests run on both databases.
macro_rules! on_both_databases {
    ($($name:ident)*) => {
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
            async fn $name() {
                super::$name(crate::ground::Ground::sqlite().await).await;
            })*
        }
        mod postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
            async fn $name() {
                if let Some((ground, schema)) = crate::ground::Ground::postgres().await {
                    super::$name(ground).await;
                    schema.drop().await;
                }
            })*
        }
    };
}
pub(crate) use on_both_databases;
