//! The evaluation report in a real browser: it opens from a disk, asks nobody for anything, its explorer counts as
//! the report does, and it shows texts only to those who have them.

use std::collections::BTreeMap;
use std::path::Path;

use countervail::data::digest::sha256;
use countervail::eval::report::EvalReport;
use countervail::eval::report::html;
use countervail::eval::report::target::{CurvePoint, TargetReport};
use serde_json::json;

use crate::browser::{Browser, END, ENTER, HOME, RIGHT, Scripts};
use crate::pictures::keep;
use crate::{ONE_AT_A_TIME, in_both_themes, made_up};

/// Opens every fold, as a reader may.
const UNFOLD: &str = "document.querySelectorAll('details').forEach(d => { d.open = true; }); return true;";

/// A report on a disk; its address.
fn written(folder: &Path, name: &str, page: &str) -> String {
    let path = folder.join(name);
    fs_err::write(&path, page).expect("writable");
    format!("file://{}", path.display())
}

/// What the explorer begins with.
fn extremism(report: &EvalReport) -> &TargetReport {
    let targets = report.benchmarks.iter().flat_map(|b| &b.own().targets);
    targets.into_iter().find(|t| t.target == "extremism").expect("the made-up report has one")
}

/// The explorer's four counts, in the order TP, FP, FN, TN.
async fn counts(browser: &Browser) -> [usize; 4] {
    let script = "return ['tp', 'fp', 'fn', 'tn'].map(id => \
        Number(document.getElementById(`explorer-${id}`).textContent.replaceAll(',', '')));";
    browser.ask(script).await
}

async fn shown(browser: &Browser, id: &str) -> String {
    browser.ask(&format!("return document.getElementById('explorer-{id}').textContent")).await
}

#[tokio::test]
async fn the_explorer_counts_as_the_report_does() {
    let _turn = ONE_AT_A_TIME.lock().await;
    let report = made_up::report();
    let folder = tempfile::tempdir().expect("a temporary folder");
    let address = written(folder.path(), "report.html", &html::render(&report));
    let browser = Browser::open(Scripts::On).await;
    browser.go(&address).await;
    browser.wait_for("Evaluation of made-up").await;

    let t = extremism(&report);
    let shipped = [t.true_positives, t.false_positives, t.false_negatives, t.true_negatives];
    assert_eq!(counts(&browser).await, shipped);
    assert_eq!(shown(&browser, "at").await, "0.5000, as shipped");
    for (id, metric) in [("recall", "recall"), ("fpr", "false_positive_rate"), ("precision", "precision")] {
        let m = &t.metrics[metric];
        let percent = |x: Option<f64>| format!("{:.1}", 100.0 * x.expect("a rate"));
        let expected = format!("{} % [{}–{}]", percent(m.value), percent(m.low), percent(m.high));
        assert_eq!(shown(&browser, id).await, expected, "{id}");
    }

    browser.tab_to("Threshold: flags").await;
    browser.press(&RIGHT.repeat(5)).await;
    let stricter = counts(&browser).await;
    let flags_less = |p: &&CurvePoint| p.true_positives + p.false_positives < shipped[0] + shipped[1];
    let above: Vec<_> = t.curve.iter().filter(flags_less).collect();
    let fifth = above[above.len() - 5];
    assert_eq!(stricter[..2], [fifth.true_positives, fifth.false_positives]);
    assert_eq!((stricter[0] + stricter[2], stricter[1] + stricter[3]), (t.positives, t.negatives));
    browser.press(HOME).await;
    assert_eq!(
        counts(&browser).await,
        [t.positives, t.negatives, 0, 0],
        "the lowest threshold flags everything"
    );
    let all = shown(&browser, "says").await;
    assert!(
        all.starts_with("Of 10,000 posts at 1 % positive, 10,000 go to review, 100 of them rightly; 0.0"),
        "{all}"
    );
    browser.press(END).await;
    assert!(counts(&browser).await[1] < stricter[1]);
    browser.tab_to("Back to the shipped threshold").await;
    browser.press(ENTER).await;
    assert_eq!(counts(&browser).await, shipped);
    browser.expect_quiet(&address).await;
    browser.close().await;
}

#[tokio::test]
async fn everybody_can_read_the_report_and_its_card() {
    let _turn = ONE_AT_A_TIME.lock().await;
    let folder = tempfile::tempdir().expect("a temporary folder");
    let report = written(folder.path(), "report.html", &html::render(&made_up::report()));
    let card = written(folder.path(), "card.html", &html::card(&made_up::report()));
    let browser = Browser::open(Scripts::On).await;
    browser.go(&report).await;
    in_both_themes(&browser, "report").await;
    keep(&browser, "report").await;
    let _: bool = browser.ask(UNFOLD).await;
    in_both_themes(&browser, "report, all open").await;
    keep(&browser, "report-open").await;
    browser.expect_quiet(&report).await;

    browser.go(&card).await;
    in_both_themes(&browser, "card").await;
    keep(&browser, "card").await;
    let laptop = json!({ "width": 1366, "height": 768, "deviceScaleFactor": 1, "mobile": false });
    browser.command("Emulation.setDeviceMetricsOverride", laptop).await;
    let (height, width): (u32, u32) = browser
        .ask("const page = document.documentElement; return [page.scrollHeight, page.scrollWidth];")
        .await;
    assert!(height <= 768 && width <= 1366, "the card is {width} × {height}, one screen is 1366 × 768");
    browser.expect_quiet(&card).await;
    browser.close().await;
}

#[tokio::test]
async fn the_report_reads_without_scripts() {
    let _turn = ONE_AT_A_TIME.lock().await;
    let folder = tempfile::tempdir().expect("a temporary folder");
    let address = written(folder.path(), "report.html", &html::render(&made_up::report()));
    let browser = Browser::open(Scripts::Off).await;
    browser.go(&address).await;
    let words = browser.words().await;
    for part in ["Chapters of novels", "This part needs scripts", "made-up against tfidf", "How to read this"]
    {
        assert!(words.contains(part), "`{part}` is missing");
    }
    assert!(!words.contains("Back to the shipped threshold"), "a control that does nothing");
    browser.close().await;
}

#[tokio::test]
async fn texts_are_shown_to_those_who_have_them() {
    let _turn = ONE_AT_A_TIME.lock().await;
    let folder = tempfile::tempdir().expect("a temporary folder");
    let rows = (1..=60).map(|i| format!("{i},\"the {i}th lantern, \"\"lit\"\"\nby hand\",x\n"));
    let csv = "key,words,other\n".to_owned() + &rows.collect::<String>();
    let data = folder.path().join("all.csv");
    fs_err::write(&data, &csv).expect("writable");
    let other = folder.path().join("other.csv");
    fs_err::write(&other, csv.replace("lantern", "candle")).expect("writable");

    let mut report = made_up::report();
    let forum = report.benchmarks.iter_mut().find(|b| b.name == "forum_test").expect("it is there");
    forum.sources[0].sha256 = sha256(csv.as_bytes());
    for t in forum.results.iter_mut().flat_map(|r| &mut r.targets) {
        for case in t.worst_false_alarms.iter_mut().chain(&mut t.worst_misses) {
            case.id = case.id.trim_start_matches(|c: char| !c.is_ascii_digit()).to_owned();
        }
    }
    let wanted: BTreeMap<String, String> = forum.results[0].targets[0]
        .worst_false_alarms
        .iter()
        .map(|c| (c.id.clone(), format!("the {}th lantern, \"lit\"\nby hand", c.id)))
        .collect();
    let address = written(folder.path(), "report.html", &html::render(&report));
    let browser = Browser::open(Scripts::On).await;
    browser.go(&address).await;
    let _: bool = browser.ask(UNFOLD).await;

    browser.fill("texts-file", &other.display().to_string()).await;
    browser.fill("texts-id", "key").await;
    let _: bool = browser.ask("document.getElementById('texts-column').value = 'words'; return true;").await;
    browser.click_button("Show texts").await;
    browser.driver.element("//*[@id = 'texts-says'][contains(., 'None of these sets')]").await;
    assert!(!browser.source().await.contains("candle"), "texts of other data are not shown");

    browser.fill("texts-file", &data.display().to_string()).await;
    browser.click_button("Show texts").await;
    browser.driver.element("//*[@id = 'texts-says'][contains(., 'texts are shown')]").await;
    let script = "return Object.fromEntries(Array.from(document.querySelectorAll('.errors blockquote'), q => \
        [q.parentElement.querySelector('code').dataset.id, q.textContent]));";
    let texts: BTreeMap<String, String> = browser.ask(script).await;
    for (id, text) in &wanted {
        assert_eq!(texts.get(id), Some(text));
    }
    browser.expect_quiet(&address).await;
    browser.close().await;
}
