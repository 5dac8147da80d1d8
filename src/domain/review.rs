//! One thing for a person to decide: its states, the one table of moves between them, and what a
//! decision must say.

use std::fmt;
use std::str::FromStr;

use time::OffsetDateTime;

use crate::domain::id::{DecisionId, ItemId, ModerationId, ReportId, ReviewJobId, UserId};
use crate::domain::policy::Band;
use crate::domain::score::Score;
use crate::domain::taxonomy::Category;

/// A stored or posted name that is none of ours.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{given}` is not a {what}; expected one of {expected}")]
pub struct UnknownName {
    what: &'static str,
    given: String,
    expected: &'static str,
}

impl UnknownName {
    fn new(what: &'static str, given: &str, expected: &'static str) -> Self {
        Self { what, given: given.chars().take(64).collect(), expected }
    }
}

/// Where a job stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ReviewState {
    /// Waits for anybody.
    Open,
    /// One reviewer has it, for a limited time.
    Claimed,
    /// Waits for a lead.
    Escalated,
    /// A person has decided.
    Decided,
}

/// What may be done to a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Move {
    Claim,
    /// Give a claimed job back undecided.
    Skip,
    /// A claim ran out.
    Expire,
    /// Confirm or dismiss.
    Decide,
    Escalate,
    /// An appeal was granted.
    Reopen,
}

/// The move is not in the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a job that is {from} cannot be moved by `{by}`")]
pub struct IllegalTransition {
    pub from: ReviewState,
    pub by: Move,
}

impl ReviewState {
    pub const ALL: [Self; 4] = [Self::Open, Self::Claimed, Self::Escalated, Self::Decided];

    /// The only table of moves. What is not written here cannot happen.
    ///
    /// # Errors
    /// When the move is not in the table.
    pub const fn apply(self, by: Move) -> Result<Self, IllegalTransition> {
        match (self, by) {
            (Self::Open, Move::Claim) => Ok(Self::Claimed),
            (Self::Claimed, Move::Skip | Move::Expire) | (Self::Decided, Move::Reopen) => Ok(Self::Open),
            (Self::Open | Self::Claimed, Move::Escalate) => Ok(Self::Escalated),
            (Self::Claimed | Self::Escalated, Move::Decide) => Ok(Self::Decided),
            (from, by) => Err(IllegalTransition { from, by }),
        }
    }

    #[must_use]
    pub const fn id(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Claimed => "claimed",
            Self::Escalated => "escalated",
            Self::Decided => "decided",
        }
    }
}

impl fmt::Display for ReviewState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.id())
    }
}

impl FromStr for ReviewState {
    type Err = UnknownName;

    fn from_str(s: &str) -> Result<Self, UnknownName> {
        let unknown = || UnknownName::new("review state", s, "open, claimed, escalated, decided");
        Self::ALL.into_iter().find(|k| k.id() == s).ok_or_else(unknown)
    }
}

impl Move {
    pub const ALL: [Self; 6] =
        [Self::Claim, Self::Skip, Self::Expire, Self::Decide, Self::Escalate, Self::Reopen];

    #[must_use]
    pub const fn id(self) -> &'static str {
        match self {
            Self::Claim => "claim",
            Self::Skip => "skip",
            Self::Expire => "expire",
            Self::Decide => "decide",
            Self::Escalate => "escalate",
            Self::Reopen => "reopen",
        }
    }
}

impl fmt::Display for Move {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.id())
    }
}

/// What a person decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Decision {
    /// It is what the policy is about.
    Confirm,
    /// It is not.
    Dismiss,
    /// Somebody senior should decide.
    Escalate,
}

impl Decision {
    pub const ALL: [Self; 3] = [Self::Confirm, Self::Dismiss, Self::Escalate];

    #[must_use]
    pub const fn id(self) -> &'static str {
        match self {
            Self::Confirm => "confirm",
            Self::Dismiss => "dismiss",
            Self::Escalate => "escalate",
        }
    }

    /// How this decision moves a job.
    #[must_use]
    pub const fn as_move(self) -> Move {
        match self {
            Self::Confirm | Self::Dismiss => Move::Decide,
            Self::Escalate => Move::Escalate,
        }
    }
}

impl fmt::Display for Decision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.id())
    }
}

impl FromStr for Decision {
    type Err = UnknownName;

    fn from_str(s: &str) -> Result<Self, UnknownName> {
        let unknown = || UnknownName::new("decision", s, "confirm, dismiss, escalate");
        Self::ALL.into_iter().find(|k| k.id() == s).ok_or_else(unknown)
    }
}

/// Why a person decided so. `Other` is always possible and then wants a note.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Reason {
    ViolatesPolicy(Category),
    NewsOrReporting,
    CounterSpeech,
    ReligiousOrPolitical,
    EducationOrResearch,
    SatireOrFiction,
    NotExtremist,
    NeedsSenior,
    Other,
}

impl Reason {
    /// Every reason there is, in the order in which the review desk offers them.
    pub const ALL: [Self; Category::COUNT + 8] = [
        Self::ViolatesPolicy(Category::Support),
        Self::ViolatesPolicy(Category::Recruitment),
        Self::ViolatesPolicy(Category::Incitement),
        Self::ViolatesPolicy(Category::Threat),
        Self::ViolatesPolicy(Category::Hate),
        Self::ViolatesPolicy(Category::Toxicity),
        Self::NewsOrReporting,
        Self::CounterSpeech,
        Self::ReligiousOrPolitical,
        Self::EducationOrResearch,
        Self::SatireOrFiction,
        Self::NotExtremist,
        Self::NeedsSenior,
        Self::Other,
    ];

    #[must_use]
    pub const fn id(self) -> &'static str {
        match self {
            Self::ViolatesPolicy(Category::Support) => "violates_policy:extremism/support",
            Self::ViolatesPolicy(Category::Recruitment) => "violates_policy:extremism/recruitment",
            Self::ViolatesPolicy(Category::Incitement) => "violates_policy:extremism/incitement",
            Self::ViolatesPolicy(Category::Threat) => "violates_policy:threat",
            Self::ViolatesPolicy(Category::Hate) => "violates_policy:hate",
            Self::ViolatesPolicy(Category::Toxicity) => "violates_policy:toxicity",
            Self::NewsOrReporting => "news_or_reporting",
            Self::CounterSpeech => "counter_speech",
            Self::ReligiousOrPolitical => "religious_or_political",
            Self::EducationOrResearch => "education_or_research",
            Self::SatireOrFiction => "satire_or_fiction",
            Self::NotExtremist => "not_extremist",
            Self::NeedsSenior => "needs_senior",
            Self::Other => "other",
        }
    }

    /// Whether this is a reason for that decision: a violation confirms, an exception dismisses.
    #[must_use]
    pub const fn fits(self, decision: Decision) -> bool {
        match self {
            Self::ViolatesPolicy(_) => matches!(decision, Decision::Confirm),
            Self::NewsOrReporting
            | Self::CounterSpeech
            | Self::ReligiousOrPolitical
            | Self::EducationOrResearch
            | Self::SatireOrFiction
            | Self::NotExtremist => matches!(decision, Decision::Dismiss),
            Self::NeedsSenior => matches!(decision, Decision::Escalate),
            Self::Other => true,
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.id())
    }
}

impl FromStr for Reason {
    type Err = UnknownName;

    fn from_str(s: &str) -> Result<Self, UnknownName> {
        let unknown = || {
            UnknownName::new(
                "reason",
                s,
                "violates_policy:CATEGORY, news_or_reporting, counter_speech, religious_or_political, \
                 education_or_research, satire_or_fiction, not_extremist, needs_senior, other",
            )
        };
        Self::ALL.into_iter().find(|k| k.id() == s).ok_or_else(unknown)
    }
}

/// The note is too long.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("note is {got} characters, the limit is {limit}; shorten it", limit = Note::LIMIT)]
pub struct NoteError {
    got: usize,
}

/// A person's remark. `Debug` does not print it: it may quote the text.
#[derive(Clone, PartialEq, Eq)]
pub struct Note(String);

impl Note {
    /// In characters.
    pub const LIMIT: usize = 2000;

    /// `None` when `raw` is blank: an empty box in a form is no note.
    ///
    /// # Errors
    /// When `raw` is longer than [`Note::LIMIT`] characters.
    pub fn parse(raw: &str) -> Result<Option<Self>, NoteError> {
        let raw = raw.trim();
        let got = raw.chars().count();
        if got > Self::LIMIT {
            return Err(NoteError { got });
        }
        Ok((got > 0).then(|| Self(raw.to_owned())))
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Note({} bytes)", self.0.len())
    }
}

/// Who brought an item before the reviewers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JobOrigin {
    /// The model flagged it.
    Moderation(ModerationId),
    /// A person reported it.
    Report(ReportId),
}

/// One reviewer's hold on one job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Claim {
    pub by: UserId,
    pub at: OffsetDateTime,
    /// From then on the job is open to others again.
    pub expires_at: OffsetDateTime,
}

/// One thing for a person to decide; an item has one at most.
#[derive(Debug, Clone, PartialEq)]
pub struct ReviewJob {
    pub id: ReviewJobId,
    pub item_id: ItemId,
    /// `None` when the item was reported while the model could not answer.
    pub moderation_id: Option<ModerationId>,
    pub origin: JobOrigin,
    /// A reported item is `review` at least: a person asked for it.
    pub band: Band,
    /// `extremism`; `None` when the language is unsupported or the model could not answer.
    pub score: Option<Score>,
    pub report_count: u32,
    pub state: ReviewState,
    /// Present exactly while `state` is claimed.
    pub claim: Option<Claim>,
    pub opened_at: OffsetDateTime,
    pub decided_at: Option<OffsetDateTime>,
}

/// A decision as it was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordedDecision {
    pub id: DecisionId,
    pub job_id: ReviewJobId,
    pub by: UserId,
    pub decision: Decision,
    pub reason: Reason,
    pub note: Option<Note>,
    pub at: OffsetDateTime,
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_table_is_the_one_in_the_docs() {
        let legal: Vec<String> = ReviewState::ALL
            .into_iter()
            .flat_map(|from| Move::ALL.map(|by| (from, by)))
            .filter_map(|(from, by)| from.apply(by).ok().map(|to| format!("{from} {by} {to}")))
            .collect();
        let expected = [
            "open claim claimed",
            "open escalate escalated",
            "claimed skip open",
            "claimed expire open",
            "claimed decide decided",
            "claimed escalate escalated",
            "escalated decide decided",
            "decided reopen open",
        ];
        assert_eq!(legal, expected);
    }

    #[test]
    fn every_name_parses_back() {
        for reason in Reason::ALL {
            assert_eq!(reason.id().parse(), Ok(reason));
            assert!(Decision::ALL.into_iter().any(|d| reason.fits(d)), "{reason} fits nothing");
        }
        for decision in Decision::ALL {
            assert_eq!(decision.id().parse(), Ok(decision));
        }
        for state in ReviewState::ALL {
            assert_eq!(state.id().parse(), Ok(state));
        }
    }

    #[test]
    fn a_violation_dismisses_nothing() {
        assert!(!Reason::ViolatesPolicy(Category::Hate).fits(Decision::Dismiss));
        assert!(!Reason::NewsOrReporting.fits(Decision::Confirm));
    }

    #[test]
    fn notes_are_bounded_in_characters() {
        assert_eq!(Note::parse("  ").expect("short"), None);
        assert!(Note::parse(&"é".repeat(2000)).is_ok());
        assert!(Note::parse(&"é".repeat(2001)).is_err());
    }

    proptest! {
        /// However the moves come, a refused one changes nothing, and a job is decided only by a
        /// decision taken from a claim or an escalation.
        #[test]
        fn moves_never_leave_the_table(moves in prop::collection::vec(prop::sample::select(&Move::ALL), 0..40)) {
            let mut state = ReviewState::Open;
            for by in moves {
                match state.apply(by) {
                    Ok(next) => {
                        prop_assert_ne!(state, next);
                        if next == ReviewState::Decided {
                            prop_assert_eq!(by, Move::Decide);
                            prop_assert!(matches!(state, ReviewState::Claimed | ReviewState::Escalated));
                        }
                        state = next;
                    }
                    Err(refused) => prop_assert_eq!(refused, IllegalTransition { from: state, by }),
                }
            }
        }
    }
}
