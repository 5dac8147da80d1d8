//! One job: what is known, the text when it is asked for, and the decision.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Redirect, Response};
use serde::Deserialize;

use crate::domain::id::ReviewJobId;
use crate::domain::review::{Decision, Note, Reason};
use crate::http::auth::Reviewer;
use crate::http::console::job::view::{JobPage, Shown};
use crate::http::console::page;
use crate::http::error::{ApiError, Code};
use crate::http::extract::{AppForm, AppPath};
use crate::http::state::AppState;
use crate::service::access::SignedIn;
use crate::service::error::Error;
use crate::service::review::NewDecision;
use crate::telemetry::events::JobMoved;

mod view;

/// What every form of the page carries.
#[derive(Debug, Deserialize)]
pub(super) struct Showing {
    /// `yes` when the text was on the page: it then is on the next one too.
    #[serde(default)]
    revealed: String,
}

/// The decision form.
#[derive(Deserialize)]
pub(super) struct DecisionForm {
    /// Decision and reason in one, e.g. `dismiss/news_or_reporting`, so that no pair can be wrong.
    #[serde(default)]
    choice: String,
    #[serde(default)]
    note: String,
    #[serde(default)]
    revealed: String,
}

pub(super) async fn show_job(
    Reviewer(by): Reviewer,
    State(state): State<AppState>,
    AppPath(id): AppPath<String>,
) -> Result<Html<String>, ApiError> {
    show(&state, &by, job_id(&id)?, &Shown::default()).await
}

/// What a reload, or the back button, of a page that answered a form comes to.
pub(super) async fn back_to_job(AppPath(id): AppPath<String>) -> Result<Redirect, ApiError> {
    Ok(to_job(job_id(&id)?))
}

/// Shows the text. A POST, because it is recorded.
pub(super) async fn reveal(
    Reviewer(by): Reviewer,
    State(state): State<AppState>,
    AppPath(id): AppPath<String>,
) -> Result<Html<String>, ApiError> {
    show(&state, &by, job_id(&id)?, &Shown { revealed: true, ..Shown::default() }).await
}

pub(super) async fn claim(
    Reviewer(by): Reviewer,
    State(state): State<AppState>,
    AppPath(id): AppPath<String>,
    AppForm(form): AppForm<Showing>,
) -> Result<Response, ApiError> {
    let id = job_id(&id)?;
    let revealed = form.revealed == "yes";
    match state.service.claim(&by, id).await {
        Ok(_) => JobMoved { job_id: id.as_uuid(), by: "claim" }.emit(),
        Err(error) => return refused(&state, &by, id, error, Shown { revealed, ..Shown::default() }).await,
    }
    if revealed {
        return Ok(show(&state, &by, id, &Shown { revealed, ..Shown::default() }).await?.into_response());
    }
    Ok(to_job(id).into_response())
}

pub(super) async fn skip(
    Reviewer(by): Reviewer,
    State(state): State<AppState>,
    AppPath(id): AppPath<String>,
) -> Result<Response, ApiError> {
    let id = job_id(&id)?;
    if let Err(error) = state.service.skip(&by, id).await {
        return refused(&state, &by, id, error, Shown::default()).await;
    }
    JobMoved { job_id: id.as_uuid(), by: "skip" }.emit();
    Ok(Redirect::to("/console?done=skip").into_response())
}

pub(super) async fn decide(
    Reviewer(by): Reviewer,
    State(state): State<AppState>,
    AppPath(id): AppPath<String>,
    AppForm(form): AppForm<DecisionForm>,
) -> Result<Response, ApiError> {
    let id = job_id(&id)?;
    let shown = |problem: String| Shown {
        revealed: form.revealed == "yes",
        choice: form.choice.clone(),
        note: form.note.clone(),
        problem: Some(problem),
    };
    let decision = match parse(&form) {
        Ok(decision) => decision,
        Err(problem) => return refill(&state, &by, id, shown(problem), StatusCode::BAD_REQUEST).await,
    };
    let done = decision.decision;
    match state.service.decide(&by, id, decision).await {
        Ok(_) => {
            JobMoved { job_id: id.as_uuid(), by: done.id() }.emit();
            Ok(Redirect::to(&format!("/console?done={done}")).into_response())
        }
        Err(error) => refused(&state, &by, id, error, shown(String::new())).await,
    }
}

fn parse(form: &DecisionForm) -> Result<NewDecision, String> {
    let choose = || "Please choose a decision and its reason.".to_owned();
    let (decision, reason) = form.choice.split_once('/').ok_or_else(choose)?;
    let decision: Decision = decision.parse().map_err(|_| choose())?;
    let reason: Reason = reason.parse().map_err(|_| choose())?;
    let note = Note::parse(&form.note).map_err(|e| format!("The {e}."))?;
    Ok(NewDecision { decision, reason, note })
}

/// What a person can put right is said on the page, with what they had filled in; the rest is an error.
async fn refused(
    state: &AppState,
    by: &SignedIn,
    id: ReviewJobId,
    error: Error,
    shown: Shown,
) -> Result<Response, ApiError> {
    let problem = match &error {
        Error::NoteMissing => "“Another reason” says nothing by itself. Please write a note.",
        Error::ReasonDoesNotFit { .. } => "That reason does not go with that decision.",
        Error::NotClaimed => "You are not holding this job: your claim ran out. Claim it again to decide.",
        Error::AlreadyClaimed { .. } => "Somebody else is holding this job now.",
        Error::IllegalTransition(_) => "Somebody has already moved this job on. This is how it stands now.",
        Error::NotPermitted { .. } => "Your role does not allow this. Please ask a lead.",
        _ => return Err(error.into()),
    };
    let status = ApiError::from(error).code.status();
    refill(state, by, id, Shown { problem: Some(problem.to_owned()), ..shown }, status).await
}

async fn refill(
    state: &AppState,
    by: &SignedIn,
    id: ReviewJobId,
    shown: Shown,
    status: StatusCode,
) -> Result<Response, ApiError> {
    Ok((status, show(state, by, id, &shown).await?).into_response())
}

async fn show(
    state: &AppState,
    by: &SignedIn,
    id: ReviewJobId,
    shown: &Shown,
) -> Result<Html<String>, ApiError> {
    let file =
        if shown.revealed { state.service.reveal(by, id).await? } else { state.service.job(by, id).await? };
    page(&JobPage::of(&file, by, state.service.clock().now(), shown))
}

fn job_id(raw: &str) -> Result<ReviewJobId, ApiError> {
    raw.parse().map_err(|_| ApiError::new(Code::NotFound).says("no such review job"))
}

fn to_job(id: ReviewJobId) -> Redirect {
    Redirect::to(&format!("/console/jobs/{id}"))
}
