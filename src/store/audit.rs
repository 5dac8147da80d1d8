//! The tables `audit_events` and `audit_head`: append and read; nothing here changes or deletes a row.

use std::collections::BTreeMap;

use sqlx::AnyConnection;
use sqlx::any::AnyRow;

use crate::domain::audit::{AuditEntry, AuditEvent, ChainHead};
use crate::store::codec::{Fields, count, time_out};
use crate::store::error::Error;
use crate::store::{Store, Tx};

// An update that changes nothing: it locks the row on PostgreSQL and gives the newest value, so that two
// transactions cannot both follow the same row. SQLite has one writer anyway.
const LOCK_HEAD: &str = "UPDATE audit_head SET seq = seq WHERE id = 1 RETURNING seq, hash";
const MOVE_HEAD: &str = "UPDATE audit_head SET seq = $1, hash = $2 WHERE id = 1";
const HEAD: &str = "SELECT seq, hash FROM audit_head WHERE id = 1";
const INSERT: &str = "INSERT INTO audit_events (seq, at, actor, kind, subject, detail, prev_hash, hash) \
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
const AFTER: &str = "SELECT seq, at, actor, kind, subject, detail, prev_hash, hash \
    FROM audit_events WHERE seq > $1 ORDER BY seq LIMIT $2";

impl Tx {
    /// Appends to the chain. The last thing to do in a transaction: from here on all others wait for it.
    pub(crate) async fn append_audit(&mut self, entries: Vec<AuditEntry>) -> Result<(), Error> {
        if entries.is_empty() {
            return Ok(());
        }
        let mut head = head(&sqlx::query(LOCK_HEAD).fetch_one(self.conn()).await?)?;
        for entry in entries {
            let event = AuditEvent::chain(head, entry);
            insert(self.conn(), &event).await?;
            head = event.head();
        }
        let seq = i64::try_from(head.seq).map_err(|_| Error::Other("the audit chain is full".to_owned()))?;
        sqlx::query(MOVE_HEAD).bind(seq).bind(head.hash.to_string()).execute(self.conn()).await?;
        Ok(())
    }
}

impl Store {
    pub(crate) async fn audit_head(&self) -> Result<ChainHead, Error> {
        head(&sqlx::query(HEAD).fetch_one(&mut *self.read().await?).await?)
    }

    /// Rows after `seq`, oldest first. One that cannot be read is [`Error::Corrupt`].
    pub(crate) async fn audit_after(&self, seq: u64, limit: usize) -> Result<Vec<AuditEvent>, Error> {
        let rows = sqlx::query(AFTER)
            .bind(i64::try_from(seq).unwrap_or(i64::MAX))
            .bind(count(limit))
            .fetch_all(&mut *self.read().await?)
            .await?;
        rows.iter().map(from_row).collect()
    }
}

async fn insert(conn: &mut AnyConnection, event: &AuditEvent) -> Result<(), Error> {
    let detail = serde_json::to_string(&event.entry.detail).expect("a map of strings is JSON");
    let seq = i64::try_from(event.seq).map_err(|_| Error::Other("the audit chain is full".to_owned()))?;
    sqlx::query(INSERT)
        .bind(seq)
        .bind(time_out(event.entry.at))
        .bind(event.entry.actor.to_string())
        .bind(event.entry.kind.id())
        .bind(event.entry.subject.as_str())
        .bind(detail)
        .bind(event.prev_hash.to_string())
        .bind(event.hash.to_string())
        .execute(conn)
        .await?;
    Ok(())
}

fn head(row: &AnyRow) -> Result<ChainHead, Error> {
    let f = Fields::new(row, "audit_head");
    Ok(ChainHead { seq: f.whole("seq")?, hash: f.parse("hash")? })
}

fn from_row(row: &AnyRow) -> Result<AuditEvent, Error> {
    let f = Fields::new(row, "audit_events");
    let detail: BTreeMap<String, String> =
        serde_json::from_str(&f.text("detail")?).map_err(|_| f.corrupt("detail"))?;
    Ok(AuditEvent {
        seq: f.whole("seq")?,
        entry: AuditEntry {
            at: f.time("at")?,
            actor: f.parse("actor")?,
            kind: f.parse("kind")?,
            subject: f.text("subject")?,
            detail,
        },
        prev_hash: f.parse("prev_hash")?,
        hash: f.parse("hash")?,
    })
}
