//! What the model says of one text, before any policy is applied.

use crate::domain::score::{Score, Scores};
use crate::domain::taxonomy::{Category, Context};

/// Which weights spoke: the bundle's name and the SHA-256 digest of its contents.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ModelRef {
    pub name: String,
    /// `sha256:` and 64 hexadecimal digits.
    pub digest: String,
}

/// Whether the model can be trusted to read the language.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LanguageSupport {
    /// The model was trained and measured on it.
    Supported,
    /// Too short or too mixed to tell; scored, and said so.
    Unknown,
    /// The model cannot read it: no score is given.
    Unsupported,
}

impl LanguageSupport {
    #[must_use]
    pub const fn id(self) -> &'static str {
        match self {
            Self::Supported => "supported",
            Self::Unknown => "unknown",
            Self::Unsupported => "unsupported",
        }
    }
}

/// What the encoder's heads say of one text.
#[derive(Debug, Clone, PartialEq)]
pub struct Heads {
    pub scores: Scores,
    /// Probability of each context, in the order of [`Context::ALL`]; sums to 1.
    pub context: [f32; Context::COUNT],
}

/// Which part of the bundle read a text.
#[derive(Debug, Clone, PartialEq)]
pub enum Stage {
    /// The linear model alone: it saw nothing that the encoder would say something of, and the encoder was not asked.
    First,
    /// The encoder.
    Encoder(Heads),
    /// The encoder, though the first stage would have stopped the text: one of the sample that shows drift.
    Sample(Heads),
}

/// The numbers of one reading of a text.
#[derive(Debug, Clone, PartialEq)]
pub struct Reading {
    /// Probability that a person should look. From the encoder: its heads combined by the bundle's fitted rule; from the
    /// first stage: its own, coarser estimate, always below the threshold under which it stops texts.
    pub extremism: Score,
    pub stage: Stage,
}

impl Reading {
    /// What the encoder's heads say; `None` when it was not asked.
    #[must_use]
    pub const fn heads(&self) -> Option<&Heads> {
        match &self.stage {
            Stage::First => None,
            Stage::Encoder(heads) | Stage::Sample(heads) => Some(heads),
        }
    }

    /// The probability of a category; 0 where the first stage alone has read.
    #[must_use]
    pub fn score(&self, category: Category) -> Score {
        self.heads().map_or(Score::ZERO, |heads| heads.scores.get(category))
    }

    /// 1 when the first stage answered, 2 when the encoder did.
    #[must_use]
    pub const fn stage_number(&self) -> u8 {
        match self.stage {
            Stage::First => 1,
            Stage::Encoder(_) | Stage::Sample(_) => 2,
        }
    }
}

impl Heads {
    /// The likeliest context; the earlier one on a tie.
    #[must_use]
    pub fn likely_context(&self) -> Context {
        let mut best = Context::Reporting;
        for context in Context::ALL {
            if self.context[context.index()] > self.context[best.index()] {
                best = context;
            }
        }
        best
    }
}

/// A byte range of the original text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    pub start: usize,
    pub end: usize,
}

/// What the model says of one text.
#[derive(Debug, Clone, PartialEq)]
pub struct Assessment {
    /// `None` exactly when the language is unsupported.
    pub reading: Option<Reading>,
    /// ISO 639-3 code of the likeliest language, `und` when none is likely.
    pub language: &'static str,
    pub language_support: LanguageSupport,
    /// How many windows the text was read in.
    pub windows: usize,
    /// The window that gave the highest `extremism`, when there were several.
    pub strongest_window: Option<Span>,
}
