//! Normalisation: the one form of a text that training, serving and evaluation all read.
//!
//! In order: Unicode NFKC; invisible and control characters and the Arabic tatweel dropped (the zero-width
//! non-joiner stays between letters of Arabic and Indic scripts, where it is spelling); white space to
//! single spaces, none at the ends; a character repeated more than three times cut to three, digits
//! excepted; web addresses to `http` and handles to `@user`, as tweet models do, so that no model can learn
//! a person's name. Case is kept. Normalising twice changes nothing.

use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;
use unicode_normalization::char::{canonical_combining_class, compose, decompose_compatible};

use crate::text::offsets::{Offsets, Piece};

/// A longer run of one character says nothing more.
const MAX_RUN: usize = 3;
/// Spelling in Persian and in Indic scripts, noise or evasion everywhere else.
const ZERO_WIDTH_NON_JOINER: char = '\u{200C}';

/// A normalised text that knows where it came from.
#[derive(Clone, PartialEq, Eq)]
pub struct Normalized {
    text: String,
    offsets: Offsets,
}

impl Normalized {
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Byte range of the original text that a byte range of [`Normalized::text`] stands for. Always on
    /// character boundaries and inside the original; later ranges never map to earlier ones.
    #[must_use]
    pub fn original_range(&self, range: Range<usize>) -> Range<usize> {
        self.offsets.original_range(&range)
    }
}

impl std::fmt::Debug for Normalized {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Normalized({} bytes)", self.text.len())
    }
}

/// Normalises `raw`; see the module's own words for the steps.
#[must_use]
pub fn normalize(raw: &str) -> Normalized {
    let mut pieces = decompose(raw);
    keep_joiners_that_spell(&mut pieces);
    reorder_marks(&mut pieces);
    let pieces = shorten_runs(collapse_spaces(recompose(&pieces)));
    let (text, _) = Offsets::of(&pieces);
    let pieces = replace_links(&text, &pieces);
    let (text, offsets) = Offsets::of(&pieces);
    Normalized { text, offsets }
}

/// Compatibility decomposition, without the characters that we drop.
fn decompose(raw: &str) -> Vec<Piece> {
    let mut pieces = Vec::with_capacity(raw.len());
    for (start, original) in raw.char_indices() {
        let end = start + original.len_utf8();
        decompose_compatible(original, |ch| {
            if ch.is_whitespace() {
                pieces.push(Piece { ch: ' ', start, end });
            } else if !is_dropped(ch) {
                pieces.push(Piece { ch, start, end });
            }
        });
    }
    pieces
}

/// Characters with no visible form of their own: they hide words from a reader or from a tokeniser.
fn is_dropped(ch: char) -> bool {
    ch.is_control()
        || matches!(ch,
            '\u{00AD}' | '\u{034F}' | '\u{0640}' | '\u{061C}' | '\u{115F}' | '\u{1160}'
            | '\u{17B4}' | '\u{17B5}' | '\u{180B}'..='\u{180F}' | '\u{200B}' | '\u{200D}'..='\u{200F}'
            | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}'
            | '\u{FFF9}'..='\u{FFFB}' | '\u{E0000}'..='\u{E0FFF}')
}

/// Letters between which a zero-width non-joiner can be spelling: Arabic, Syriac, and the Indic blocks.
fn joins(ch: char) -> bool {
    matches!(ch, '\u{0600}'..='\u{0DFF}') && ch.is_alphabetic() && canonical_combining_class(ch) == 0
}

/// Looks past marks for the letter before, since marks may still change places.
fn keep_joiners_that_spell(pieces: &mut Vec<Piece>) {
    let mut kept: Vec<Piece> = Vec::with_capacity(pieces.len());
    for (i, piece) in pieces.iter().enumerate() {
        if piece.ch == ZERO_WIDTH_NON_JOINER {
            let before = kept.iter().rev().find(|p| canonical_combining_class(p.ch) == 0);
            let after = pieces[i + 1..].iter().find(|p| p.ch != ZERO_WIDTH_NON_JOINER);
            if !(before.is_some_and(|p| joins(p.ch)) && after.is_some_and(|p| joins(p.ch))) {
                continue;
            }
        }
        kept.push(*piece);
    }
    *pieces = kept;
}

/// Canonical order of combining marks. A mark may move across another, so each character of a combining
/// sequence takes the range of the whole sequence: offsets stay in order.
fn reorder_marks(pieces: &mut [Piece]) {
    let mut i = 0;
    while i < pieces.len() {
        let mut end = i + 1;
        while end < pieces.len() && canonical_combining_class(pieces[end].ch) != 0 {
            end += 1;
        }
        if end > i + 1 {
            let sequence = &mut pieces[i..end];
            let first_mark = usize::from(canonical_combining_class(sequence[0].ch) == 0);
            sequence[first_mark..].sort_by_key(|p| canonical_combining_class(p.ch));
            let from = sequence.iter().map(|p| p.start).min().unwrap_or(0);
            let to = sequence.iter().map(|p| p.end).max().unwrap_or(0);
            for piece in sequence {
                (piece.start, piece.end) = (from, to);
            }
        }
        i = end;
    }
}

/// Canonical composition (UAX 15), joining the ranges of what is composed.
fn recompose(pieces: &[Piece]) -> Vec<Piece> {
    let mut out: Vec<Piece> = Vec::with_capacity(pieces.len());
    let mut starter: Option<usize> = None;
    // Combining class of the last character kept after the starter; `None` right after the starter.
    let mut last_class: Option<u8> = None;
    for piece in pieces {
        let class = canonical_combining_class(piece.ch);
        if let Some(at) = starter {
            let blocked = last_class.is_some_and(|last| last == 0 || last >= class);
            if !blocked && let Some(ch) = compose(out[at].ch, piece.ch) {
                out[at] = Piece { ch, start: out[at].start, end: out[at].end.max(piece.end) };
                continue;
            }
        }
        if class == 0 {
            starter = Some(out.len());
            last_class = None;
        } else {
            last_class = Some(class);
        }
        out.push(*piece);
    }
    out
}

fn collapse_spaces(pieces: Vec<Piece>) -> Vec<Piece> {
    let mut out: Vec<Piece> = Vec::with_capacity(pieces.len());
    for piece in pieces {
        match out.last_mut() {
            Some(last) if piece.ch == ' ' && last.ch == ' ' => last.end = last.end.max(piece.end),
            None if piece.ch == ' ' => {}
            _ => out.push(piece),
        }
    }
    if out.last().is_some_and(|p| p.ch == ' ') {
        out.pop();
    }
    out
}

fn shorten_runs(pieces: Vec<Piece>) -> Vec<Piece> {
    let mut out: Vec<Piece> = Vec::with_capacity(pieces.len());
    let mut run = 0;
    for piece in pieces {
        run = if out.last().is_some_and(|last| last.ch == piece.ch) { run + 1 } else { 1 };
        if run > MAX_RUN && !piece.ch.is_numeric() {
            if let Some(last) = out.last_mut() {
                last.end = last.end.max(piece.end);
            }
        } else {
            out.push(piece);
        }
    }
    out
}

/// One pattern, so that the leftmost of two overlapping finds wins and a second pass finds nothing new.
static LINKS: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?P<handle>\B@\w+)|(?i:https?://\S+|\bwww\.\S+)").expect("the pattern is a constant")
});

fn replace_links(text: &str, pieces: &[Piece]) -> Vec<Piece> {
    let mut out = Vec::with_capacity(pieces.len());
    let mut rest = pieces;
    let mut at = 0;
    for found in LINKS.captures_iter(text) {
        let whole = found.get(0).expect("group 0 is the match");
        let before = text[at..whole.start()].chars().count();
        let inside = text[whole.range()].chars().count();
        let (kept, tail) = rest.split_at(before);
        let (replaced, tail) = tail.split_at(inside);
        out.extend_from_slice(kept);
        let start = replaced[0].start;
        let end = replaced[replaced.len() - 1].end;
        let word = if found.name("handle").is_some() { "@user" } else { "http" };
        out.extend(word.chars().map(|ch| Piece { ch, start, end }));
        rest = tail;
        at = whole.end();
    }
    out.extend_from_slice(rest);
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use unicode_normalization::UnicodeNormalization;

    use super::*;

    fn text(raw: &str) -> String {
        normalize(raw).text().to_owned()
    }

    #[test]
    fn each_step_does_what_it_says() {
        for (raw, expected) in [
            ("  one \n\t two  ", "one two"),
            ("ｆｕｌｌ ｗｉｄｔｈ ﬁ", "full width fi"),
            ("in\u{200B}vis\u{AD}ible\u{202E}", "invisible"),
            ("sooooo good!!!!!!", "sooo good!!!"),
            ("10000 people", "10000 people"),
            ("see https://example.org/a?b=c now", "see http now"),
            ("see www.example.org", "see http"),
            ("hi @some_name, mail a@example.org", "hi @user, mail a@example.org"),
            ("Case Is Kept", "Case Is Kept"),
            ("كتـــاب", "كتاب"),
            ("می\u{200C}خواهم", "می\u{200C}خواهم"),
            ("a\u{200C}b", "ab"),
            ("\u{0}\u{200B} ", ""),
        ] {
            assert_eq!(text(raw), expected, "{raw:?}");
        }
    }

    #[test]
    fn a_range_leads_back_to_the_original() {
        let raw = "  Hello\u{200B}  @somebody at http://example.org/x ok";
        let normal = normalize(raw);
        assert_eq!(normal.text(), "Hello @user at http ok");
        let of = |part: &str| {
            let at = normal.text().find(part).expect("present");
            &raw[normal.original_range(at..at + part.len())]
        };
        assert_eq!(of("Hello"), "Hello");
        assert_eq!(of("@user"), "@somebody");
        assert_eq!(of("user at"), "@somebody at");
        assert_eq!(of("http"), "http://example.org/x");
        assert_eq!(of("ok"), "ok");
    }

    #[test]
    fn a_composed_letter_leads_back_to_both_parts() {
        let raw = "cafe\u{301}!";
        let normal = normalize(raw);
        assert_eq!(normal.text(), "café!");
        assert_eq!(&raw[normal.original_range(3..5)], "e\u{301}");
    }

    proptest! {
        #[test]
        fn normalising_twice_changes_nothing(raw in any::<String>()) {
            let once = text(&raw);
            prop_assert_eq!(&text(&once), &once);
        }

        #[test]
        fn noisy_texts_are_normalised_once(raw in "([a-d@:/.wWhHtTpPsS ]|\u{200C}|\u{640}|ی|é|\u{301}|\u{323}|\u{FE71}|\u{AC00}|\u{11A8}){0,40}") {
            let once = text(&raw);
            prop_assert_eq!(&text(&once), &once);
        }

        #[test]
        fn composition_is_nfkc(raw in any::<String>()) {
            let mut pieces = Vec::new();
            for (start, original) in raw.char_indices() {
                decompose_compatible(original, |ch| pieces.push(Piece { ch, start, end: start + original.len_utf8() }));
            }
            reorder_marks(&mut pieces);
            let ours: String = recompose(&pieces).iter().map(|p| p.ch).collect();
            prop_assert_eq!(ours, raw.nfkc().collect::<String>());
        }

        #[test]
        fn ranges_are_inside_ordered_and_on_boundaries(raw in any::<String>(), a in 0usize..80, b in 0usize..80) {
            let normal = normalize(&raw);
            let range = normal.original_range(a.min(b)..a.max(b));
            prop_assert!(range.start <= range.end && raw.get(range).is_some());
            let mut last = 0..0;
            for (at, ch) in normal.text().char_indices() {
                let range = normal.original_range(at..at + ch.len_utf8());
                prop_assert!(range.start < range.end && raw.get(range.clone()).is_some());
                prop_assert!(range.start >= last.start && range.end >= last.end);
                last = range;
            }
        }
    }
}
