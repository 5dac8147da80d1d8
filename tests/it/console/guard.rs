//! Who gets in, and what a page may do in a browser.

use countervail::domain::user::Role;
use serde_json::json;

use crate::support::app::spawn_app;
use crate::support::desk::Desk;

const NOBODY: &str = "/console/jobs/0190b6c2-7b1e-7cc0-8000-000000000000";

#[tokio::test]
async fn nothing_opens_without_signing_in() {
    let app = spawn_app().await;
    let desk = Desk::new(&app);
    for path in ["/console", NOBODY] {
        let page = desk.open(path).await;
        assert_eq!(page.status, 303, "{path}");
        assert!(page.to.unwrap().starts_with("/console/login"), "{path}");
    }
    let verbs = ["claim", "skip", "decision", "reveal"].map(|verb| format!("{NOBODY}/{verb}"));
    for path in verbs.iter().map(String::as_str).chain(["/console/next"]) {
        let page = desk.submit(path, &[("choice", "escalate/needs_senior")]).await;
        assert_eq!((page.status, page.to.as_deref()), (303, Some("/console/login")), "{path}");
    }
    assert_eq!(desk.open("/console/console.css").await.status, 200);
}

#[tokio::test]
async fn signing_in_and_out() {
    let app = spawn_app().await;
    app.add_user("ann", Role::Reviewer).await;
    let desk = Desk::new(&app);
    let wrong = desk.submit("/console/login", &[("name", "ann"), ("password", "wrong")]).await;
    assert!(wrong.status == 401 && wrong.has("User name or password is wrong"));
    let password = crate::ground::PASSWORD;
    for (next, to) in [(NOBODY, NOBODY), ("//evil.example", "/console"), ("https://evil.example", "/console")]
    {
        let form = [("name", "ann"), ("password", password), ("next", next)];
        assert_eq!(Desk::new(&app).submit("/console/login", &form).await.to.as_deref(), Some(to));
    }
    let desk = Desk::signed_in(&app, "ann").await;
    let missing = desk.open(NOBODY).await;
    assert!(missing.status == 404 && missing.has("No such review job.") && missing.has("<html"));
    assert_eq!(desk.submit("/console/logout", &[]).await.to.as_deref(), Some("/console/login"));
    assert_eq!(desk.open("/console").await.status, 303);
}

#[tokio::test]
async fn a_session_ends_by_itself_and_a_forged_cookie_is_none() {
    let app = spawn_app().await;
    app.add_user("ann", Role::Reviewer).await;
    let desk = Desk::signed_in(&app, "ann").await;
    desk.open("/console").await.ok();
    app.clock.advance(app.service.limits().session_ttl);
    assert_eq!(desk.open("/console").await.status, 303);
    let session = app.service.log_in("ann", crate::ground::PASSWORD.into()).await.unwrap();
    let token = secrecy::ExposeSecret::expose_secret(&session.token);
    let bare = app
        .request(reqwest::Method::GET, "/console/login")
        .header("cookie", format!("countervail_session={token}"))
        .send()
        .await
        .unwrap();
    assert!(bare.url().path().ends_with("/login"), "a token without our signature signs nobody in");
}

#[tokio::test]
async fn forms_of_other_sites_are_refused() {
    let app = spawn_app().await;
    app.add_user("ann", Role::Reviewer).await;
    app.moderate(json!("zorblax")).await;
    let desk = Desk::signed_in(&app, "ann").await;
    let job = desk.open("/console").await.first_job();
    for path in [format!("{job}/claim"), "/console/next".to_owned(), "/console/logout".to_owned()] {
        for origin in [Some("http://evil.example"), Some("null"), None] {
            let page = desk.submit_from(&path, &[], origin).await;
            assert!(page.status == 403 && page.has("not sent from the review desk"), "{path} {origin:?}");
        }
    }
    assert!(desk.open(&job).await.ok().has("Nobody is holding this job"));
}

#[tokio::test]
async fn pages_hold_no_script_and_no_inline_style() {
    let app = spawn_app().await;
    app.add_user("ann", Role::Reviewer).await;
    app.moderate(json!("zorblax <script>alert(1)</script>")).await;
    let desk = Desk::signed_in(&app, "ann").await;
    let inbox = desk.open("/console").await.ok();
    let job = inbox.first_job();
    let revealed = desk.submit(&format!("{job}/reveal"), &[]).await.ok();
    assert!(revealed.has("&#60;script&#62;"), "{}", revealed.html);
    for page in
        [inbox, revealed, desk.open(&job).await.ok(), Desk::new(&app).open("/console/login").await.ok()]
    {
        for forbidden in ["<script", "style=", "onclick", "javascript:"] {
            assert!(!page.has(forbidden), "{forbidden}");
        }
        for needed in ["<html lang=\"en\"", "<main", "<h1", "Skip to the content"] {
            assert!(page.has(needed), "{needed}");
        }
    }
}
