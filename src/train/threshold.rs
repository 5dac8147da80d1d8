//! Choosing thresholds on a part of the data that neither the weights nor the calibration saw.

#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a share of 0..=1 of a number of texts is a number of texts"
)]

use std::collections::BTreeMap;

use super::recipe::{Recipe, ThresholdRules};
use super::scoring::Scored;
use crate::domain::taxonomy::Category;
use crate::eval::intervals::binomial::at_least;

/// Thresholds of a bundle.
#[derive(Debug, Clone, PartialEq)]
pub struct Thresholds {
    pub review: f32,
    pub urgent: f32,
    /// In the order of [`Category::ALL`].
    pub categories: [f32; Category::COUNT],
}

/// Positives needed before a category's own F1 may move its threshold.
const MIN_POSITIVES: usize = 20;

/// The smallest thresholds that keep every panel's promise; a category's is raised to where its F1 is best.
#[must_use]
pub fn choose(recipe: &Recipe, scored: &[Scored]) -> Thresholds {
    let rules = &recipe.thresholds;
    let panels = Panels::of(recipe, scored);
    let review = panels.review_threshold(rules);
    let negatives: Vec<f32> =
        scored.iter().filter(|s| s.known_extremism == Some(false)).map(|s| s.extremism).collect();
    let allowed = (rules.urgent_fpr * negatives.len() as f64).floor() as usize;
    let urgent = above_all_but(negatives, allowed).max(review);
    let categories = Category::ALL.map(|category| {
        let i = category.index();
        let kept = panels.threshold(rules, |s| s.categories[i]);
        best_f1(scored, i).unwrap_or(0.5).max(kept)
    });
    Thresholds { review, urgent, categories }
}

struct Panels<'a> {
    /// One list for each source.
    plain: Vec<Vec<&'a Scored>>,
    hard: Vec<Vec<&'a Scored>>,
    review: Vec<Vec<&'a Scored>>,
}

impl<'a> Panels<'a> {
    fn of(recipe: &Recipe, scored: &'a [Scored]) -> Self {
        let members = |name: &String| -> Vec<&'a Scored> {
            scored.iter().filter(|s| recipe.sources[s.source].name == *name).collect()
        };
        let rules = &recipe.thresholds;
        Self {
            plain: rules.panels.iter().map(members).collect(),
            hard: rules.hard_panels.iter().map(members).collect(),
            review: rules.review_panels.iter().map(members).collect(),
        }
    }

    fn review_threshold(&self, rules: &ThresholdRules) -> f32 {
        let extremism = |s: &Scored| s.extremism;
        self.threshold(rules, extremism)
            .max(strictest(&self.review, rules.review_panel_fpr, &extremism))
            .max(rules.review_floor)
    }

    fn threshold(&self, rules: &ThresholdRules, value: impl Fn(&Scored) -> f32) -> f32 {
        let plain = strictest(&self.plain, rules.panel_fpr, &value);
        plain.max(strictest(&self.hard, rules.hard_panel_fpr, &value))
    }
}

/// The threshold at which all panels pooled have at most `share` flagged, and no panel by itself has more than chance
/// could make of that share. Held to the share itself, the smallest panels would decide: of fifty of sixty texts each,
/// some have two flags where 2 % allow one, whatever the threshold. Texts of one group count as one, so that one
/// failing template is one failure and not as many as it has fillings.
fn strictest(panels: &[Vec<&Scored>], share: f64, value: &impl Fn(&Scored) -> f32) -> f32 {
    let panels: Vec<Vec<f32>> = panels.iter().map(|panel| by_group(panel, value)).collect();
    let pool = panels.concat();
    let allowed = (share * pool.len() as f64).floor() as usize;
    let by_itself = panels.into_iter().map(|panel| {
        let n = panel.len();
        above_all_but(panel, by_chance(n, share))
    });
    by_itself.fold(above_all_but(pool, allowed), f32::max)
}

/// One number for each text without a group, and one for each group: its median, the upper one of two.
fn by_group(panel: &[&Scored], value: &impl Fn(&Scored) -> f32) -> Vec<f32> {
    let mut groups: BTreeMap<u64, Vec<f32>> = BTreeMap::new();
    let mut values = Vec::with_capacity(panel.len());
    for text in panel {
        match text.group {
            Some(group) => groups.entry(group).or_default().push(value(text)),
            None => values.push(value(text)),
        }
    }
    values.extend(groups.into_values().map(|mut group| {
        group.sort_unstable_by(f32::total_cmp);
        group[group.len() / 2]
    }));
    values
}

/// The most flags among `n` texts that a rate of `share` reaches more than once in twenty times.
fn by_chance(n: usize, share: f64) -> usize {
    (0..=n).take_while(|k| at_least(*k, n, share) > 0.05).last().unwrap_or(0)
}

/// The smallest number that at most `allowed` of `values` reach.
fn above_all_but(mut values: Vec<f32>, allowed: usize) -> f32 {
    values.sort_unstable_by(|a, b| b.total_cmp(a));
    // Scores end at 1; a threshold above that would never flag, so 1 is the strictest there is.
    values.get(allowed).map_or(0.0, |v| v.next_up().min(1.0))
}

/// The threshold with the best F1 among examples whose label is known.
fn best_f1(scored: &[Scored], category: usize) -> Option<f32> {
    let mut pairs: Vec<(f32, bool)> =
        scored.iter().filter_map(|s| s.known[category].map(|y| (s.categories[category], y))).collect();
    pairs.sort_unstable_by(|a, b| b.0.total_cmp(&a.0));
    let positives = pairs.iter().filter(|(_, y)| *y).count();
    if positives < MIN_POSITIVES {
        return None;
    }
    let (mut hits, mut best) = (0, (0.0, 0.5));
    for (i, (value, positive)) in pairs.iter().enumerate() {
        hits += usize::from(*positive);
        // Texts with the same score are flagged together.
        let last_of_ties = pairs.get(i + 1).is_none_or(|next| next.0 < *value);
        let f1 = 2.0 * hits as f64 / (i + 1 + positives) as f64;
        if last_of_ties && f1 > best.0 {
            best = (f1, *value);
        }
    }
    Some(best.1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn at_most_so_many_reach_the_threshold() {
        let values: Vec<f32> = (0..1000).map(|i| i as f32 / 1000.0).collect();
        for allowed in [0, 5, 10, 500] {
            let t = above_all_but(values.clone(), allowed);
            assert_eq!(values.iter().filter(|v| **v >= t).count(), allowed);
        }
        assert_eq!(above_all_but(vec![], 1).to_bits(), 0.0_f32.to_bits());
        assert_eq!(above_all_but(vec![1.0; 5], 0).to_bits(), 1.0_f32.to_bits());
    }

    #[test]
    fn a_panel_by_itself_may_have_what_chance_gives() {
        // Of 60 texts at 2 %: P(X ≥ 3) = 0.119, P(X ≥ 4) = 0.034.
        assert_eq!(by_chance(60, 0.02), 3);
        assert_eq!((by_chance(0, 0.02), by_chance(5, 0.005)), (0, 0));
        assert_eq!(by_chance(100, 0.0), 0);
    }

    #[test]
    fn fillings_of_one_template_count_as_one_text() {
        let scored = |extremism: f32, group: Option<u64>| Scored {
            categories: [0.0; Category::COUNT],
            extremism,
            known: [None; Category::COUNT],
            known_extremism: Some(false),
            source: 0,
            group,
        };
        let lone = [0.1, 0.3].map(|x| scored(x, None));
        let fillings = [0.9, 0.2, 0.7, 0.8].map(|x| scored(x, Some(7)));
        let panel: Vec<&Scored> = lone.iter().chain(&fillings).collect();
        assert_eq!(by_group(&panel, &|s| s.extremism), [0.1, 0.3, 0.8]);
        assert!(strictest(&[panel], 0.34, &|s| s.extremism) < 0.8);
    }

    #[test]
    fn review_panels_move_the_review_threshold_and_no_category() {
        let scored = |n: usize| -> Vec<Scored> {
            let score = |i: usize| i as f32 / n as f32;
            (0..n)
                .map(|i| Scored {
                    categories: [score(i); Category::COUNT],
                    extremism: score(i),
                    known: [Some(false); Category::COUNT],
                    known_extremism: Some(false),
                    source: 0,
                    group: None,
                })
                .collect()
        };
        let (news, posts) = (scored(1000), scored(1000));
        let news: Vec<&Scored> = news.iter().take(100).collect();
        let panels = Panels { plain: vec![news], hard: vec![], review: vec![posts.iter().collect()] };
        let rules = ThresholdRules {
            panel_fpr: 0.01,
            panels: vec![],
            hard_panel_fpr: 0.0,
            hard_panels: vec![],
            review_panel_fpr: 0.02,
            review_panels: vec![],
            review_floor: 0.0,
            urgent_fpr: 0.0,
        };
        let flagged = |t: f32| posts.iter().filter(|s| s.extremism >= t).count();
        assert_eq!(flagged(panels.review_threshold(&rules)), 20);
        let higher = ThresholdRules { review_floor: 0.99, ..rules.clone() };
        assert_eq!(flagged(panels.review_threshold(&higher)), 10);
        assert_eq!(
            flagged(panels.threshold(&rules, |s| s.categories[0])),
            901,
            "all but the news below 0.098"
        );
    }
}
