//! The chain is whole as written, and broken by whatever is done to it.

use countervail::service::audit::ChainCheck;

use crate::ground::{Ground, on_both_databases};

on_both_databases! {
    an_untouched_chain_is_whole
    a_changed_row_is_found
    a_missing_row_is_found
    a_cut_off_end_is_found
    an_unreadable_row_is_found
}

async fn five_rows(g: &Ground) {
    g.send(&["flag 1", "flag 2", "flag 3"]).await;
    g.send(&["flag 4", "flag 5"]).await;
}

async fn an_untouched_chain_is_whole(g: Ground) {
    assert!(matches!(g.service.verify_audit().await.unwrap(), ChainCheck::Whole { head } if head.seq == 0));
    five_rows(&g).await;
    assert!(matches!(g.service.verify_audit().await.unwrap(), ChainCheck::Whole { head } if head.seq == 5));
    let page = g.service.audit_events(3, 10).await.unwrap();
    assert_eq!(page.iter().map(|e| e.seq).collect::<Vec<_>>(), [4, 5]);
}

async fn a_changed_row_is_found(g: Ground) {
    five_rows(&g).await;
    for change in [
        "detail = REPLACE(detail, 'review', 'urgent')",
        "actor = 'system'",
        "at = '2026-03-01T12:00:00.000001Z'",
        "subject = 'x'",
    ] {
        let (column, _) = change.split_once(" = ").unwrap();
        g.execute("CREATE TABLE kept AS SELECT * FROM audit_events WHERE seq = 3").await;
        assert_eq!(g.execute(&format!("UPDATE audit_events SET {change} WHERE seq = 3")).await, 1);
        assert_eq!(g.service.verify_audit().await.unwrap(), ChainCheck::Broken { seq: 3 }, "{change}");
        g.execute(&format!("UPDATE audit_events SET {column} = (SELECT {column} FROM kept) WHERE seq = 3"))
            .await;
        g.execute("DROP TABLE kept").await;
    }
    assert!(matches!(g.service.verify_audit().await.unwrap(), ChainCheck::Whole { .. }));
}

async fn a_missing_row_is_found(g: Ground) {
    five_rows(&g).await;
    g.execute("DELETE FROM audit_events WHERE seq = 2").await;
    assert_eq!(g.service.verify_audit().await.unwrap(), ChainCheck::Broken { seq: 2 });
}

async fn a_cut_off_end_is_found(g: Ground) {
    five_rows(&g).await;
    g.execute("DELETE FROM audit_events WHERE seq > 3").await;
    assert_eq!(g.service.verify_audit().await.unwrap(), ChainCheck::Broken { seq: 4 });
}

async fn an_unreadable_row_is_found(g: Ground) {
    five_rows(&g).await;
    g.execute("UPDATE audit_events SET kind = 'nonsense' WHERE seq = 4").await;
    assert_eq!(g.service.verify_audit().await.unwrap(), ChainCheck::Broken { seq: 4 });
}
