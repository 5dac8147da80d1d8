//! The two ends of every way to the classifier: what must be read of a text, and what its windows say together. The
//! service, `classify`, `eval` and `calibrate` all come through here.
//!
//! A [`Finding`] is in the coordinates of the normalised text, so that one finding answers every original that
//! normalises to the same text, each with places of its own.

use std::ops::Range;

use crate::domain::assessment::{Assessment, LanguageSupport, Reading, Span};
use crate::inference::calibration::Calibration;
use crate::inference::cascade::{Screen, Verdict};
use crate::inference::classifier::{Encoding, Logits};
use crate::inference::encode::TextEncoder;
use crate::inference::error::Error;
use crate::text::language;
use crate::text::normalize::Normalized;

/// Everything about a bundle but its classifier; read by many threads at once.
#[derive(Debug)]
pub struct Preparer {
    encoder: TextEncoder,
    languages: Vec<String>,
    calibration: Calibration,
    /// The bundle's first stage, where it has one and it is on.
    screen: Option<Screen>,
}

/// What is left to do for a text.
#[derive(Debug)]
pub enum Prepared {
    /// Nothing: it is answered without the classifier.
    Answered(Finding),
    /// One classification for each encoding, then [`Preparer::conclude`].
    Windows(Outline, Vec<Encoding>),
}

/// What of a text must be remembered while its windows are classified.
#[derive(Debug, Clone, PartialEq)]
pub struct Outline {
    language: &'static str,
    support: LanguageSupport,
    /// What the first stage decided; never to stop it.
    verdict: Verdict,
    /// Of each window, bytes of the normalised text.
    ranges: Vec<Range<usize>>,
}

/// What is said of every original that normalises to one text.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    /// Without its place, which each original has for itself.
    assessment: Assessment,
    /// The window that gave the highest `extremism`, when there were several, and its bytes of the normalised text.
    strongest: Option<(usize, Range<usize>)>,
}

impl Preparer {
    #[must_use]
    pub fn new(encoder: TextEncoder, languages: Vec<String>, calibration: Calibration) -> Self {
        Self { encoder, languages, calibration, screen: None }
    }

    /// Uses this first stage from here on, or none.
    pub fn set_screen(&mut self, screen: Option<Screen>) {
        self.screen = screen;
    }

    #[must_use]
    pub const fn has_screen(&self) -> bool {
        self.screen.is_some()
    }

    /// Decides what must be classified of a text: whatever can answer one without the classifier does so here, before
    /// it is tokenised.
    ///
    /// # Errors
    /// [`Error::Encode`] when the tokeniser fails.
    pub fn prepare(&self, text: &Normalized) -> Result<Prepared, Error> {
        self.screened(text, self.screen.as_ref())
    }

    /// The same, but the first stage is not asked.
    ///
    /// # Errors
    /// As [`Self::prepare`].
    pub fn prepare_for_encoder(&self, text: &Normalized) -> Result<Prepared, Error> {
        self.screened(text, None)
    }

    fn screened(&self, text: &Normalized, screen: Option<&Screen>) -> Result<Prepared, Error> {
        let (language, support) = language::support(text.text(), &self.languages);
        if support == LanguageSupport::Unsupported {
            return Ok(Prepared::Answered(Finding::without_encoder(language, support, None)));
        }
        match screen.map_or(Verdict::Encode, |screen| screen.look(text.text(), language, support)) {
            Verdict::Stop(reading) => {
                Ok(Prepared::Answered(Finding::without_encoder(language, support, Some(reading))))
            }
            verdict @ (Verdict::Sample | Verdict::Encode) => self.cut(text, (language, support), verdict),
        }
    }

    fn cut(
        &self,
        text: &Normalized,
        (language, support): (&'static str, LanguageSupport),
        verdict: Verdict,
    ) -> Result<Prepared, Error> {
        let (encodings, ranges) =
            self.encoder.encode(text)?.into_iter().map(|window| (window.encoding, window.range)).unzip();
        Ok(Prepared::Windows(Outline { language, support, verdict, ranges }, encodings))
    }

    /// What the windows of a text say together; `logits` are theirs, in order.
    ///
    /// # Errors
    /// [`Error::Model`] when a logit is not a number.
    pub fn conclude(&self, outline: &Outline, logits: &[Logits]) -> Result<Finding, Error> {
        let read = self.calibration.read_windows(logits).map_err(|e| Error::Model(e.to_string()))?;
        let strongest = read.as_ref().map(|(_, strongest)| *strongest);
        let strongest = strongest.filter(|_| outline.ranges.len() > 1);
        Ok(Finding {
            assessment: Assessment {
                reading: outline.verdict.reading(read.map(|(reading, _)| reading)),
                language: outline.language,
                language_support: outline.support,
                windows: outline.ranges.len(),
                strongest_window: None,
            },
            strongest: strongest.and_then(|at| Some((at, outline.ranges.get(at)?.clone()))),
        })
    }
}

impl Outline {
    /// How many windows the text has.
    #[must_use]
    pub fn windows(&self) -> usize {
        self.ranges.len()
    }

    /// Where each window lies in the original; nothing for a text of one window, whose place nobody asks for.
    #[must_use]
    pub fn spans(&self, original: &Normalized) -> Vec<Span> {
        if self.ranges.len() < 2 {
            return Vec::new();
        }
        self.ranges.iter().map(|range| span(original, range)).collect()
    }
}

impl Finding {
    fn without_encoder(
        language: &'static str,
        language_support: LanguageSupport,
        reading: Option<Reading>,
    ) -> Self {
        let assessment =
            Assessment { reading, language, language_support, windows: 0, strongest_window: None };
        Self { assessment, strongest: None }
    }

    /// The answer for this original.
    #[must_use]
    pub fn of(&self, original: &Normalized) -> Assessment {
        let place = self.strongest.as_ref().map(|(_, range)| span(original, range));
        Assessment { strongest_window: place, ..self.assessment.clone() }
    }

    /// The answer for an original whose windows lie at `spans`, as [`Outline::spans`] gave them.
    #[must_use]
    pub fn at(&self, spans: &[Span]) -> Assessment {
        let place = self.strongest.as_ref().and_then(|(at, _)| spans.get(*at).copied());
        Assessment { strongest_window: place, ..self.assessment.clone() }
    }
}

fn span(original: &Normalized, range: &Range<usize>) -> Span {
    let Range { start, end } = original.original_range(range.clone());
    Span { start, end }
}
