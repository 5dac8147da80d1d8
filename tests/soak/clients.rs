//! Several clients at once, each with one request in flight.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

const CLIENTS: usize = 4;

/// One call of `POST /v1/moderations`.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) key: String,
    pub(crate) texts: Vec<String>,
}

/// What was answered to one text.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Answer {
    pub(crate) moderation_id: String,
    pub(crate) item_id: String,
    pub(crate) band: String,
    pub(crate) flagged: bool,
    pub(crate) score: Option<f64>,
}

/// How a round went.
#[derive(Debug, Default)]
pub(crate) struct Round {
    /// By the number of the request, in the order of its texts.
    pub(crate) answers: BTreeMap<usize, Vec<Answer>>,
    /// Requests whose connection was cut.
    pub(crate) cut: usize,
}

/// After so many answers, do this; from then on connections may break.
pub(crate) type Interruption<'a> = (usize, &'a mut dyn FnMut());

enum Event {
    Answered(usize, Vec<Answer>),
    Refused(usize, String),
    Cut(usize, String),
}

/// Posts the requests of these numbers, and panics at any error that the interruption does not explain.
pub(crate) async fn post(
    base: &str,
    requests: &[Request],
    numbers: &[usize],
    mut interruption: Option<Interruption<'_>>,
) -> Round {
    let queue: Arc<Mutex<VecDeque<(usize, Request)>>> =
        Arc::new(Mutex::new(numbers.iter().map(|i| (*i, requests[*i].clone())).collect()));
    let (events, mut heard) = mpsc::unbounded_channel();
    let mut clients = JoinSet::new();
    for _ in 0..CLIENTS {
        clients.spawn(client(format!("{base}/v1/moderations"), Arc::clone(&queue), events.clone()));
    }
    drop(events);
    let mut round = Round::default();
    let mut interrupted = false;
    while let Some(event) = heard.recv().await {
        match event {
            Event::Answered(number, answers) => {
                round.answers.insert(number, answers);
            }
            Event::Cut(..) if interrupted => round.cut += 1,
            Event::Cut(number, why) => panic!("request {number} was cut off: {why}"),
            Event::Refused(number, why) => panic!("request {number} was answered {why}"),
        }
        if let Some((_, interrupt)) = interruption.take_if(|(after, _)| round.answers.len() >= *after) {
            interrupted = true;
            interrupt();
        }
    }
    while let Some(ended) = clients.join_next().await {
        ended.expect("a client does not panic");
    }
    round
}

/// Takes requests until there are none, or the service is gone.
async fn client(
    url: String,
    queue: Arc<Mutex<VecDeque<(usize, Request)>>>,
    events: mpsc::UnboundedSender<Event>,
) {
    let http = reqwest::Client::new();
    loop {
        let next = queue.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
        let Some((number, request)) = next else { return };
        let event = match send(&http, &url, &request).await {
            Ok(Ok(answers)) => Event::Answered(number, answers),
            Ok(Err(why)) => Event::Refused(number, why),
            Err(error) => Event::Cut(number, error.to_string()),
        };
        let gone = matches!(event, Event::Cut(..));
        if events.send(event).is_err() || gone {
            return;
        }
    }
}

/// The outer error is one of the connection, the inner one an answer that is not as it should be.
async fn send(
    http: &reqwest::Client,
    url: &str,
    request: &Request,
) -> reqwest::Result<Result<Vec<Answer>, String>> {
    let body = json!({ "input": request.texts });
    let response = http.post(url).header("Idempotency-Key", &request.key).json(&body).send().await?;
    let status = response.status();
    let bytes = response.bytes().await?;
    if status != reqwest::StatusCode::OK {
        // Our errors never repeat a text.
        return Ok(Err(format!("{status}: {}", String::from_utf8_lossy(&bytes))));
    }
    Ok(read(&bytes, request.texts.len()))
}

#[derive(Deserialize)]
struct Body {
    results: Vec<Value>,
}

fn read(bytes: &[u8], expected: usize) -> Result<Vec<Answer>, String> {
    let Body { results } = serde_json::from_slice(bytes).map_err(|e| format!("with a body that {e}"))?;
    if results.len() != expected {
        return Err(format!("{} results for {expected} texts", results.len()));
    }
    results
        .iter()
        .map(|result| answer(result).ok_or_else(|| "with a result of another form".to_owned()))
        .collect()
}

fn answer(result: &Value) -> Option<Answer> {
    let details = &result["countervail"];
    let text = |name: &str| details[name].as_str().map(str::to_owned);
    Some(Answer {
        moderation_id: text("moderation_id")?,
        item_id: text("item_id")?,
        band: text("band")?,
        flagged: result["flagged"].as_bool()?,
        score: details["score"].as_f64(),
    })
}
