//! Services of other shapes than ours, as their documents describe them: whatever is asked in another way is refused.
//! They read the score out of the text, "… 37" being 0.37.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::sync::{Arc, Mutex};

use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use serde_json::{Value, json};

pub(crate) const KEY: &str = "sesame-4711";
/// TEI's `max_client_batch_size`.
pub(crate) const BATCH: usize = 32;

/// What a service does once in place of answering.
pub(crate) enum Mood {
    /// 429, with this `Retry-After`.
    Busy(&'static str),
    Status(u16),
}

#[derive(Clone, Default)]
pub(crate) struct Service {
    /// The texts of each request that was answered or hung.
    pub(crate) asked: Arc<Mutex<Vec<Vec<String>>>>,
    moods: Arc<Mutex<VecDeque<Mood>>>,
    /// From which request on there is no answer at all.
    pub(crate) hangs_at: Arc<Mutex<Option<usize>>>,
}

impl Service {
    pub(crate) fn with(moods: Vec<Mood>) -> Self {
        Self { moods: Arc::new(Mutex::new(moods.into())), ..Self::default() }
    }

    /// Listens on a free port, and closes the first `dropped` connections without a word. Gives the address.
    pub(crate) async fn listen(&self, dropped: usize) -> String {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let app = Router::new()
            .route("/v1alpha1/comments:analyze", post(perspective))
            .route("/predict", post(tei))
            .with_state(self.clone());
        tokio::spawn(async move {
            for _ in 0..dropped {
                drop(listener.accept().await.unwrap());
            }
            axum::serve(listener, app).await.unwrap();
        });
        base
    }

    pub(crate) fn texts(&self) -> Vec<String> {
        self.asked.lock().unwrap().concat()
    }

    /// What comes before an answer; `None` when there is to be one.
    async fn before(&self, texts: Vec<String>) -> Option<Response> {
        match self.moods.lock().unwrap().pop_front() {
            Some(Mood::Busy(after)) => {
                return Some((StatusCode::TOO_MANY_REQUESTS, [("retry-after", after)]).into_response());
            }
            Some(Mood::Status(status)) => {
                // A body as no error of ours may repeat it.
                let status = StatusCode::from_u16(status).unwrap();
                return Some((status, format!("refused: {}", texts.concat())).into_response());
            }
            None => {}
        }
        let hangs = {
            let mut asked = self.asked.lock().unwrap();
            asked.push(texts);
            self.hangs_at.lock().unwrap().is_some_and(|at| asked.len() >= at)
        };
        if hangs {
            std::future::pending::<()>().await;
        }
        None
    }
}

fn number(text: &str) -> f64 {
    text.rsplit(' ').next().unwrap().parse::<f64>().unwrap() / 100.0
}

fn keys(value: &Value) -> BTreeSet<&str> {
    value.as_object().map(|o| o.keys().map(String::as_str).collect()).unwrap_or_default()
}

async fn perspective(
    State(service): State<Service>,
    Query(query): Query<HashMap<String, String>>,
    Json(body): Json<Value>,
) -> Response {
    let refuse = |code: u16, status: &str, details: Value| {
        let body = json!({"error": {"code": code, "message": "no", "status": status, "details": details}});
        (StatusCode::from_u16(code).unwrap(), Json(body)).into_response()
    };
    if query.get("key").map(String::as_str) != Some(KEY) {
        return refuse(403, "PERMISSION_DENIED", json!([]));
    }
    let fields = BTreeSet::from(["comment", "requestedAttributes", "doNotStore", "languages"]);
    let comment = &body["comment"];
    let well_formed = keys(&body).is_subset(&fields)
        && keys(comment) == BTreeSet::from(["text", "type"])
        && comment["type"] == "PLAIN_TEXT"
        && keys(&body["requestedAttributes"]) == BTreeSet::from(["INSULT", "THREAT"])
        && body["requestedAttributes"]["THREAT"] == json!({});
    let Some(text) = comment["text"].as_str().filter(|_| well_formed) else {
        return refuse(400, "INVALID_ARGUMENT", json!([]));
    };
    match body["languages"][0].as_str() {
        Some("ka") => return refuse(501, "UNIMPLEMENTED", json!([])),
        Some("is") => {
            let details = json!([{"errorType": "LANGUAGE_NOT_SUPPORTED_BY_ATTRIBUTE"}]);
            return refuse(400, "INVALID_ARGUMENT", details);
        }
        _ => {}
    }
    if let Some(instead) = service.before(vec![text.to_owned()]).await {
        return instead;
    }
    let score =
        |value: f64| json!({"summaryScore": {"value": value, "type": "PROBABILITY"}, "spanScores": []});
    let scores = json!({"THREAT": score(number(text)), "INSULT": score(number(text) / 2.0)});
    Json(json!({"attributeScores": scores, "languages": ["en"], "detectedLanguages": ["en"]})).into_response()
}

async fn tei(State(service): State<Service>, headers: HeaderMap, Json(body): Json<Value>) -> Response {
    let refuse =
        |code: StatusCode| (code, Json(json!({"error": "no", "error_type": "Validation"}))).into_response();
    if headers.get("authorization").and_then(|h| h.to_str().ok()) != Some(&format!("Bearer {KEY}")) {
        return refuse(StatusCode::UNAUTHORIZED);
    }
    let known = BTreeSet::from(["inputs", "truncate", "truncation_direction", "raw_scores"]);
    // ["a", "b"] would be one pair of sentences.
    let single = |input: &Value| match input.as_array().map(Vec::as_slice) {
        Some([Value::String(text)]) => Some(text.clone()),
        _ => None,
    };
    let texts: Option<Vec<String>> =
        body["inputs"].as_array().filter(|i| i.len() <= BATCH).and_then(|i| i.iter().map(single).collect());
    let Some(texts) = texts.filter(|_| keys(&body).is_subset(&known)) else {
        return refuse(StatusCode::UNPROCESSABLE_ENTITY);
    };
    if let Some(instead) = service.before(texts.clone()).await {
        return instead;
    }
    let labels = |text: &String| {
        let score = number(text);
        let mut labels =
            vec![json!({"score": score, "label": "hate"}), json!({"score": 1.0 - score, "label": "calm"})];
        labels.sort_by(|a, b| b["score"].as_f64().unwrap().total_cmp(&a["score"].as_f64().unwrap()));
        labels
    };
    Json(texts.iter().map(labels).collect::<Vec<_>>()).into_response()
}
