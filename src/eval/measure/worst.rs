//! The surest errors, by id only.

use crate::eval::manifest::Target;
use crate::eval::measure::Judged;
use crate::eval::report::metric::rounded;
use crate::eval::report::target::Case;

/// Cases of each kind.
const WORST: usize = 20;

/// False alarms by falling score and misses by rising score; equal scores in the order of the ids.
pub(super) fn worst(target: Target, judged: &[Judged<'_>]) -> (Vec<Case>, Vec<Case>) {
    let errors = |label: bool| {
        let mut wrong: Vec<(f32, &str)> = judged
            .iter()
            .filter(|(e, p)| target.label(e) == Some(label) && p.decision(target) != label)
            .filter_map(|(e, p)| Some((p.score(target)?, e.id.as_str())))
            .collect();
        wrong.sort_by(|a, b| {
            let by_score = if label { a.0.total_cmp(&b.0) } else { b.0.total_cmp(&a.0) };
            by_score.then_with(|| a.1.cmp(b.1))
        });
        wrong.truncate(WORST);
        wrong.into_iter().map(|(s, id)| Case { id: id.to_owned(), score: rounded(f64::from(s)) }).collect()
    };
    (errors(false), errors(true))
}
