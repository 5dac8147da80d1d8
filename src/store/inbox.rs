//! The inbox: jobs with what a reviewer needs to choose among them, paged by key.

use sqlx::any::AnyRow;

use crate::domain::id::{ReviewJobId, UserId};
use crate::domain::item::Source;
use crate::domain::policy::Band;
use crate::domain::review::{ReviewJob, ReviewState};
use crate::domain::taxonomy::Category;
use crate::store::Store;
use crate::store::codec::{Fields, count, score_out};
use crate::store::error::Error;
use crate::store::moderations::{flags, language};
use crate::store::review_jobs::{from_row, rank};

/// A job's place in the order of the inbox.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Position {
    pub(crate) band_rank: i64,
    pub(crate) report_count: i64,
    /// -1 when there is no score.
    pub(crate) score: f64,
    pub(crate) id: ReviewJobId,
}

impl Position {
    pub(crate) fn of(job: &ReviewJob) -> Self {
        Self {
            band_rank: rank(job.band),
            report_count: i64::from(job.report_count),
            score: score_out(job.score),
            id: job.id,
        }
    }
}

/// Which jobs to list.
#[derive(Debug, Clone)]
pub(crate) struct InboxQuery {
    pub(crate) state: ReviewState,
    pub(crate) claimed_by: Option<UserId>,
    pub(crate) band: Option<Band>,
    pub(crate) source: Option<Source>,
    pub(crate) after: Option<Position>,
    pub(crate) limit: usize,
}

/// One line of the inbox.
#[derive(Debug, Clone)]
pub(crate) struct InboxRow {
    pub(crate) job: ReviewJob,
    pub(crate) source: Option<Source>,
    pub(crate) language: Option<&'static str>,
    pub(crate) categories: Vec<Category>,
}

// Band, reports and score fall, age (the id) rises: no row comparison says that, so it is spelled out.
const PAGE: &str = "SELECT j.id, j.item_id, j.moderation_id, j.report_id, j.band_rank, j.score, j.report_count, \
    j.state, j.claimed_by, j.claimed_at, j.claim_expires_at, j.opened_at, j.decided_at, \
    i.source, m.language, m.categories \
    FROM review_jobs j JOIN items i ON i.id = j.item_id LEFT JOIN moderations m ON m.id = j.moderation_id \
    WHERE j.state = $1 AND ($2 IS NULL OR j.claimed_by = $2) AND ($3 IS NULL OR j.band_rank = $3) \
    AND ($4 IS NULL OR i.source = $4) \
    AND ($5 IS NULL OR j.band_rank < $5 OR (j.band_rank = $5 AND (j.report_count < $6 \
    OR (j.report_count = $6 AND (j.score < $7 OR (j.score = $7 AND j.id > $8)))))) \
    ORDER BY j.band_rank DESC, j.report_count DESC, j.score DESC, j.id LIMIT $9";
const COUNTS: &str = "SELECT state, COUNT(*) AS jobs FROM review_jobs GROUP BY state";
const COUNT_MINE: &str =
    "SELECT COUNT(*) AS jobs FROM review_jobs WHERE state = 'claimed' AND claimed_by = $1";

impl Store {
    pub(crate) async fn inbox(&self, query: &InboxQuery) -> Result<Vec<InboxRow>, Error> {
        let after = query.after.as_ref();
        let rows = sqlx::query(PAGE)
            .bind(query.state.id())
            .bind(query.claimed_by.map(|id| id.to_string()))
            .bind(query.band.map(rank))
            .bind(query.source.as_ref().map(ToString::to_string))
            .bind(after.map(|p| p.band_rank))
            .bind(after.map(|p| p.report_count))
            .bind(after.map_or(0.0, |p| p.score))
            .bind(after.map(|p| p.id.to_string()))
            .bind(count(query.limit))
            .fetch_all(&mut *self.read().await?)
            .await?;
        rows.iter().map(inbox_row).collect()
    }

    /// How many jobs are in each state; a state without jobs may be left out.
    pub(crate) async fn job_counts(&self) -> Result<Vec<(ReviewState, u64)>, Error> {
        let rows = sqlx::query(COUNTS).fetch_all(&mut *self.read().await?).await?;
        let pair = |row: &AnyRow| {
            let f = Fields::new(row, "review_jobs");
            Ok((f.parse("state")?, f.whole("jobs")?))
        };
        rows.iter().map(pair).collect()
    }

    pub(crate) async fn count_claims(&self, by: UserId) -> Result<u64, Error> {
        let row = sqlx::query(COUNT_MINE).bind(by.to_string()).fetch_one(&mut *self.read().await?).await?;
        Fields::new(&row, "review_jobs").whole("jobs")
    }
}

fn inbox_row(row: &AnyRow) -> Result<InboxRow, Error> {
    let f = Fields::new(row, "moderations");
    let assessed = f.optional_text("language")?.is_some();
    let applies = if assessed { flags(&f, "categories")? } else { [false; Category::COUNT] };
    Ok(InboxRow {
        job: from_row(row)?,
        source: f.optional("source")?,
        language: f
            .optional_text("language")?
            .map(|code| language(&code).ok_or_else(|| f.corrupt("language")))
            .transpose()?,
        categories: Category::ALL.into_iter().filter(|c| applies[c.index()]).collect(),
    })
}
