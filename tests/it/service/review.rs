//! The inbox, claims and decisions.

use std::collections::BTreeSet;
use std::time::Duration;

use countervail::domain::audit::AuditKind;
use countervail::domain::id::ReviewJobId;
use countervail::domain::review::{Decision, Note, Reason, ReviewState};
use countervail::domain::taxonomy::Category;
use countervail::domain::user::{Permission, Role};
use countervail::service::error::Error;
use countervail::service::inbox::{InboxCounts, InboxFilter, InboxState};
use countervail::service::review::NewDecision;

use crate::ground::{Ground, on_both_databases};

on_both_databases! {
    the_inbox_is_in_order_and_pages_without_gaps
    the_inbox_can_be_narrowed
    eight_reviewers_claim_two_hundred_jobs_once_each
    a_job_is_claimed_decided_and_on_record
    moves_outside_the_table_are_refused
    a_skipped_job_is_open_again
    a_claim_that_ran_out_is_open_to_others
    only_a_lead_decides_what_was_escalated
    reasons_must_fit
}

fn decision(decision: Decision, reason: Reason) -> NewDecision {
    NewDecision { decision, reason, note: None }
}

fn dismissal() -> NewDecision {
    decision(Decision::Dismiss, Reason::NewsOrReporting)
}

async fn the_inbox_is_in_order_and_pages_without_gaps(g: Ground) {
    let ann = g.reviewer("ann", Role::Reviewer).await;
    let texts: Vec<String> = (0..25).map(|n| format!("flag {}", n * 7 % 10)).collect();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    g.send(&texts).await;
    g.send(&["urgent"]).await;
    let whole = g.service.inbox(&ann, &InboxFilter::default(), None, 100).await.unwrap();
    assert_eq!((whole.entries.len(), whole.next), (26, None));
    let order: Vec<_> = whole
        .entries
        .iter()
        .map(|e| (std::cmp::Reverse(e.job.band), -e.job.score.unwrap().get(), e.job.id))
        .collect();
    assert!(order.is_sorted_by(|a, b| a.partial_cmp(b).unwrap().is_lt()), "{order:?}");

    let mut paged = Vec::new();
    let mut cursor = None;
    loop {
        let page = g.service.inbox(&ann, &InboxFilter::default(), cursor, 7).await.unwrap();
        paged.extend(page.entries);
        match page.next {
            // Over the wire and back.
            Some(next) => cursor = Some(next.to_string().parse().unwrap()),
            None => break,
        }
    }
    assert_eq!(paged, whole.entries);
}

async fn the_inbox_can_be_narrowed(g: Ground) {
    use countervail::domain::policy::Band;
    let ann = g.reviewer("ann", Role::Reviewer).await;
    g.send(&["flag 1", "urgent", "urgent"]).await;
    g.service.claim_next(&ann).await.unwrap().unwrap();
    let list =
        async |filter: InboxFilter| g.service.inbox(&ann, &filter, None, 10).await.unwrap().entries.len();
    assert_eq!(list(InboxFilter { band: Some(Band::Urgent), ..InboxFilter::default() }).await, 1);
    assert_eq!(list(InboxFilter { state: InboxState::Mine, ..InboxFilter::default() }).await, 1);
    assert_eq!(
        list(InboxFilter { source: Some("forum".parse().unwrap()), ..InboxFilter::default() }).await,
        0
    );
    let counts = g.service.inbox_counts(&ann).await.unwrap();
    assert_eq!(counts, InboxCounts { open: 2, mine: 1, claimed: 1, escalated: 0, decided: 0 });
}

async fn eight_reviewers_claim_two_hundred_jobs_once_each(g: Ground) {
    for _ in 0..2 {
        g.send(&["flag 1"; 100]).await;
    }
    let ann = g.reviewer("ann", Role::Reviewer).await;
    let mut claimers = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let (service, ann) = (g.service.clone(), ann.clone());
        claimers.spawn(async move {
            let mut got = Vec::new();
            while let Some(job) = service.claim_next(&ann).await.unwrap() {
                got.push(job.id);
            }
            got
        });
    }
    let got: Vec<ReviewJobId> = claimers.join_all().await.into_iter().flatten().collect();
    assert_eq!(got.len(), 200);
    assert_eq!(got.iter().collect::<BTreeSet<_>>().len(), 200);
    let claims = g.count("audit_events WHERE kind = 'job_claimed'").await;
    assert_eq!(claims, 200);
}

async fn a_job_is_claimed_decided_and_on_record(g: Ground) {
    let ann = g.reviewer("ann", Role::Reviewer).await;
    g.send(&["flag 1"]).await;
    let job = g.service.claim_next(&ann).await.unwrap().unwrap();
    assert_eq!(job.state, ReviewState::Claimed);
    let note = Note::parse("a remark").unwrap();
    let reason = Reason::ViolatesPolicy(Category::Recruitment);
    let new = NewDecision { decision: Decision::Confirm, reason, note };
    let recorded = g.service.decide(&ann, job.id, new).await.unwrap();
    let file = g.service.job(&ann, job.id).await.unwrap();
    assert_eq!(file.job.state, ReviewState::Decided);
    assert_eq!((file.job.claim, file.claimed_by), (None, None));
    assert!(file.job.decided_at.is_some());
    assert_eq!(file.decisions, [(recorded, "ann".to_owned())]);
    assert_eq!(file.moderation.unwrap().item_id, file.item.id);
    let events = g.service.audit_events(0, 100).await.unwrap();
    let last = &events.last().unwrap().entry;
    assert_eq!(last.kind, AuditKind::JobDecided);
    assert_eq!(last.detail["reason"], "violates_policy:extremism/recruitment");
    assert!(!format!("{events:?}").contains("remark"));
}

async fn moves_outside_the_table_are_refused(g: Ground) {
    let ann = g.reviewer("ann", Role::Reviewer).await;
    let ben = g.reviewer("ben", Role::Reviewer).await;
    let s = &g.service;
    g.send(&["flag 1"]).await;
    let id = s.inbox(&ann, &InboxFilter::default(), None, 1).await.unwrap().entries[0].job.id;
    assert!(matches!(s.decide(&ann, id, dismissal()).await, Err(Error::NotClaimed)));
    assert!(matches!(s.skip(&ann, id).await, Err(Error::NotClaimed)));
    s.claim(&ann, id).await.unwrap();
    assert_eq!(s.claim(&ann, id).await.unwrap().claim.unwrap().by, ann.id());
    assert!(matches!(s.claim(&ben, id).await, Err(Error::AlreadyClaimed { by }) if by == ann.id()));
    assert!(matches!(s.decide(&ben, id, dismissal()).await, Err(Error::AlreadyClaimed { .. })));
    assert!(matches!(s.skip(&ben, id).await, Err(Error::AlreadyClaimed { .. })));
    s.decide(&ann, id, dismissal()).await.unwrap();
    assert!(matches!(s.decide(&ann, id, dismissal()).await, Err(Error::IllegalTransition(_))));
    assert!(matches!(s.claim(&ben, id).await, Err(Error::IllegalTransition(_))));
    assert!(matches!(s.skip(&ann, id).await, Err(Error::IllegalTransition(_))));
    let unknown = ReviewJobId::from_uuid(uuid::Uuid::from_u128(1));
    assert!(matches!(s.claim(&ann, unknown).await, Err(Error::NotFound { .. })));
    assert_eq!(g.count("decisions").await, 1);
}

async fn a_skipped_job_is_open_again(g: Ground) {
    let ann = g.reviewer("ann", Role::Reviewer).await;
    g.send(&["flag 1"]).await;
    let job = g.service.claim_next(&ann).await.unwrap().unwrap();
    assert_eq!(g.service.claim_next(&ann).await.unwrap(), None);
    let skipped = g.service.skip(&ann, job.id).await.unwrap();
    assert_eq!((skipped.state, skipped.claim), (ReviewState::Open, None));
    assert_eq!(g.service.claim_next(&ann).await.unwrap().unwrap().id, job.id);
}

async fn a_claim_that_ran_out_is_open_to_others(g: Ground) {
    let ann = g.reviewer("ann", Role::Reviewer).await;
    let ben = g.reviewer("ben", Role::Reviewer).await;
    g.send(&["flag 1"]).await;
    let job = g.service.claim_next(&ann).await.unwrap().unwrap();
    g.clock.advance(g.service.limits().claim_ttl - Duration::from_secs(1));
    assert_eq!(g.service.claim_next(&ben).await.unwrap(), None);
    g.clock.advance(Duration::from_secs(1));
    assert!(matches!(g.service.decide(&ann, job.id, dismissal()).await, Err(Error::NotClaimed)));
    assert_eq!(g.service.claim_next(&ben).await.unwrap().unwrap().id, job.id);
    assert_eq!(g.count("audit_events WHERE kind = 'claim_expired' AND actor = 'system'").await, 1);
}

async fn only_a_lead_decides_what_was_escalated(g: Ground) {
    let ann = g.reviewer("ann", Role::Reviewer).await;
    let lea = g.reviewer("lea", Role::Lead).await;
    g.send(&["flag 1"]).await;
    let id = g.service.claim_next(&ann).await.unwrap().unwrap().id;
    g.service.decide(&ann, id, decision(Decision::Escalate, Reason::NeedsSenior)).await.unwrap();
    let refused = g.service.decide(&ann, id, dismissal()).await;
    assert!(matches!(refused, Err(Error::NotPermitted { needs: Permission::DecideEscalated })));
    g.service.decide(&lea, id, dismissal()).await.unwrap();
    let file = g.service.job(&ann, id).await.unwrap();
    assert_eq!(file.job.state, ReviewState::Decided);
    assert_eq!(file.decisions.len(), 2);
}

async fn reasons_must_fit(g: Ground) {
    let ann = g.reviewer("ann", Role::Reviewer).await;
    g.send(&["flag 1"]).await;
    let id = g.service.claim_next(&ann).await.unwrap().unwrap().id;
    let wrong = decision(Decision::Confirm, Reason::NewsOrReporting);
    assert!(matches!(g.service.decide(&ann, id, wrong).await, Err(Error::ReasonDoesNotFit { .. })));
    let silent = decision(Decision::Dismiss, Reason::Other);
    assert!(matches!(g.service.decide(&ann, id, silent).await, Err(Error::NoteMissing)));
}
