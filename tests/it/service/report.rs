//! Reports by people always bring an item before a reviewer.

use countervail::domain::id::ItemId;
use countervail::domain::policy::Band;
use countervail::domain::report::ReportReason;
use countervail::domain::review::{JobOrigin, ReviewState};
use countervail::domain::taxonomy::Category;
use countervail::domain::user::Role;
use countervail::service::access::ApiClient;
use countervail::service::error::Error;
use countervail::service::report::{NewReport, ReportedItem};

use crate::ground::{Ground, item, on_both_databases};

on_both_databases! {
    a_reported_item_goes_to_review_whatever_the_model_says
    reports_on_one_item_are_one_job
    a_flagged_item_that_is_reported_keeps_its_job
    what_was_not_kept_must_be_sent_again
    the_same_report_twice_counts_once
}

fn report(item: ReportedItem) -> NewReport {
    let reason = ReportReason::Category(Category::Recruitment);
    NewReport { item, reason, note: None, reporter: Some("someone".parse().unwrap()) }
}

async fn a_reported_item_goes_to_review_whatever_the_model_says(g: Ground) {
    let ann = g.reviewer("ann", Role::Reviewer).await;
    for text in ["hello there", "foreign"] {
        let new = report(ReportedItem::New(item(text)));
        let made = g.service.report(new, &ApiClient::keyless(), None).await.unwrap();
        let file = g.service.job(&ann, made.job_id).await.unwrap();
        assert_eq!((file.job.band, file.job.report_count), (Band::Review, 1));
        assert_eq!(file.job.origin, JobOrigin::Report(made.id));
        assert_eq!(file.item.text.kept().unwrap().as_str(), text);
        assert_eq!(file.reports, [made]);
        assert!(file.moderation.is_some());
    }
}

async fn reports_on_one_item_are_one_job(g: Ground) {
    let client = ApiClient::keyless();
    let first = g.service.report(report(ReportedItem::New(item("hello"))), &client, None).await.unwrap();
    for _ in 0..2 {
        let again = report(ReportedItem::Known(first.item_id));
        assert_eq!(g.service.report(again, &client, None).await.unwrap().job_id, first.job_id);
    }
    let ann = g.reviewer("ann", Role::Reviewer).await;
    let file = g.service.job(&ann, first.job_id).await.unwrap();
    assert_eq!((file.job.report_count, file.reports.len()), (3, 3));
    assert_eq!(file.job.state, ReviewState::Open);
}

async fn a_flagged_item_that_is_reported_keeps_its_job(g: Ground) {
    let flagged = g.send(&["urgent", "flag 1"]).await;
    let known = report(ReportedItem::Known(flagged[1].item_id));
    let made = g.service.report(known, &ApiClient::keyless(), None).await.unwrap();
    assert_eq!(g.count("review_jobs").await, 2);
    let ann = g.reviewer("ann", Role::Reviewer).await;
    let job = g.service.job(&ann, made.job_id).await.unwrap().job;
    assert_eq!((job.band, job.report_count), (Band::Review, 1));
    assert_eq!(job.origin, JobOrigin::Moderation(flagged[1].id));
}

async fn what_was_not_kept_must_be_sent_again(g: Ground) {
    let unflagged = g.send(&["hello"]).await;
    let client = ApiClient::keyless();
    let known = |id| report(ReportedItem::Known(id));
    let refused = g.service.report(known(unflagged[0].item_id), &client, None).await;
    assert!(matches!(refused, Err(Error::TextNotKept)));
    let nowhere = ItemId::from_uuid(uuid::Uuid::from_u128(1));
    let refused = g.service.report(known(nowhere), &client, None).await;
    assert!(matches!(refused, Err(Error::NotFound { what: "item" })));
}

async fn the_same_report_twice_counts_once(g: Ground) {
    let key = "report-1".parse().unwrap();
    let client = ApiClient::keyless();
    let new = report(ReportedItem::New(item("hello")));
    let first = g.service.report(new.clone(), &client, Some(&key)).await.unwrap();
    let second = g.service.report(new, &client, Some(&key)).await.unwrap();
    assert_eq!(first, second);
    assert_eq!(g.count("reports").await, 1);
}
