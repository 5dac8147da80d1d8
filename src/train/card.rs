//! The model card, written from facts: nothing in it is typed by hand but what the recipe's `[card]` says.

use std::fmt::Write as _;

use super::base::BaseFiles;
use super::calibrate::MIN_OF_EACH;
use super::corpus::{Corpus, Encoded};
use super::recipe::Recipe;
use super::scoring::Scored;
use super::threshold::Thresholds;
use crate::data::split::Part;
use crate::domain::taxonomy::Category;
use crate::inference::calibration::Calibration;
use crate::inference::candle::embedding::Embedding;
use crate::inference::cascade::file::{CascadeFile, Retained, TermsLine};
use crate::inference::correction::Correction;

/// What the card is written from.
#[derive(Debug)]
pub struct Facts<'a> {
    pub recipe: &'a Recipe,
    pub base: &'a BaseFiles,
    pub corpus: &'a Corpus,
    pub calibration: &'a Calibration,
    pub thresholds: &'a Thresholds,
    /// The threshold part with its scores.
    pub scored: &'a [Scored],
}

/// The card as Markdown.
#[must_use]
pub fn write(facts: &Facts<'_>) -> String {
    let recipe = facts.recipe;
    let mut out = format!("# Model card: {}\n\n{}\n", recipe.name, recipe.card.summary);
    list(&mut out, "Meant for", &recipe.card.intended_use);
    list(&mut out, "Not meant for", &recipe.card.not_for);
    list(&mut out, "Known to fail", &recipe.card.known_failures);
    made_from(&mut out, facts);
    operating_point(&mut out, facts);
    calibration(&mut out, facts);
    sources(&mut out, facts);
    out
}

fn list(out: &mut String, title: &str, items: &[String]) {
    let _ = writeln!(out, "\n## {title}\n");
    for item in items {
        let _ = writeln!(out, "- {item}");
    }
}

fn made_from(out: &mut String, facts: &Facts<'_>) {
    let (recipe, fit) = (facts.recipe, &facts.recipe.fit);
    let _ = writeln!(
        out,
        "\n## Made from\n\n\
         Base: `{}` ({}), weights SHA-256 `{}`. Fine-tuned by `countervail train` from `recipe.toml` in this folder: \
         {} examples seen {} times, {} a step, up to {} tokens each, seed {}. Languages: {}.\n\n\
         The weights are stored in half precision{}; calibration and thresholds were fitted to them as stored.",
        recipe.base.hub,
        recipe.base.licence,
        facts.base.digest,
        facts.corpus.fit.len(),
        fit.passes,
        fit.batch,
        recipe.encoder.train_tokens,
        recipe.seed,
        recipe.encoder.languages.join(", "),
        match recipe.encoder.embedding {
            Embedding::F16 => "",
            Embedding::Int8 => ", the word table in 8 bits with a scale for each word",
        },
    );
}

fn operating_point(out: &mut String, facts: &Facts<'_>) {
    let Thresholds { review, urgent, categories } = facts.thresholds;
    let _ = writeln!(
        out,
        "\n## Operating point\n\n\
         A text goes to review when `extremism` is at least {review:.4}, urgently at {urgent:.4}. The thresholds were \
         chosen on {} held-out texts so that at most {} % of each panel, and {} % of counter-narratives, reach review. \
         What follows is counted on those same texts: it is how the thresholds were chosen, not how well the model \
         does. For that see the report of the evaluation harness.\n",
        facts.scored.len(),
        100.0 * facts.recipe.thresholds.panel_fpr,
        100.0 * facts.recipe.thresholds.hard_panel_fpr,
    );
    let rules = &facts.recipe.thresholds;
    if !rules.review_panels.is_empty() {
        let _ = writeln!(
            out,
            "At most {} % of each of these: {}. Their other categories set no threshold.\n",
            100.0 * rules.review_panel_fpr,
            rules.review_panels.join(", ")
        );
    }
    let _ = writeln!(out, "| source | texts | to review |\n|---|---:|---:|");
    for (i, source) in facts.recipe.sources.iter().enumerate() {
        let of: Vec<&Scored> = facts.scored.iter().filter(|s| s.source == i).collect();
        let flagged = of.iter().filter(|s| s.extremism >= *review).count();
        let _ = writeln!(out, "| {} | {} | {} |", source.name, of.len(), flagged);
    }
    let _ = writeln!(
        out,
        "\n| category | threshold | labelled positive | of these at the threshold | labelled negative | of these at the threshold |\n\
         |---|---:|---:|---:|---:|---:|"
    );
    for category in Category::ALL {
        let i = category.index();
        let count = |label: bool, only_flagged: bool| {
            let known = facts.scored.iter().filter(|s| s.known[i] == Some(label));
            known.filter(|s| !only_flagged || s.categories[i] >= categories[i]).count()
        };
        let _ = writeln!(
            out,
            "| {category} | {:.4} | {} | {} | {} | {} |",
            categories[i],
            count(true, false),
            count(true, true),
            count(false, false),
            count(false, true)
        );
    }
    let positives: Vec<&Scored> = facts.scored.iter().filter(|s| s.known_extremism == Some(true)).collect();
    let found = positives.iter().filter(|s| s.extremism >= *review).count();
    let _ = writeln!(
        out,
        "\nOf {} texts labelled as ones a person should see, {found} go to review.",
        positives.len()
    );
}

fn calibration(out: &mut String, facts: &Facts<'_>) {
    let examples = &facts.corpus.calibration;
    let _ = writeln!(
        out,
        "\n## Calibration\n\n\
         Fitted on {} further held-out texts; a score is a probability on a mix like theirs, not on a platform where \
         such texts are rare. A category with fewer than {MIN_OF_EACH} texts of either kind keeps its raw score.\n\n\
         | category | positive | negative | slope | offset | weight in `extremism` |\n|---|---:|---:|---:|---:|---:|",
        examples.len(),
    );
    for category in Category::ALL {
        let i = category.index();
        let count =
            |label| examples.iter().filter(|e: &&Encoded| e.target.categories[i] == Some(label)).count();
        let (slope, offset) = cells(&facts.calibration.categories[i]);
        let weight = facts.calibration.combination.weights[i];
        let (positive, negative) = (count(true), count(false));
        let _ = writeln!(out, "| {category} | {positive} | {negative} | {slope} | {offset} | {weight:.3} |");
    }
}

fn cells(correction: &Correction) -> (String, String) {
    match correction {
        Correction::Platt(platt) => (format!("{:.3}", platt.slope), format!("{:.3}", platt.offset)),
        Correction::Isotonic(_) => ("a curve".to_owned(), "–".to_owned()),
    }
}

fn sources(out: &mut String, facts: &Facts<'_>) {
    let _ = writeln!(
        out,
        "\n## Sources and licences\n\n\
         Texts near an evaluation text were left out (\"purged\"). None of the texts is in this folder.\n\n\
         | source | licence | SHA-256 | kept | purged | {} |\n|---|---|---|---:|---:|{}",
        Part::ALL.map(Part::id).join(" | "),
        "---:|".repeat(Part::ALL.len())
    );
    for (source, count) in facts.recipe.sources.iter().zip(&facts.corpus.counts) {
        let digest = source.sha256.as_deref().map_or("–", |d| &d[..12.min(d.len())]);
        let parts = count.parts.map(|n| n.to_string()).join(" | ");
        let _ = writeln!(
            out,
            "| {} | {} | `{digest}` | {} | {} | {parts} |",
            source.name, source.licence, count.kept, count.purged
        );
    }
}

/// Opens the section of the first stage.
const FIRST_STAGE: &str = "\n## First stage\n";

/// A card with what there is to know of the bundle's first stage, in the place of what it said of an earlier one.
#[must_use]
pub fn with_first_stage(card: &str, file: &CascadeFile) -> String {
    let mut out = without_first_stage(card);
    let TermsLine { retained, retained_named, confidence, tested } = file.terms;
    let _ = writeln!(
        out,
        "{FIRST_STAGE}\n\
         A linear model reads every text before the encoder does and answers, alone, for texts in which it sees nothing. It \
         was fitted to what the encoder says of {} texts of the fit part ({} with something to say) and certified on {} \
         further texts, no two alike, that neither it nor the encoder was fitted to: of the texts that the encoder flags, at \
         least {:.1} % get past it, and {:.1} % of those that it flags or names a category of, with {:.0} % confidence for all \
         {tested} certified buckets together, for texts like these. Where that could not be shown, all texts go to the \
         encoder. On other traffic measure it: `countervail cascade verify`. `model.cascade = \"off\"` switches it off.\n",
        file.taught.texts,
        file.taught.said,
        file.taught.calibration,
        100.0 * retained,
        100.0 * retained_named,
        100.0 * confidence,
    );
    let _ = writeln!(
        out,
        "| language | characters | texts | stopped | flagged by the encoder | of these kept | at least | named by it | of these kept | at least |\n\
         |---|---|---:|---:|---:|---:|---:|---:|---:|---:|"
    );
    for bucket in &file.buckets {
        let below = bucket.below.map_or_else(|| "and more".to_owned(), |below| format!("to {}", below - 1));
        let bound =
            |r: &Retained| bucket.threshold.map_or_else(|| "–".to_owned(), |_| format!("{:.4}", r.bound));
        let (flagged, said) = (&bucket.flagged, &bucket.said);
        let _ = writeln!(
            out,
            "| {} | {} {below} | {} | {} | {} | {} | {} | {} | {} | {} |",
            bucket.language,
            bucket.from,
            bucket.texts,
            bucket.stopped,
            flagged.texts,
            flagged.kept,
            bound(flagged),
            said.texts,
            said.kept,
            bound(said)
        );
    }
    out
}

/// A card without the section of a first stage.
#[must_use]
pub fn without_first_stage(card: &str) -> String {
    let Some(begin) = card.find(FIRST_STAGE) else { return card.to_owned() };
    let after = &card[begin + FIRST_STAGE.len()..];
    let rest = after.find("\n## ").map_or("", |end| &after[end..]);
    format!("{}{rest}", &card[..begin])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inference::cascade::file::{BucketLine, Taught};

    fn file(kept: usize) -> CascadeFile {
        let retained = Retained { texts: 500, kept, bound: 0.9912 };
        CascadeFile {
            version: 1,
            features: 8,
            scale: 1.0,
            bias: 0.0,
            platt: [1.0, 0.0],
            lengths: Vec::new(),
            fits: std::collections::BTreeMap::new(),
            arithmetic: crate::inference::candle::serving::Arithmetic::F32,
            terms: TermsLine { retained: 0.99, retained_named: 0.98, confidence: 0.95, tested: 1 },
            taught: Taught { texts: 9000, said: 700, calibration: 2000 },
            buckets: vec![BucketLine {
                language: "eng".to_owned(),
                from: 0,
                below: None,
                threshold: Some(-1.0),
                texts: 2000,
                stopped: 800,
                flagged: retained,
                said: retained,
            }],
        }
    }

    #[test]
    fn a_first_stage_has_one_section_however_often_it_is_made() {
        let card = "# Model card\n\n## Made from\n\nthis and that\n";
        let once = with_first_stage(card, &file(499));
        assert!(once.contains("| eng | 0 and more | 2000 | 800 | 500 | 499 | 0.9912 |"), "{once}");
        assert!(
            once.contains("at least 99.0 % get past it, and 98.0 %") && once.contains("95 % confidence"),
            "{once}"
        );
        let twice = with_first_stage(&format!("{once}\n## A promise\n\nkept\n"), &file(500));
        assert_eq!(twice.matches("## First stage").count(), 1);
        assert!(twice.contains("| 500 | 500 |") && !twice.contains("| 500 | 499 |"), "{twice}");
        assert!(twice.contains("## A promise\n\nkept"), "{twice}");
        assert_eq!(without_first_stage(&once), card);
    }
}
