//! The table `review_jobs`: made once per item, moved by conditional updates only.

use sqlx::any::AnyRow;
use time::OffsetDateTime;

use crate::domain::id::{ReviewJobId, UserId};
use crate::domain::policy::Band;
use crate::domain::review::{Claim, JobOrigin, ReviewJob, ReviewState};
use crate::store::codec::{Fields, score_in, score_out, time_out};
use crate::store::error::Error;
use crate::store::{Store, Tx};

macro_rules! columns {
    () => {
        "id, item_id, moderation_id, report_id, band_rank, score, report_count, state, claimed_by, \
         claimed_at, claim_expires_at, opened_at, decided_at"
    };
}

macro_rules! insert {
    () => {
        concat!(
            "INSERT INTO review_jobs (",
            columns!(),
            ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)"
        )
    };
}

macro_rules! claim_next {
    ($lock:literal) => {
        concat!(
            "UPDATE review_jobs SET state = 'claimed', claimed_by = $1, claimed_at = $2, claim_expires_at = $3 \
             WHERE state = 'open' AND id = (SELECT id FROM review_jobs WHERE state = 'open' \
             ORDER BY band_rank DESC, report_count DESC, score DESC, id LIMIT 1",
            $lock,
            ") RETURNING ",
            columns!()
        )
    };
}

macro_rules! expire {
    ($lock:literal) => {
        concat!(
            "UPDATE review_jobs SET state = 'open', claimed_by = NULL, claimed_at = NULL, claim_expires_at = NULL \
             WHERE id IN (SELECT id FROM review_jobs WHERE state = 'claimed' AND claim_expires_at <= $1 \
             ORDER BY id",
            $lock,
            ") RETURNING ",
            columns!()
        )
    };
}

const INSERT: &str = insert!();
/// An item that already is before the reviewers gets one more report, and the band of the more urgent.
const INSERT_OR_COUNT: &str = concat!(
    insert!(),
    " ON CONFLICT (item_id) DO UPDATE SET report_count = review_jobs.report_count + 1, \
     band_rank = CASE WHEN excluded.band_rank > review_jobs.band_rank \
     THEN excluded.band_rank ELSE review_jobs.band_rank END RETURNING ",
    columns!()
);
const BY_ID: &str = concat!("SELECT ", columns!(), " FROM review_jobs WHERE id = $1");
const ANY_EXPIRED: &str =
    "SELECT id FROM review_jobs WHERE state = 'claimed' AND claim_expires_at <= $1 LIMIT 1";
const CLAIM_NEXT: (&str, &str) = (claim_next!(""), claim_next!(" FOR UPDATE SKIP LOCKED"));
const EXPIRE: (&str, &str) = (expire!(""), expire!(" FOR UPDATE SKIP LOCKED"));
const MOVE: &str = concat!(
    "UPDATE review_jobs SET state = $2, claimed_by = $3, claimed_at = $4, claim_expires_at = $5, decided_at = $6 \
     WHERE id = $1 AND state = $7 AND ($8 IS NULL OR (claimed_by = $8 AND claim_expires_at > $9)) RETURNING ",
    columns!()
);

/// A move of one job that happens only if the job still is as it was seen.
#[derive(Debug, Clone, Copy)]
pub(crate) struct JobMove {
    pub(crate) id: ReviewJobId,
    pub(crate) from: ReviewState,
    pub(crate) to: ReviewState,
    /// If given, this reviewer must hold a claim that has not run out.
    pub(crate) held_by: Option<UserId>,
    /// The claim that the job has afterwards.
    pub(crate) claim: Option<Claim>,
    pub(crate) now: OffsetDateTime,
}

impl Tx {
    /// [`Error::Conflict`] when the item has a job.
    pub(crate) async fn insert_job(&mut self, job: &ReviewJob) -> Result<(), Error> {
        bind_job(sqlx::query(INSERT), job).execute(self.conn()).await?;
        Ok(())
    }

    /// The job that the item has afterwards: this one, or the one it had, with one more report.
    pub(crate) async fn insert_job_or_count_report(&mut self, job: &ReviewJob) -> Result<ReviewJob, Error> {
        from_row(&bind_job(sqlx::query(INSERT_OR_COUNT), job).fetch_one(self.conn()).await?)
    }

    /// The most urgent open job, now claimed; no two callers get the same.
    pub(crate) async fn claim_next_job(&mut self, claim: Claim) -> Result<Option<ReviewJob>, Error> {
        let row = sqlx::query(self.dialect.choose(CLAIM_NEXT.0, CLAIM_NEXT.1))
            .bind(claim.by.to_string())
            .bind(time_out(claim.at))
            .bind(time_out(claim.expires_at))
            .fetch_optional(self.conn())
            .await?;
        row.as_ref().map(from_row).transpose()
    }

    /// `None` when the job is not, or no longer, where it would have to be.
    pub(crate) async fn move_job(&mut self, m: &JobMove) -> Result<Option<ReviewJob>, Error> {
        let row = sqlx::query(MOVE)
            .bind(m.id.to_string())
            .bind(m.to.id())
            .bind(m.claim.map(|c| c.by.to_string()))
            .bind(m.claim.map(|c| time_out(c.at)))
            .bind(m.claim.map(|c| time_out(c.expires_at)))
            .bind((m.to == ReviewState::Decided).then(|| time_out(m.now)))
            .bind(m.from.id())
            .bind(m.held_by.map(|id| id.to_string()))
            .bind(time_out(m.now))
            .fetch_optional(self.conn())
            .await?;
        row.as_ref().map(from_row).transpose()
    }

    /// Opens what was held until `now` or longer ago. Rows that somebody is moving are left to them.
    pub(crate) async fn expire_jobs(&mut self, now: OffsetDateTime) -> Result<Vec<ReviewJob>, Error> {
        let sql = self.dialect.choose(EXPIRE.0, EXPIRE.1);
        let rows = sqlx::query(sql).bind(time_out(now)).fetch_all(self.conn()).await?;
        rows.iter().map(from_row).collect()
    }
}

impl Store {
    pub(crate) async fn job(&self, id: ReviewJobId) -> Result<ReviewJob, Error> {
        let row = sqlx::query(BY_ID).bind(id.to_string()).fetch_one(&mut *self.read().await?).await?;
        from_row(&row)
    }

    /// Whether a claim has run out: asked without the write lock, since mostly none has.
    pub(crate) async fn has_expired_claim(&self, now: OffsetDateTime) -> Result<bool, Error> {
        let row =
            sqlx::query(ANY_EXPIRED).bind(time_out(now)).fetch_optional(&mut *self.read().await?).await?;
        Ok(row.is_some())
    }
}

type Query<'q> = sqlx::query::Query<'q, sqlx::Any, <sqlx::Any as sqlx::Database>::Arguments>;

fn bind_job<'q>(query: Query<'q>, job: &ReviewJob) -> Query<'q> {
    let report = match job.origin {
        JobOrigin::Report(id) => Some(id.to_string()),
        JobOrigin::Moderation(_) => None,
    };
    query
        .bind(job.id.to_string())
        .bind(job.item_id.to_string())
        .bind(job.moderation_id.map(|id| id.to_string()))
        .bind(report)
        .bind(rank(job.band))
        .bind(score_out(job.score))
        .bind(i64::from(job.report_count))
        .bind(job.state.id())
        .bind(job.claim.map(|c| c.by.to_string()))
        .bind(job.claim.map(|c| time_out(c.at)))
        .bind(job.claim.map(|c| time_out(c.expires_at)))
        .bind(time_out(job.opened_at))
        .bind(job.decided_at.map(time_out))
}

/// How a band sorts.
pub(super) const fn rank(band: Band) -> i64 {
    match band {
        Band::None => 0,
        Band::Review => 1,
        Band::Urgent => 2,
    }
}

pub(super) fn from_row(row: &AnyRow) -> Result<ReviewJob, Error> {
    let f = Fields::new(row, "review_jobs");
    let moderation_id = f.optional("moderation_id")?;
    let origin = match (f.optional("report_id")?, moderation_id) {
        (Some(report), _) => JobOrigin::Report(report),
        (None, Some(moderation)) => JobOrigin::Moderation(moderation),
        (None, None) => return Err(f.corrupt("moderation_id")),
    };
    let claim = match (
        f.optional("claimed_by")?,
        f.optional_time("claimed_at")?,
        f.optional_time("claim_expires_at")?,
    ) {
        (Some(by), Some(at), Some(expires_at)) => Some(Claim { by, at, expires_at }),
        _ => None,
    };
    let band = match f.whole::<i64>("band_rank")? {
        0 => Band::None,
        1 => Band::Review,
        2 => Band::Urgent,
        _ => return Err(f.corrupt("band_rank")),
    };
    Ok(ReviewJob {
        id: f.parse("id")?,
        item_id: f.parse("item_id")?,
        moderation_id,
        origin,
        band,
        score: score_in(f.float("score")?),
        report_count: f.whole("report_count")?,
        state: f.parse("state")?,
        claim,
        opened_at: f.time("opened_at")?,
        decided_at: f.optional_time("decided_at")?,
    })
}
