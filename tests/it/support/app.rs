//! The whole service on a free port, on a database of its own, with a scripted model and a clock that
//! stands still; and a client for its API.

use std::time::Duration;

use countervail::domain::assessment::{Assessment, Heads, LanguageSupport, ModelRef, Reading, Span, Stage};
use countervail::domain::audit::{Actor, AuditKind};
use countervail::domain::key::Scope;
use countervail::domain::score::{Score, Scores};
use countervail::domain::user::Role;
use countervail::http;
use countervail::http::state::{Access, AppState, CookieKey, Settings};
use countervail::inference::handle::Handle;
use countervail::service::Service;
use countervail::service::clock::Clock;
use countervail::service::limits::Limits;
use countervail::store::Store;
use countervail::telemetry::metrics::Recorder;
use reqwest::{Method, RequestBuilder, Response, StatusCode};
use secrecy::ExposeSecret as _;
use serde_json::Value;
use time::macros::datetime;

use crate::ground::{PASSWORD, policy};
use crate::support::logs;

/// Small enough that tests can go over it.
pub(crate) const MAX_BODY_BYTES: usize = 64 * 1024;

pub(crate) struct App {
    pub(crate) base: String,
    pub(crate) service: Service,
    pub(crate) clock: Clock,
    /// A key that may do everything.
    pub(crate) key: String,
    client: reqwest::Client,
    _dir: tempfile::TempDir,
}

/// A text with `zorblax` is for review, with `zorblax urgent` urgent; with `foreign` it cannot be read; with `stopped` a
/// first stage answers it, with `sampled` it would have.
pub(crate) async fn spawn_app() -> App {
    spawn_with(Access::Keys).await
}

pub(crate) async fn spawn_with(access: Access) -> App {
    spawn(access, model()).await
}

/// With a model of the caller's.
pub(crate) async fn spawn_on(handle: Handle) -> App {
    spawn(Access::Keys, handle).await
}

async fn spawn(access: Access, handle: Handle) -> App {
    logs::collect();
    let dir = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}?mode=rwc", dir.path().join("test.db").display());
    let store = Store::connect(&url).await.unwrap();
    let clock = Clock::fixed(datetime!(2026-03-01 12:00 UTC));
    let limits = Limits { max_items: 4, max_text_bytes: 2000, ..Limits::default() };
    let service = Service::new(store, handle, policy(), clock.clone(), limits);
    let (_, secret) = service.create_key(Actor::Operator, "tests", Scope::ALL.into()).await.unwrap();
    let state = AppState {
        service: service.clone(),
        settings: Settings {
            access,
            request_timeout: Duration::from_secs(20),
            max_body_bytes: MAX_BODY_BYTES,
            secure_cookie: false,
        },
        cookie_key: CookieKey::generate(),
        recorder: Recorder::install(),
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(http::server::serve(listener, state, std::future::pending(), Duration::ZERO));
    let key = secret.expose_secret().to_owned();
    App { base, service, clock, key, client: reqwest::Client::new(), _dir: dir }
}

impl App {
    /// A request without credentials.
    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("{}{path}", self.base))
    }

    pub(crate) fn post(&self, path: &str, body: &Value) -> RequestBuilder {
        self.request(Method::POST, path).bearer_auth(&self.key).json(body)
    }

    /// Sends and expects this status; gives the JSON.
    pub(crate) async fn send(&self, path: &str, body: Value, status: u16) -> Value {
        expect_json(self.post(path, &body).send().await.unwrap(), status).await
    }

    /// Moderates texts and gives the results.
    pub(crate) async fn moderate(&self, input: Value) -> Vec<Value> {
        let answer = self.send("/v1/moderations", serde_json::json!({ "input": input }), 200).await;
        answer["results"].as_array().unwrap().clone()
    }

    pub(crate) async fn add_user(&self, name: &str, role: Role) {
        self.service.add_user(Actor::Operator, name.parse().unwrap(), PASSWORD.into(), role).await.unwrap();
    }

    /// The kinds of all audit rows, oldest first.
    pub(crate) async fn audit_kinds(&self) -> Vec<AuditKind> {
        let events = self.service.audit_events(0, 100).await.unwrap();
        events.iter().map(|e| e.entry.kind).collect()
    }
}

pub(crate) async fn expect_json(response: Response, status: u16) -> Value {
    let got = response.status();
    let text = response.text().await.unwrap();
    assert_eq!(got, StatusCode::from_u16(status).unwrap(), "{text}");
    serde_json::from_str(&text).unwrap_or_else(|_| panic!("not JSON: {text}"))
}

fn model() -> Handle {
    let model = ModelRef { name: "scripted".to_owned(), digest: format!("sha256:{}", "0".repeat(64)) };
    Handle::scripted(model, policy(), script)
}

fn script(text: &str) -> Assessment {
    assert!(!text.contains("zorblax panic"), "asked to");
    let score = |s| Score::new(s).unwrap();
    let extremism = match text {
        t if t.contains("zorblax urgent") => 0.97,
        t if t.contains("zorblax") => 0.75,
        _ => 0.125,
    };
    // In the order of `Category::ALL`; all different, so that a mixed-up key shows.
    let heads = [extremism, 0.75, 0.25, 0.5, 0.625, 0.875].map(score);
    let readable = !text.contains("foreign");
    let heads = Heads { scores: Scores::new(heads), context: [0.5, 0.25, 0.125, 0.125] };
    let stage = match text {
        t if t.contains("stopped") => Stage::First,
        t if t.contains("sampled") => Stage::Sample(heads),
        _ => Stage::Encoder(heads),
    };
    let reading = Reading { extremism: score(extremism), stage };
    Assessment {
        reading: readable.then_some(reading),
        language: if readable { "eng" } else { "und" },
        language_support: if readable { LanguageSupport::Supported } else { LanguageSupport::Unsupported },
        windows: 2,
        strongest_window: text.find("zorblax").map(|start| Span { start, end: start + "zorblax".len() }),
    }
}
