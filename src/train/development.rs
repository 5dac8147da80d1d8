//! What a finished model does with the development part: the texts that runs are compared by, so that no run is chosen
//! by a benchmark.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::recipe::Recipe;
use super::scoring::Scored;
use super::threshold::Thresholds;

/// Texts of one kind, and how many of them are at or above the review threshold.
#[derive(Debug, Clone, Copy, Default)]
struct Count {
    flagged: usize,
    of: usize,
}

impl Count {
    fn add(&mut self, flagged: bool) {
        self.of += 1;
        self.flagged += usize::from(flagged);
    }
}

/// One line for each source that labels `extremism`: of its texts that should be reviewed and of those that should not,
/// how many would be.
#[must_use]
pub fn table(recipe: &Recipe, scored: &[Scored], thresholds: &Thresholds) -> String {
    let mut sources: BTreeMap<usize, [Count; 2]> = BTreeMap::new();
    for text in scored {
        if let Some(positive) = text.known_extremism {
            let counts = sources.entry(text.source).or_default();
            counts[usize::from(positive)].add(text.extremism >= thresholds.review);
        }
    }
    let mut out = format!(
        "development part, at the review threshold {:.3}\n{:28} {:>13} {:>13}\n",
        thresholds.review, "source", "found", "false alarms"
    );
    for (source, [negatives, positives]) in sources {
        let share = |c: Count| {
            if c.of == 0 { String::new() } else { format!("{}/{}", c.flagged, c.of) }
        };
        let name = &recipe.sources[source].name;
        writeln!(out, "{name:28} {:>13} {:>13}", share(positives), share(negatives))
            .expect("a string takes it");
    }
    out
}
