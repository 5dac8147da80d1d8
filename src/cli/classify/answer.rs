//! How `classify` writes an answer: JSON for programs, columns for people.

use serde::ser::{Serialize, SerializeMap as _, Serializer};

use crate::cli::classify::Format;
use crate::cli::classify::read::{Entry, Id, Problem};
use crate::domain::assessment::{Assessment, ModelRef, Reading};
use crate::domain::policy::Policy;
use crate::domain::taxonomy::{Category, Context};

/// Writes answers of one model under one policy.
pub(super) struct Answers<'a> {
    pub(super) format: Format,
    pub(super) model: &'a ModelRef,
    pub(super) policy: &'a Policy,
}

/// What is said of one text.
#[derive(serde::Serialize)]
struct Answer<'a> {
    id: Option<&'a Id>,
    /// 1-based line of the input on which the text begins.
    line: u64,
    flagged: bool,
    band: &'static str,
    /// Null, as are the next three, when the language could not be read.
    score: Option<f32>,
    /// 1: the first stage stopped it, and the next two are null; 2: the encoder read it.
    stage: Option<u8>,
    categories: Option<ByName<{ Category::COUNT }>>,
    context: Option<ByName<{ Context::COUNT }>>,
    language: &'static str,
    language_support: &'static str,
    windows: usize,
    model: Model<'a>,
    policy_version: &'a str,
}

#[derive(serde::Serialize)]
struct Model<'a> {
    name: &'a str,
    digest: &'a str,
}

/// In the place of a text that was not assessed.
#[derive(serde::Serialize)]
struct Failure<'a> {
    line: u64,
    error: Error<'a>,
}

#[derive(serde::Serialize)]
struct Error<'a> {
    code: &'static str,
    message: &'a str,
}

/// Numbers by name, in the order of the taxonomy.
struct ByName<const N: usize>([(&'static str, f32); N]);

impl<const N: usize> Serialize for ByName<N> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(N))?;
        for (name, number) in &self.0 {
            map.serialize_entry(name, number)?;
        }
        map.end()
    }
}

impl Serialize for Id {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Text(text) => serializer.serialize_str(text),
            Self::Number(number) => number.serialize(serializer),
        }
    }
}

impl Answers<'_> {
    /// What stands above the first answer, with its line break; may be nothing.
    pub(super) fn header(&self) -> String {
        match self.format {
            Format::Jsonl => String::new(),
            Format::Table => row(["line", "band", "score", "likely context", "id"]),
        }
    }

    /// Adds one answer and a line break to `out`.
    pub(super) fn write(&self, entry: &Entry, result: Result<&Assessment, &Problem>, out: &mut String) {
        match (self.format, result) {
            (Format::Jsonl, Ok(assessment)) => self.json(entry, assessment, out),
            (Format::Jsonl, Err(Problem { code, message })) => {
                push_json(&Failure { line: entry.line, error: Error { code, message } }, out);
            }
            (Format::Table, Ok(assessment)) => out.push_str(&self.columns(entry, assessment)),
            (Format::Table, Err(problem)) => {
                out.push_str(&row([&entry.line.to_string(), "error", "-", &problem.message, ""]));
            }
        }
    }

    fn json(&self, entry: &Entry, assessment: &Assessment, out: &mut String) {
        let outcome = self.policy.evaluate(assessment);
        let reading = assessment.reading.as_ref();
        let heads = reading.and_then(Reading::heads);
        let answer = Answer {
            id: entry.id.as_ref(),
            line: entry.line,
            flagged: outcome.flagged(),
            band: outcome.band.id(),
            score: reading.map(|r| r.extremism.get()),
            stage: reading.map(Reading::stage_number),
            categories: heads.map(|h| ByName(Category::ALL.map(|c| (c.id(), h.scores.get(c).get())))),
            context: heads.map(|h| ByName(Context::ALL.map(|c| (c.id(), h.context[c.index()])))),
            language: assessment.language,
            language_support: assessment.language_support.id(),
            windows: assessment.windows,
            model: Model { name: &self.model.name, digest: &self.model.digest },
            policy_version: &self.policy.version,
        };
        push_json(&answer, out);
    }

    fn columns(&self, entry: &Entry, assessment: &Assessment) -> String {
        let band = self.policy.evaluate(assessment).band.id();
        let id = entry.id.as_ref().map_or_else(String::new, Id::printable);
        let line = entry.line.to_string();
        match &assessment.reading {
            Some(reading) => {
                let score = format!("{:.3}", reading.extremism.get());
                let context = reading.heads().map_or("-", |h| h.likely_context().id());
                row([&line, band, &score, context, &id])
            }
            None => row([&line, band, "-", &format!("cannot read {}", assessment.language), &id]),
        }
    }
}

/// Fixed widths, since the answers to come are not known; the last column may be as long as it likes.
fn row([line, band, score, context, id]: [&str; 5]) -> String {
    let row = format!("{line:>9}  {band:<6}  {score:>5}  {context:<22}  {id}");
    format!("{}\n", row.trim_end())
}

fn push_json(value: &impl Serialize, out: &mut String) {
    out.push_str(&serde_json::to_string(value).expect("names are strings and scores are finite"));
    out.push('\n');
}

impl Id {
    /// Without characters that would move the cursor or change colours.
    fn printable(&self) -> String {
        match self {
            Self::Text(text) => text.replace(char::is_control, "\u{FFFD}"),
            Self::Number(number) => number.to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::assessment::{Heads, LanguageSupport, Stage};
    use crate::domain::score::{Score, Scores};

    fn score(value: f32) -> Score {
        Score::new(value).expect("a probability")
    }

    fn written(format: Format, id: Option<Id>, result: Result<&Assessment, &Problem>) -> String {
        let model = ModelRef { name: "tiny".to_owned(), digest: "sha256:00".to_owned() };
        let policy = Policy {
            version: "tiny-1".to_owned(),
            review: score(0.5),
            urgent: score(0.75),
            categories: [score(0.5); Category::COUNT],
        };
        let answers = Answers { format, model: &model, policy: &policy };
        let mut out = answers.header();
        let text = Ok(crate::domain::text::Text::parse("amber basin", 99).expect("short"));
        answers.write(&Entry { line: 7, id, text }, result, &mut out);
        out
    }

    fn read() -> Assessment {
        let mut scores = [score(0.25); Category::COUNT];
        scores[Category::Recruitment.index()] = score(0.5);
        Assessment {
            reading: Some(Reading {
                extremism: score(0.75),
                stage: Stage::Encoder(Heads {
                    scores: Scores::new(scores),
                    context: [0.125, 0.5, 0.25, 0.125],
                }),
            }),
            language: "eng",
            language_support: LanguageSupport::Supported,
            windows: 1,
            strongest_window: None,
        }
    }

    fn unread() -> Assessment {
        Assessment {
            reading: None,
            language: "kat",
            language_support: LanguageSupport::Unsupported,
            windows: 0,
            strongest_window: None,
        }
    }

    #[test]
    fn a_program_gets_every_number_and_never_the_text() {
        let id = Some(Id::Text("a".to_owned()));
        insta::assert_snapshot!(written(Format::Jsonl, id, Ok(&read())), @r#"{"id":"a","line":7,"flagged":true,"band":"urgent","score":0.75,"stage":2,"categories":{"extremism/support":0.25,"extremism/recruitment":0.5,"extremism/incitement":0.25,"threat":0.25,"hate":0.25,"toxicity":0.25},"context":{"reporting":0.125,"counter_speech":0.5,"religious_or_political":0.25,"none":0.125},"language":"eng","language_support":"supported","windows":1,"model":{"name":"tiny","digest":"sha256:00"},"policy_version":"tiny-1"}"#);
        insta::assert_snapshot!(written(Format::Jsonl, None, Ok(&unread())), @r#"{"id":null,"line":7,"flagged":false,"band":"none","score":null,"stage":null,"categories":null,"context":null,"language":"kat","language_support":"unsupported","windows":0,"model":{"name":"tiny","digest":"sha256:00"},"policy_version":"tiny-1"}"#);
        let problem = Problem::new("empty_text", "text is empty");
        insta::assert_snapshot!(written(Format::Jsonl, None, Err(&problem)), @r#"{"line":7,"error":{"code":"empty_text","message":"text is empty"}}"#);
    }

    #[test]
    fn a_person_gets_columns() {
        let id = Some(Id::Text("post\u{1b}[31m 1".to_owned()));
        insta::assert_snapshot!(written(Format::Table, id, Ok(&read())), @r"
             line  band    score  likely context          id
                7  urgent  0.750  counter_speech          post�[31m 1
        ");
        insta::assert_snapshot!(written(Format::Table, None, Ok(&unread())), @r"
             line  band    score  likely context          id
                7  none        -  cannot read kat
        ");
        let problem = Problem::new("empty_text", "text is empty");
        insta::assert_snapshot!(written(Format::Table, None, Err(&problem)), @r"
             line  band    score  likely context          id
                7  error       -  text is empty
        ");
    }
}
