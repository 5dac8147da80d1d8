//! The report as a page: whole, sealed off from the network, and without a text.

use countervail::eval::report::html;
use countervail::eval::report::metric::Metric;

use crate::eval::bench::{Bench, labelled, scripted};
use crate::made_up;

const SECTIONS: [&str; 12] = [
    "card",
    "panels",
    "caught",
    "explorer",
    "functions",
    "bias",
    "languages",
    "comparison",
    "evidence",
    "errors",
    "sources",
    "reading",
];

#[test]
fn every_section_is_there_and_in_the_contents() {
    let page = html::render(&made_up::report());
    for id in SECTIONS {
        assert!(page.contains(&format!("<section id=\"{id}\"")), "{id} is missing");
        assert!(page.contains(&format!("<a href=\"#{id}\">")), "{id} is not in the contents");
    }
}

#[test]
fn equal_reports_give_equal_bytes() {
    assert_eq!(html::render(&made_up::report()), html::render(&made_up::report()));
    assert_eq!(html::card(&made_up::report()), html::card(&made_up::report()));
}

#[test]
fn nothing_is_fetched_and_nothing_runs_that_is_not_in_the_page() {
    for page in [html::render(&made_up::report()), html::card(&made_up::report())] {
        let (_, policy) = page.split_once("Content-Security-Policy\" content=\"").unwrap();
        let (policy, _) = policy.split_once('"').unwrap();
        assert!(policy.starts_with("default-src &#39;none&#39;; style-src &#39;sha256-"), "{policy}");
        for loose in ["unsafe", "http", "*", "data:"] {
            assert!(!policy.contains(loose), "{policy}");
        }
        for fetched in [" src=", "<link", "@import", "url(", "fetch(", "XMLHttp", "style=\""] {
            assert!(!page.contains(fetched), "`{fetched}` is in the page");
        }
    }
}

#[test]
fn names_from_files_stay_words() {
    let mut report = made_up::report();
    for name in [&mut report.subjects[0].name, &mut report.benchmarks[0].title] {
        *name = "<img src=x onerror=1>\"'</script>".to_owned();
    }
    let page = html::render(&report) + &html::card(&report);
    assert!(!page.contains("<img"), "a name became an element");
    assert_eq!(page.matches("</script>").count(), 2, "data and code, each ended once");
}

#[test]
fn ids_are_unlike_one_another() {
    let page = html::render(&made_up::report());
    let mut ids: Vec<&str> = page.split(" id=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    let all = ids.len();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), all);
}

#[test]
fn a_run_writes_a_page_without_texts_or_made_up_numbers() {
    let bench = Bench::new();
    let report = bench.run(&labelled(&bench), &mut scripted("a"), "out");
    let page = html::render(&report) + &html::card(&report);
    assert!(!page.contains("weighs"), "no text");
    for never in ["NaN", "inf%", "-0.0", "null", "undefined"] {
        assert!(!without_scripts(&page).contains(never), "`{never}` is on the page");
    }
}

#[test]
fn a_report_of_almost_nothing_is_still_a_page() {
    let mut report = made_up::report();
    report.subjects.truncate(1);
    report.comparisons.clear();
    report.left_out.clear();
    report.benchmarks.truncate(1);
    for b in &mut report.benchmarks {
        b.results.truncate(1);
        b.results[0].flagged = Metric::undefined(0, "no cases");
        b.results[0].flagged_of_scored = Metric::undefined(0, "no case got a score");
    }
    let page = html::render(&report);
    assert!(page.contains("nothing was scored"));
    for absent in ["explorer", "bias", "comparison", "evidence", "errors"] {
        assert!(!page.contains(&format!("<section id=\"{absent}\"")), "{absent} has nothing to show");
    }
}

#[test]
fn a_lay_person_sees_what_is_flagged_wrongly_and_on_whom() {
    let card = html::card(&made_up::report());
    for words in [
        "<th scope=\"row\">Chapters of novels</th><td class=\"n\">40 [7.1–195]</td>",
        "Group F (One sentence, many groups)",
        "answers that quote it (Functions of a made-up suite)",
        "Posts of a made-up forum, test split: extremism",
        "Arabic (6,392), Georgian (4)",
        "7 at Posts of a made-up forum, test split; 4 at 12 sets",
    ] {
        assert!(card.contains(words), "`{words}` is missing");
    }
    let words = card.split("</style>").nth(1).unwrap();
    for jargon in ["AUC", "F1", "BPSN", "Brier", "Wilson", "p-value"] {
        assert!(!words.contains(jargon), "{jargon} on the card");
    }
}

#[test]
fn worst_panels_stand_first() {
    let page = html::render(&made_up::report());
    let panels = page.split("<section id=\"panels\"").nth(1).unwrap();
    let at = |title: &str| panels.find(title).unwrap();
    assert!(at("Chapters of novels") < at("Speeches") && at("Speeches") < at("News in brief"));
    assert!(at("News in brief") < at("Devotional texts"), "what was not scored comes last");
}

#[test]
fn nobody_is_ranked_without_a_difference() {
    let page = html::render(&made_up::report());
    let comparison = page.split("<section id=\"comparison\"").nth(1).unwrap();
    assert!(comparison.contains("Better in 0 of 1 comparisons, worse in 0, no detectable difference in 1"));
    assert!(comparison.contains("&lt; 0.001") || comparison.contains("&#60; 0.001"), "a p-value is never 0");
}

/// The page without its code, which may speak of what the page must not show.
fn without_scripts(page: &str) -> String {
    page.split("<script>").map(|part| part.rsplit("</script>").next().unwrap_or(part)).collect()
}
