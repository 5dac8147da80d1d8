//! (bodies follow)

use crate::domain::id::ReviewJobId;

/// A job's place in the order of the inbox.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Position {
    pub band_rank: i64,
    pub report_count: i64,
    /// -1 when there is no score.
    pub score: f64,
    pub id: ReviewJobId,
}
