//! The table `reports`. There is no query by reporter, and there must be none.

use sqlx::any::AnyRow;

use crate::domain::id::{ReportId, ReviewJobId};
use crate::domain::report::Report;
use crate::store::codec::{Fields, text_out, time_out};
use crate::store::decisions::note;
use crate::store::error::Error;
use crate::store::{Store, Tx};

const INSERT: &str = "INSERT INTO reports (id, item_id, job_id, reason, note, reporter, created_at) \
    VALUES ($1, $2, $3, $4, $5, $6, $7)";
const BY_ID: &str =
    "SELECT id, item_id, job_id, reason, note, reporter, created_at FROM reports WHERE id = $1";
const OF_JOB: &str = "SELECT id, item_id, job_id, reason, note, reporter, created_at FROM reports WHERE job_id = $1 ORDER BY id";

impl Tx {
    pub(crate) async fn insert_report(&mut self, r: &Report) -> Result<(), Error> {
        sqlx::query(INSERT)
            .bind(r.id.to_string())
            .bind(r.item_id.to_string())
            .bind(r.job_id.to_string())
            .bind(r.reason.id())
            .bind(r.note.as_ref().map(|n| text_out(n.as_str()).into_owned()))
            .bind(r.reporter.as_ref().map(|p| p.as_str().to_owned()))
            .bind(time_out(r.at))
            .execute(self.conn())
            .await?;
        Ok(())
    }
}

impl Store {
    pub(crate) async fn report(&self, id: ReportId) -> Result<Report, Error> {
        let row = sqlx::query(BY_ID).bind(id.to_string()).fetch_one(&mut *self.read().await?).await?;
        from_row(&row)
    }

    /// Oldest first.
    pub(crate) async fn reports(&self, job: ReviewJobId) -> Result<Vec<Report>, Error> {
        let rows = sqlx::query(OF_JOB).bind(job.to_string()).fetch_all(&mut *self.read().await?).await?;
        rows.iter().map(from_row).collect()
    }
}

fn from_row(row: &AnyRow) -> Result<Report, Error> {
    let f = Fields::new(row, "reports");
    Ok(Report {
        id: f.parse("id")?,
        item_id: f.parse("item_id")?,
        job_id: f.parse("job_id")?,
        reason: f.parse("reason")?,
        note: note(&f)?,
        reporter: f.optional("reporter")?,
        at: f.time("created_at")?,
    })
}
