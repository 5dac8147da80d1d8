//! How our types are written into TEXT, BIGINT and DOUBLE PRECISION, and read back.

use std::borrow::Cow;
use std::str::FromStr;

use sqlx::Row as _;
use sqlx::any::AnyRow;
use time::format_description::BorrowedFormatItem;
use time::macros::format_description;
use time::{OffsetDateTime, PrimitiveDateTime, UtcOffset};

use crate::domain::score::Score;
use crate::store::error::Error;

const TIME: &[BorrowedFormatItem<'_>] =
    format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:6]Z");

/// Fixed width, so that times sort as text: `2026-01-02T03:04:05.000006Z`.
pub(super) fn time_out(at: OffsetDateTime) -> String {
    at.to_offset(UtcOffset::UTC).format(&TIME).expect("every part of the format is part of the type")
}

fn time_in(s: &str) -> Option<OffsetDateTime> {
    PrimitiveDateTime::parse(s, &TIME).ok().map(PrimitiveDateTime::assume_utc)
}

/// Stands before `0` for a NUL, which PostgreSQL cannot hold, and before `1` for itself. A noncharacter
/// of Unicode: it does not occur in texts of people.
const ESCAPE: char = '\u{10FFFE}';

/// A text of any origin, in a form that both databases hold.
pub(super) fn text_out(s: &str) -> Cow<'_, str> {
    if !s.contains(['\0', ESCAPE]) {
        return Cow::Borrowed(s);
    }
    let mut out = String::with_capacity(s.len() + 8);
    for c in s.chars() {
        match c {
            '\0' => out.extend([ESCAPE, '0']),
            ESCAPE => out.extend([ESCAPE, '1']),
            c => out.push(c),
        }
    }
    Cow::Owned(out)
}

/// What [`text_out`] was given; `None` when it never gives this.
pub(super) fn text_in(s: String) -> Option<String> {
    if !s.contains(ESCAPE) {
        return Some(s);
    }
    let mut out = String::with_capacity(s.len());
    let mut chars = s.chars();
    while let Some(c) = chars.next() {
        match (c, c == ESCAPE) {
            (c, false) => out.push(c),
            (_, true) => out.push(match chars.next()? {
                '0' => '\0',
                '1' => ESCAPE,
                _ => return None,
            }),
        }
    }
    Some(out)
}

/// One row of one table, read column by column. Errors name the column and never its value.
pub(super) struct Fields<'r> {
    pub(super) row: &'r AnyRow,
    pub(super) table: &'static str,
}

impl<'r> Fields<'r> {
    pub(super) const fn new(row: &'r AnyRow, table: &'static str) -> Self {
        Self { row, table }
    }

    pub(super) fn corrupt(&self, column: &str) -> Error {
        Error::Corrupt { table: self.table, column: column.to_owned() }
    }

    fn get<T>(&self, column: &str) -> Result<T, Error>
    where
        T: sqlx::Decode<'r, sqlx::Any> + sqlx::Type<sqlx::Any>,
    {
        self.row.try_get(column).map_err(|_| self.corrupt(column))
    }

    pub(super) fn text(&self, column: &str) -> Result<String, Error> {
        self.get(column)
    }

    pub(super) fn optional_text(&self, column: &str) -> Result<Option<String>, Error> {
        self.get(column)
    }

    /// What was written with [`text_out`].
    pub(super) fn free_text(&self, column: &str) -> Result<Option<String>, Error> {
        self.optional_text(column)?.map(|s| text_in(s).ok_or_else(|| self.corrupt(column))).transpose()
    }

    pub(super) fn parse<T: FromStr>(&self, column: &str) -> Result<T, Error> {
        self.text(column)?.parse().map_err(|_| self.corrupt(column))
    }

    pub(super) fn optional<T: FromStr>(&self, column: &str) -> Result<Option<T>, Error> {
        self.optional_text(column)?.map(|s| s.parse().map_err(|_| self.corrupt(column))).transpose()
    }

    pub(super) fn time(&self, column: &str) -> Result<OffsetDateTime, Error> {
        time_in(&self.text(column)?).ok_or_else(|| self.corrupt(column))
    }

    pub(super) fn optional_time(&self, column: &str) -> Result<Option<OffsetDateTime>, Error> {
        self.optional_text(column)?.map(|s| time_in(&s).ok_or_else(|| self.corrupt(column))).transpose()
    }

    pub(super) fn whole<T: TryFrom<i64>>(&self, column: &str) -> Result<T, Error> {
        self.get::<i64>(column)?.try_into().map_err(|_| self.corrupt(column))
    }

    pub(super) fn optional_whole<T: TryFrom<i64>>(&self, column: &str) -> Result<Option<T>, Error> {
        self.get::<Option<i64>>(column)?.map(|n| n.try_into().map_err(|_| self.corrupt(column))).transpose()
    }

    pub(super) fn float(&self, column: &str) -> Result<f64, Error> {
        self.get(column)
    }
}

/// A score as a DOUBLE PRECISION; -1 for none, which sorts below every score.
///
/// Not NULL: sqlx 0.9.0 sends a NULL double to PostgreSQL as a `float4`, and the statement, prepared so,
/// then refuses every double. The same holds for parameters: bind a number, always.
pub(super) fn score_out(score: Option<Score>) -> f64 {
    score.map_or(-1.0, |s| f64::from(s.get()))
}

/// What [`score_out`] was given.
#[expect(clippy::cast_possible_truncation, reason = "it was an f32 before it was written")]
pub(super) fn score_in(stored: f64) -> Option<Score> {
    Score::new(stored as f32).ok()
}

/// A count as a BIGINT. Ours are far below its limit; one that is not is written as the limit.
pub(super) fn count(n: usize) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use time::macros::datetime;

    use super::*;

    #[test]
    fn times_have_one_width() {
        let at = datetime!(2026-01-02 03:04:05.000006 UTC);
        assert_eq!(time_out(at), "2026-01-02T03:04:05.000006Z");
        assert_eq!(time_in(&time_out(at)), Some(at));
        assert_eq!(time_in("yesterday"), None);
    }

    proptest! {
        #[test]
        fn any_text_comes_back(parts in prop::collection::vec(
            prop_oneof![any::<char>(), Just('\0'), Just(ESCAPE), Just('0')], 0..20,
        )) {
            let text: String = parts.into_iter().collect();
            let stored = text_out(&text).into_owned();
            prop_assert!(!stored.contains('\0'));
            prop_assert_eq!(text_in(stored), Some(text));
        }
    }
}
