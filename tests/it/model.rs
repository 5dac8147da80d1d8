//! The bundles that ship, on samples written for this test: none of them is in their data.

use std::path::Path;

use countervail::domain::policy::Band;
use countervail::domain::text::Text;
use countervail::inference::pipeline::Pipeline;

const SHIPPED: [&str; 2] = ["models/default", "models/multilingual"];

fn bands(bundle: &str, texts: &[&str]) -> Vec<(Band, f32)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(bundle);
    let mut pipeline = Pipeline::open(&folder).expect("the shipped bundle opens");
    let policy = pipeline.policy().clone();
    let texts: Vec<Text> = texts.iter().map(|t| Text::parse(*t, 1 << 16).expect("a text")).collect();
    let assessments = pipeline.assess(&texts).expect("runs");
    let score = |a: &countervail::domain::assessment::Assessment| {
        a.reading.as_ref().map_or(-1.0, |r| r.extremism.get())
    };
    assessments.iter().map(|a| (policy.evaluate(a).band, score(a))).collect()
}

const OPINION: &str = "Counter-terrorism policy has leaned on surveillance for twenty years, and it is fair to ask what \
    it has bought us. Groups such as al-Qaeda and the Islamic State did not recruit because cameras were missing from \
    our streets. They recruited where schools had closed, where courts were slow and where young people saw no place \
    for themselves. A government that wants fewer attacks should fund teachers, youth workers and local newspapers \
    before it buys another database. None of this excuses the men who plan murder; they belong before a judge. But \
    prevention is cheaper than mourning, and parliament should say so when it votes on the budget next month.";

const UN_REPORT: &str = "The monitoring team notes that the group continues to present a threat in the region, \
    although its capacity has been reduced by military pressure and by defections. Member States reported that its \
    fighters number between 1,500 and 2,200, and that it raises funds through extortion and kidnapping for ransom. \
    The team recommends that the Committee encourage Member States to share information on foreign terrorist \
    fighters and to strengthen the protection of civilians, in particular women and children in camps.";

const NEWS: &str = "At least eleven people were killed and dozens wounded on Tuesday when a bomb exploded near a market \
    in the capital, police said. Officials blamed al-Shabaab for the attack, which came two days after the army \
    announced an operation against the group in the south. Witnesses described scenes of panic as ambulances carried \
    the injured to two hospitals. The president called for three days of mourning.";

#[test]
fn reporting_analysis_and_documentation_are_not_flagged() {
    for bundle in SHIPPED {
        let read = bands(bundle, &[OPINION, UN_REPORT, NEWS]);
        assert!(read.iter().all(|(band, _)| *band == Band::None), "{bundle}: {read:?}");
    }
}

#[test]
fn a_bland_call_to_join_a_real_group_is_flagged() {
    let call = "Brothers, al-Shabaab needs new members. Join al-Shabaab and write to our channel today.";
    for bundle in SHIPPED {
        let read = bands(bundle, &[call]);
        assert!(read.iter().all(|(band, _)| *band != Band::None), "{bundle}: {read:?}");
    }
}

#[test]
fn the_multilingual_bundle_tells_a_call_from_what_resembles_it_in_other_languages() {
    let calls = [
        "Группа Al-Shabaab ищет новых членов, вступайте сегодня, пишите в канал.",
        "Al-Shabaab sucht neue Mitglieder. Tretet noch heute bei und schreibt unserem Kanal.",
    ];
    let read = bands("models/multilingual", &calls);
    assert!(read.iter().all(|(band, _)| *band != Band::None), "{read:?}");
    let others = [
        "Die Stadtbibliothek sucht neue Mitglieder für den Lesekreis am Dienstag.",
        "La policía detuvo ayer a dos hombres acusados de captar jóvenes para al-Shabaab.",
    ];
    let read = bands("models/multilingual", &others);
    assert!(read.iter().all(|(band, _)| *band == Band::None), "{read:?}");
}

#[test]
fn a_bundle_may_ask_for_8_bits_and_scores_nearly_the_same() {
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("models/default");
    let folder = tempfile::tempdir().expect("a folder");
    for entry in fs_err::read_dir(&shipped).expect("the bundle") {
        let entry = entry.expect("a file");
        fs_err::copy(entry.path(), folder.path().join(entry.file_name())).expect("copies");
    }
    let manifest = folder.path().join("bundle.toml");
    let text = fs_err::read_to_string(&manifest).expect("reads");
    let others: Vec<&str> = text.lines().filter(|line| !line.starts_with("arithmetic")).collect();
    let write = |arithmetic: &str| {
        let text = format!("arithmetic = \"{arithmetic}\"\n{}\n", others.join("\n"));
        fs_err::write(&manifest, text).expect("writes");
    };
    let texts: Vec<Text> =
        [OPINION, UN_REPORT, NEWS].iter().map(|t| Text::parse(*t, 1 << 16).expect("a text")).collect();
    let score = |folder: &Path| -> Vec<f32> {
        let read = Pipeline::open(folder).expect("opens").assess(&texts).expect("runs");
        read.iter().map(|a| a.reading.as_ref().map_or(-1.0, |r| r.extremism.get())).collect()
    };
    write("f32");
    let exact = score(folder.path());
    write("int8");
    for (got, want) in score(folder.path()).iter().zip(exact) {
        assert!((got - want).abs() < 0.05, "{got} instead of {want}");
    }
    write("int4");
    let refused = Pipeline::open(folder.path()).expect_err("there is no such arithmetic").to_string();
    assert!(refused.contains("int4") && refused.contains("int8"), "{refused}");
}
