//! From the inbox to a decision, as a person goes.

use std::time::Duration;

use countervail::domain::audit::AuditKind;
use countervail::domain::user::Role;
use serde_json::json;

use crate::support::app::{App, spawn_app};
use crate::support::desk::Desk;

async fn with_jobs(texts: &[&str]) -> App {
    let app = spawn_app().await;
    app.add_user("ann", Role::Reviewer).await;
    app.add_user("ben", Role::Reviewer).await;
    app.add_user("lea", Role::Lead).await;
    for text in texts {
        app.moderate(json!(text)).await;
    }
    app
}

#[tokio::test]
async fn a_reviewer_decides_a_job() {
    let app = with_jobs(&["the zorblax meets at noon"]).await;
    let desk = Desk::signed_in(&app, "ann").await;
    let inbox = desk.open("/console").await.ok();
    assert!(inbox.has("For review") && !inbox.has("meets at noon"));
    let job = inbox.first_job();

    let page = desk.open(&job).await.ok();
    assert!(page.has("Reveal the text") && page.has("likely, 75 %") && page.has("policy test-1"));
    assert!(page.has("news, history or documentation"), "the likely context advises");
    assert!(!page.has("zorblax"), "the text is masked");

    let page = desk.submit(&format!("{job}/reveal"), &[]).await.ok();
    assert!(page.has("the <mark>zorblax</mark> meets at noon"), "{}", page.html);

    let page = desk.submit(&format!("{job}/claim"), &[("revealed", "yes")]).await.ok();
    assert!(page.has("meets at noon") && page.has("Record the decision"));

    let done = desk.submit(&format!("{job}/decision"), &[("choice", "dismiss/news_or_reporting")]).await;
    assert_eq!((done.status, done.to.as_deref()), (303, Some("/console?done=dismiss")));
    let inbox = desk.open("/console?done=dismiss").await.ok();
    assert!(inbox.has("Recorded: dismissed") && inbox.has("Nothing is waiting"));
    let page = desk.open(&job).await.ok();
    assert!(page.has("dismissed by ann: News or reporting"));

    let kinds = app.audit_kinds().await;
    let acts = [
        AuditKind::ItemFlagged,
        AuditKind::SignedIn,
        AuditKind::TextRevealed,
        AuditKind::JobClaimed,
        AuditKind::TextRevealed,
        AuditKind::JobDecided,
    ];
    assert!(kinds.ends_with(&acts), "{kinds:?}");
}

#[tokio::test]
async fn the_inbox_is_by_priority_and_can_be_filtered() {
    let app = with_jobs(&["zorblax", "zorblax urgent"]).await;
    let desk = Desk::signed_in(&app, "ann").await;
    let inbox = desk.open("/console").await.ok();
    let (urgent, review) = (inbox.html.find("band urgent").unwrap(), inbox.html.find("band review").unwrap());
    assert!(urgent < review);
    let only = desk.open("/console?state=open&band=review").await.ok();
    assert!(only.has("band review") && !only.has("band urgent"));
    assert!(desk.open("/console?state=escalated").await.ok().has("Nothing is escalated"));
    for wrong in ["/console?state=x", "/console?band=x", "/console?after=x"] {
        assert_eq!(desk.open(wrong).await.status, 400, "{wrong}");
    }
    let next = desk.submit("/console/next", &[]).await;
    let job = next.to.unwrap();
    assert!(desk.open(&job).await.ok().has("Please look soon"));
    assert!(desk.open("/console?state=mine").await.ok().has(&job));
}

#[tokio::test]
async fn one_job_has_one_holder_and_can_be_given_back() {
    let app = with_jobs(&["zorblax"]).await;
    let (ann, ben) = (Desk::signed_in(&app, "ann").await, Desk::signed_in(&app, "ben").await);
    let job = ann.open("/console").await.first_job();
    let claim = format!("{job}/claim");
    assert_eq!(ann.submit(&claim, &[]).await.status, 303);
    let refused = ben.submit(&claim, &[]).await;
    assert!(refused.status == 409 && refused.has("Somebody else is holding this job now"));
    assert!(ben.open(&job).await.ok().has("ann is holding this job"));
    let skipped = ann.submit(&format!("{job}/skip"), &[]).await;
    assert_eq!(skipped.to.as_deref(), Some("/console?done=skip"));
    assert_eq!(ben.submit(&claim, &[]).await.status, 303);

    app.clock.advance(Duration::from_mins(31));
    let late = ben.submit(&format!("{job}/decision"), &[("choice", "confirm/violates_policy:hate")]).await;
    assert!(late.status == 409 && late.has("your claim ran out"), "{}", late.html);
}

#[tokio::test]
async fn a_form_that_is_wrong_comes_back_as_it_was() {
    let app = with_jobs(&["zorblax"]).await;
    let desk = Desk::signed_in(&app, "ann").await;
    let job = desk.open("/console").await.first_job();
    desk.submit(&format!("{job}/claim"), &[]).await;
    let decide = async |form: &[(&str, &str)]| desk.submit(&format!("{job}/decision"), form).await;
    let empty = decide(&[("note", "<b>my & note</b>")]).await;
    assert!(empty.status == 400 && empty.has("Please choose") && !empty.has("<b>my"));
    assert!(empty.has("my &#38; note"), "{}", empty.html);
    let other = decide(&[("choice", "confirm/other")]).await;
    assert!(other.status == 400 && other.has("Please write a note"));
    assert!(other.has("value=\"confirm/other\" checked"));
    let unfit = decide(&[("choice", "dismiss/violates_policy:hate")]).await;
    assert!(unfit.status == 400 && unfit.has("does not go with"));
    assert_eq!(decide(&[("choice", "confirm/other"), ("note", "seen before")]).await.status, 303);
    let again = decide(&[("choice", "confirm/other"), ("note", "seen before")]).await;
    assert!(again.status == 409 && again.has("already moved this job on"));
}

#[tokio::test]
async fn an_escalated_job_waits_for_a_lead() {
    let app = with_jobs(&["zorblax"]).await;
    let (ann, lea) = (Desk::signed_in(&app, "ann").await, Desk::signed_in(&app, "lea").await);
    let job = ann.open("/console").await.first_job();
    ann.submit(&format!("{job}/claim"), &[]).await;
    let escalated = ann.submit(&format!("{job}/decision"), &[("choice", "escalate/needs_senior")]).await;
    assert_eq!(escalated.status, 303);
    assert!(ann.open(&job).await.ok().has("waits for a lead"));
    let choice = [("choice", "confirm/violates_policy:extremism/recruitment")];
    assert_eq!(ann.submit(&format!("{job}/decision"), &choice).await.status, 403);
    assert!(lea.open(&job).await.ok().has("Record the decision"));
    assert_eq!(lea.submit(&format!("{job}/decision"), &choice).await.status, 303);
    assert!(lea.open(&job).await.ok().has("confirmed by lea: Recruitment"));
}
