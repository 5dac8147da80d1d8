//! The table `decisions`: what people decided. Rows are added and never changed.

use sqlx::any::AnyRow;

use crate::domain::id::ReviewJobId;
use crate::domain::review::{Note, RecordedDecision};
use crate::store::codec::{Fields, text_out, time_out};
use crate::store::error::Error;
use crate::store::{Store, Tx};

const INSERT: &str = "INSERT INTO decisions (id, job_id, user_id, decision, reason, note, created_at) \
    VALUES ($1, $2, $3, $4, $5, $6, $7)";
const OF_JOB: &str = "SELECT d.id, d.job_id, d.user_id, d.decision, d.reason, d.note, d.created_at, u.name \
    FROM decisions d JOIN users u ON u.id = d.user_id WHERE d.job_id = $1 ORDER BY d.id";

impl Tx {
    pub(crate) async fn insert_decision(&mut self, d: &RecordedDecision) -> Result<(), Error> {
        sqlx::query(INSERT)
            .bind(d.id.to_string())
            .bind(d.job_id.to_string())
            .bind(d.by.to_string())
            .bind(d.decision.id())
            .bind(d.reason.id())
            .bind(d.note.as_ref().map(|n| text_out(n.as_str()).into_owned()))
            .bind(time_out(d.at))
            .execute(self.conn())
            .await?;
        Ok(())
    }
}

impl Store {
    /// Oldest first, each with the name of whoever decided.
    pub(crate) async fn decisions(&self, job: ReviewJobId) -> Result<Vec<(RecordedDecision, String)>, Error> {
        let rows = sqlx::query(OF_JOB).bind(job.to_string()).fetch_all(&mut *self.read().await?).await?;
        rows.iter().map(from_row).collect()
    }
}

fn from_row(row: &AnyRow) -> Result<(RecordedDecision, String), Error> {
    let f = Fields::new(row, "decisions");
    let decision = RecordedDecision {
        id: f.parse("id")?,
        job_id: f.parse("job_id")?,
        by: f.parse("user_id")?,
        decision: f.parse("decision")?,
        reason: f.parse("reason")?,
        note: note(&f)?,
        at: f.time("created_at")?,
    };
    Ok((decision, f.text("name")?))
}

/// The column `note` of `decisions` and `reports`.
pub(super) fn note(f: &Fields<'_>) -> Result<Option<Note>, Error> {
    let stored = f.free_text("note")?.unwrap_or_default();
    Note::parse(&stored).map_err(|_| f.corrupt("note"))
}
