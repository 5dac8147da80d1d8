//! The only wall clock of the service, and the only mint of ids.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use time::OffsetDateTime;
use uuid::{ContextV7, Timestamp, Uuid};

/// Tells the time and mints ids that sort by it.
#[derive(Clone)]
pub struct Clock {
    source: Source,
    /// Shared, so that ids minted within one millisecond still sort by when they were minted.
    order: Arc<Mutex<ContextV7>>,
}

#[derive(Clone)]
enum Source {
    System,
    Fixed(Arc<Mutex<OffsetDateTime>>),
}

impl Clock {
    /// The machine's clock.
    #[must_use]
    pub fn system() -> Self {
        Self { source: Source::System, order: Arc::default() }
    }

    /// A clock that stands still until [`Clock::advance`]: for tests.
    #[must_use]
    pub fn fixed(at: OffsetDateTime) -> Self {
        Self { source: Source::Fixed(Arc::new(Mutex::new(at))), order: Arc::default() }
    }

    /// Moves a fixed clock, and all its clones, forward. A system clock moves by itself.
    pub fn advance(&self, by: Duration) {
        if let Source::Fixed(at) = &self.source {
            *at.lock().unwrap_or_else(PoisonError::into_inner) += by;
        }
    }

    /// Now, in whole microseconds, UTC: what both databases can hold and the audit chain hashes.
    #[must_use]
    pub fn now(&self) -> OffsetDateTime {
        let now = match &self.source {
            Source::System => OffsetDateTime::now_utc(),
            Source::Fixed(at) => *at.lock().unwrap_or_else(PoisonError::into_inner),
        };
        now.replace_microsecond(now.microsecond()).expect("its own microsecond is in range")
    }

    /// A new UUIDv7.
    #[must_use]
    pub(crate) fn mint(&self) -> Uuid {
        let now = self.now();
        let seconds = u64::try_from(now.unix_timestamp()).unwrap_or(0);
        let order = self.order.lock().unwrap_or_else(PoisonError::into_inner);
        Uuid::new_v7(Timestamp::from_unix(&*order, seconds, now.nanosecond()))
    }
}

impl std::fmt::Debug for Clock {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let kind = match self.source {
            Source::System => "system",
            Source::Fixed(_) => "fixed",
        };
        f.debug_tuple("Clock").field(&kind).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fixed_clock_moves_only_when_told() {
        let clock = Clock::fixed(OffsetDateTime::UNIX_EPOCH);
        assert_eq!(clock.now(), OffsetDateTime::UNIX_EPOCH);
        clock.clone().advance(Duration::from_secs(5));
        assert_eq!(clock.now().unix_timestamp(), 5);
    }

    #[test]
    fn ids_sort_by_when_they_were_minted() {
        for clock in [Clock::system(), Clock::fixed(OffsetDateTime::UNIX_EPOCH + Duration::from_secs(9))] {
            let ids: Vec<Uuid> = (0..1000).map(|_| clock.mint()).collect();
            assert!(ids.is_sorted(), "{clock:?}");
        }
    }
}
