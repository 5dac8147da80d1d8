//! What waits, most urgent first. Never shows a text.

use askama::Template;
use axum::extract::State;
use axum::response::{Html, Redirect};
use serde::Deserialize;
use time::OffsetDateTime;

use crate::domain::policy::Band;
use crate::domain::review::{Decision, ReviewJob};
use crate::domain::taxonomy::Category;
use crate::http::auth::Reviewer;
use crate::http::console::{page, words};
use crate::http::error::{ApiError, Code};
use crate::http::extract::AppQuery;
use crate::http::state::AppState;
use crate::service::inbox::{InboxCounts, InboxEntry, InboxFilter, InboxState};
use crate::telemetry::events::JobMoved;

/// Jobs on one page.
const PAGE: usize = 25;

#[derive(Debug, Deserialize)]
pub(super) struct Query {
    #[serde(default)]
    state: String,
    #[serde(default)]
    band: String,
    #[serde(default)]
    after: String,
    /// What was just done, to say so.
    #[serde(default)]
    done: String,
}

#[derive(Template)]
#[template(path = "inbox.html")]
struct InboxPage<'a> {
    user: Option<&'a str>,
    tabs: Vec<Tab>,
    state: &'static str,
    bands: Vec<Choice>,
    band: &'static str,
    rows: Vec<Row>,
    next: Option<String>,
    notice: Option<String>,
    empty: &'static str,
    /// Whether "take the next one" makes sense here.
    can_take: bool,
}

struct Tab {
    id: &'static str,
    name: &'static str,
    count: Option<u64>,
    here: bool,
}

struct Choice {
    id: &'static str,
    name: &'static str,
    chosen: bool,
}

struct Row {
    id: String,
    short: String,
    band: &'static str,
    band_words: &'static str,
    /// Empty when there is none.
    score: String,
    what: String,
    reports: u32,
    source: String,
    language: &'static str,
    age: String,
    moment: String,
}

pub(super) async fn show_inbox(
    Reviewer(by): Reviewer,
    State(state): State<AppState>,
    AppQuery(query): AppQuery<Query>,
) -> Result<Html<String>, ApiError> {
    let filter = filter(&query)?;
    let cursor = match query.after.as_str() {
        "" => None,
        after => Some(after.parse().map_err(|_| bad("the page you asked for is not there any more"))?),
    };
    let inbox = state.service.inbox(&by, &filter, cursor, PAGE).await?;
    let counts = state.service.inbox_counts(&by).await?;
    let now = state.service.clock().now();
    page(&InboxPage {
        user: Some(by.user.name.as_str()),
        tabs: tabs(filter.state, counts),
        state: filter.state.id(),
        bands: bands(filter.band),
        band: filter.band.map_or("", Band::id),
        rows: inbox.entries.iter().map(|entry| Row::of(entry, now)).collect(),
        next: inbox.next.map(|cursor| cursor.to_string()),
        notice: notice(&query.done),
        empty: empty(filter.state, filter.band),
        can_take: filter.state == InboxState::Open && counts.open > 0,
    })
}

/// Claims the most urgent job and goes there.
pub(super) async fn claim_next(
    Reviewer(by): Reviewer,
    State(state): State<AppState>,
) -> Result<Redirect, ApiError> {
    let Some(job) = state.service.claim_next(&by).await? else { return Ok(Redirect::to("/console")) };
    JobMoved { job_id: job.id.as_uuid(), by: "claim" }.emit();
    Ok(Redirect::to(&format!("/console/jobs/{}", job.id)))
}

fn bad(says: &str) -> ApiError {
    ApiError::new(Code::InvalidRequest).says(says)
}

fn filter(query: &Query) -> Result<InboxFilter, ApiError> {
    let state = match query.state.as_str() {
        "" => InboxState::default(),
        id => id.parse().map_err(|_| bad("there is no such part of the inbox"))?,
    };
    let band = match query.band.as_str() {
        "" => None,
        id => Some(id.parse().map_err(|_| bad("there is no such band"))?),
    };
    Ok(InboxFilter { state, band, source: None })
}

fn tabs(here: InboxState, counts: InboxCounts) -> Vec<Tab> {
    let tab = |state: InboxState, name, count| Tab { id: state.id(), name, count, here: state == here };
    vec![
        tab(InboxState::Open, "Waiting", Some(counts.open)),
        tab(InboxState::Mine, "Mine", Some(counts.mine)),
        tab(InboxState::Claimed, "With somebody", Some(counts.claimed)),
        tab(InboxState::Escalated, "Escalated", Some(counts.escalated)),
        // No number: it would only say how much somebody has done.
        tab(InboxState::Decided, "Decided", None),
    ]
}

fn bands(chosen: Option<Band>) -> Vec<Choice> {
    let choice = |band: Band| Choice { id: band.id(), name: words::band(band), chosen: chosen == Some(band) };
    vec![Choice { id: "", name: "All", chosen: chosen.is_none() }, choice(Band::Urgent), choice(Band::Review)]
}

fn notice(done: &str) -> Option<String> {
    if done == "skip" {
        return Some("Given back. Somebody else can take it now.".to_owned());
    }
    let decision: Decision = done.parse().ok()?;
    Some(format!("Recorded: {}. Thank you.", words::decided(decision)))
}

fn empty(state: InboxState, band: Option<Band>) -> &'static str {
    match (state, band) {
        (_, Some(_)) => "Nothing here in this band.",
        (InboxState::Open, None) => "Nothing is waiting. Good time for a break.",
        (InboxState::Mine, None) => "You are not holding anything.",
        (InboxState::Claimed, None) => "Nobody is holding anything.",
        (InboxState::Escalated, None) => "Nothing is escalated.",
        (InboxState::Decided, None) => "Nothing has been decided yet.",
    }
}

/// What it may be about, as far as the model can tell.
fn what(job: &ReviewJob, categories: &[Category]) -> String {
    match (job.score, categories) {
        (None, _) => "Not scored by the model".to_owned(),
        (Some(_), []) => "No category stands out".to_owned(),
        (Some(_), some) => some.iter().map(|c| words::category(*c)).collect::<Vec<_>>().join(", "),
    }
}

impl Row {
    fn of(entry: &InboxEntry, now: OffsetDateTime) -> Self {
        let InboxEntry { job, source, language, categories } = entry;
        let id = job.id.to_string();
        Self {
            // The end of a UUIDv7 is random, the beginning is the time: the end tells neighbours apart.
            short: id[id.len() - 6..].to_owned(),
            id,
            band: job.band.id(),
            band_words: words::band(job.band),
            score: job.score.map_or(String::new(), |s| format!("score {}", words::percent(s.get()))),
            what: what(job, categories),
            reports: job.report_count,
            source: source.as_ref().map_or(String::new(), ToString::to_string),
            language: language.map_or("not known", |code| words::language(code).1),
            age: words::age(now, job.opened_at),
            moment: words::moment(job.opened_at),
        }
    }
}
