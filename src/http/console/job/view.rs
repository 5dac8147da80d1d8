//! What the page of one job shows: words instead of names and numbers, and the text only when asked for.

use askama::Template;
use time::OffsetDateTime;

use crate::domain::item::{AuthorRef, ItemText};
use crate::domain::policy::Band;
use crate::domain::review::{Decision, JobOrigin, Note, Reason, ReviewState};
use crate::domain::taxonomy::Category;
use crate::domain::text::Text;
use crate::domain::user::Permission;
use crate::http::console::words;
use crate::service::access::SignedIn;
use crate::service::inbox::JobFile;

/// How the page was asked for.
#[derive(Debug, Clone, Default)]
pub(super) struct Shown {
    pub(super) revealed: bool,
    /// What was filled in before, when the form is shown again.
    pub(super) choice: String,
    pub(super) note: String,
    pub(super) problem: Option<String>,
}

#[derive(Template)]
#[template(path = "job.html")]
pub(super) struct JobPage<'a> {
    user: Option<&'a str>,
    id: String,
    short: String,
    band: &'static str,
    band_words: &'static str,
    why: String,
    facts: Vec<(&'static str, String)>,
    text: Option<TextView<'a>>,
    revealed: bool,
    length: String,
    scores: Vec<ScoreView>,
    not_scored: &'static str,
    advice: Option<&'static str>,
    model: Option<String>,
    reports: Vec<ReportView<'a>>,
    history: Vec<Event<'a>>,
    state: StateView<'a>,
    groups: Vec<Group>,
    note: &'a str,
    problem: Option<&'a str>,
}

/// The text in three parts; the middle one is what weighed most, and empty when there was one window.
struct TextView<'a> {
    lang: &'static str,
    before: &'a str,
    strongest: &'a str,
    after: &'a str,
    context: Option<&'a str>,
    author: Option<&'a str>,
}

struct ScoreView {
    name: &'static str,
    /// For `<meter>`, with three decimals.
    value: String,
    words: String,
    applies: bool,
}

struct ReportView<'a> {
    reason: &'static str,
    moment: String,
    note: Option<&'a str>,
    /// There is a note, and it is not shown yet.
    masked: bool,
}

struct Event<'a> {
    moment: String,
    what: String,
    note: Option<&'a str>,
}

/// What may be done now.
enum StateView<'a> {
    CanClaim,
    HeldBy(&'a str),
    CanDecide { left: Option<String> },
    WaitsForLead,
    Decided,
}

struct Group {
    name: &'static str,
    hint: &'static str,
    choices: Vec<Choice>,
}

struct Choice {
    value: String,
    name: &'static str,
    chosen: bool,
}

impl<'a> JobPage<'a> {
    pub(super) fn of(file: &'a JobFile, by: &'a SignedIn, now: OffsetDateTime, shown: &'a Shown) -> Self {
        let JobFile { job, item, moderation, .. } = file;
        let id = job.id.to_string();
        let heads = moderation.as_ref().and_then(|m| m.assessment.reading.as_ref()?.heads());
        Self {
            user: Some(by.user.name.as_str()),
            short: id[id.len() - 6..].to_owned(),
            id,
            band: job.band.id(),
            band_words: words::band(job.band),
            why: why(file),
            facts: facts(file, now),
            text: if shown.revealed { text(file) } else { None },
            revealed: shown.revealed,
            length: length(&item.text),
            scores: scores(file),
            not_scored: if moderation.is_some() {
                "The model cannot read this language, so there is no score. Please judge by the text alone."
            } else {
                "The model could not answer when this was reported, so there is no score."
            },
            advice: heads.and_then(|h| words::context(h.likely_context())),
            model: moderation.as_ref().map(|m| {
                let digest: String = m.model.digest.chars().take("sha256:".len() + 12).collect();
                format!("{} ({digest}…), policy {}", m.model.name, m.policy_version)
            }),
            reports: reports(file, shown),
            history: history(file),
            state: StateView::of(file, by, now),
            groups: groups(&shown.choice),
            note: &shown.note,
            problem: shown.problem.as_deref(),
        }
    }
}

/// So that one knows what to expect before one looks.
fn length(text: &ItemText) -> String {
    match text.kept().map(|text| text.as_str().chars().count()) {
        Some(1) => "1 character".to_owned(),
        Some(n) => format!("{n} characters"),
        None => format!("{} bytes", text.bytes()),
    }
}

fn why(file: &JobFile) -> String {
    match (file.job.origin, file.job.report_count) {
        (JobOrigin::Moderation(_), 0) => "The model suggests that a person should look.".to_owned(),
        (JobOrigin::Moderation(_), 1) => {
            "The model suggests that a person should look, and somebody reported it.".to_owned()
        }
        (JobOrigin::Moderation(_), n) => {
            format!("The model suggests that a person should look, and it was reported {n} times.")
        }
        (JobOrigin::Report(_), 0 | 1) => "Somebody reported it.".to_owned(),
        (JobOrigin::Report(_), n) => format!("It was reported {n} times."),
    }
}

fn facts(file: &JobFile, now: OffsetDateTime) -> Vec<(&'static str, String)> {
    let JobFile { job, item, moderation, .. } = file;
    let mut facts = Vec::new();
    if let Some(score) = job.score {
        let score = score.get();
        facts.push(("Needs a look", format!("{} ({})", words::likelihood(score), words::percent(score))));
    }
    facts.push(("Came in", format!("{}, {}", words::moment(job.opened_at), words::age(now, job.opened_at))));
    if let Some(moderation) = moderation {
        facts.push(("Language", words::language(moderation.assessment.language).1.to_owned()));
    }
    if let Some(source) = &item.source {
        facts.push(("Source", source.to_string()));
    }
    if let Some(external_id) = &item.external_id {
        facts.push(("Platform id", external_id.to_string()));
    }
    facts
}

fn text(file: &JobFile) -> Option<TextView<'_>> {
    let item = &file.item;
    let text = item.text.kept()?.as_str();
    let assessment = file.moderation.as_ref().map(|m| &m.assessment);
    let span = assessment.and_then(|a| a.strongest_window);
    // A span that does not fit the text marks nothing rather than failing the page.
    let parts =
        span.and_then(|s| Some((text.get(..s.start)?, text.get(s.start..s.end)?, text.get(s.end..)?)));
    let (before, strongest, after) = parts.unwrap_or((text, "", ""));
    Some(TextView {
        lang: assessment.map_or("und", |a| words::language(a.language).0),
        before,
        strongest,
        after,
        context: item.context.as_ref().map(Text::as_str),
        author: item.author.as_ref().map(AuthorRef::as_str),
    })
}

fn scores(file: &JobFile) -> Vec<ScoreView> {
    let Some(moderation) = &file.moderation else { return Vec::new() };
    let Some(reading) = &moderation.assessment.reading else { return Vec::new() };
    let view = |name, score: f32, applies| ScoreView {
        name,
        value: format!("{score:.3}"),
        words: format!("{}, {}", words::likelihood(score), words::percent(score)),
        applies,
    };
    let all = view("Extremism, all in all", reading.extremism.get(), moderation.outcome.band != Band::None);
    // The first stage of a cascade has one score and no categories.
    let of_heads = reading.heads().into_iter().flat_map(|heads| {
        let applies = |c: Category| moderation.outcome.categories[c.index()];
        Category::ALL.map(|c| view(words::category(c), heads.scores.get(c).get(), applies(c)))
    });
    std::iter::once(all).chain(of_heads).collect()
}

/// A note may quote the text, so it is shown and hidden with it.
fn reports<'a>(file: &'a JobFile, shown: &Shown) -> Vec<ReportView<'a>> {
    file.reports
        .iter()
        .map(|report| ReportView {
            reason: words::reported(report.reason),
            moment: words::moment(report.at),
            note: report.note.as_ref().filter(|_| shown.revealed).map(Note::as_str),
            masked: report.note.is_some() && !shown.revealed,
        })
        .collect()
}

fn history(file: &JobFile) -> Vec<Event<'_>> {
    let opened =
        Event { moment: words::moment(file.job.opened_at), what: "came to the desk".to_owned(), note: None };
    let mut events = vec![opened];
    for (recorded, name) in &file.decisions {
        events.push(Event {
            moment: words::moment(recorded.at),
            what: format!(
                "{} by {name}: {}",
                words::decided(recorded.decision),
                words::reason(recorded.reason)
            ),
            note: recorded.note.as_ref().map(Note::as_str),
        });
    }
    if let (Some(claim), Some(name)) = (&file.job.claim, &file.claimed_by) {
        events.push(Event {
            moment: words::moment(claim.at),
            what: format!("claimed by {name}"),
            note: None,
        });
    }
    events
}

impl<'a> StateView<'a> {
    fn of(file: &'a JobFile, by: &SignedIn, now: OffsetDateTime) -> Self {
        match (file.job.state, &file.job.claim) {
            (ReviewState::Open, _) | (ReviewState::Claimed, None) => Self::CanClaim,
            (ReviewState::Claimed, Some(claim)) if claim.by == by.id() => {
                Self::CanDecide { left: Some(words::left(now, claim.expires_at)) }
            }
            (ReviewState::Claimed, Some(_)) => {
                Self::HeldBy(file.claimed_by.as_deref().unwrap_or("somebody else"))
            }
            (ReviewState::Escalated, _) if by.user.role.may(Permission::DecideEscalated) => {
                Self::CanDecide { left: None }
            }
            (ReviewState::Escalated, _) => Self::WaitsForLead,
            (ReviewState::Decided, _) => Self::Decided,
        }
    }
}

fn groups(chosen: &str) -> Vec<Group> {
    let group = |decision: Decision, name, hint| Group {
        name,
        hint,
        choices: Reason::ALL
            .into_iter()
            .filter(|reason| reason.fits(decision))
            .map(|reason| {
                let value = format!("{decision}/{reason}");
                Choice { chosen: value == chosen, value, name: words::reason(reason) }
            })
            .collect(),
    };
    vec![
        group(Decision::Dismiss, "Dismiss", "It is not what the policy is about."),
        group(Decision::Confirm, "Confirm", "It is what the policy is about."),
        group(Decision::Escalate, "Escalate", "Somebody senior should decide. That is always all right."),
    ]
}
