//! The map from a normalised text back to the original, kept through every step of normalisation.

use std::ops::Range;

/// One character on its way through normalisation, with the bytes of the original it came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Piece {
    pub(super) ch: char,
    /// Byte range of the original, on character boundaries.
    pub(super) start: usize,
    pub(super) end: usize,
}

/// For each character of the normalised text: where it starts there, and the range of the original that
/// it stands for. Both ends of the ranges never decrease from one character to the next.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Offsets {
    starts: Vec<usize>,
    origins: Vec<(usize, usize)>,
    len: usize,
}

impl Offsets {
    /// The text the pieces spell, and its offsets.
    pub(super) fn of(pieces: &[Piece]) -> (String, Self) {
        let mut text = String::with_capacity(pieces.len());
        let mut offsets = Self::default();
        for piece in pieces {
            offsets.starts.push(text.len());
            offsets.origins.push((piece.start, piece.end));
            text.push(piece.ch);
        }
        offsets.len = text.len();
        (text, offsets)
    }

    /// The range of the original that `range` of the normalised text stands for. A range that cuts through
    /// a character counts the whole character; one beyond the end is cut to the end.
    pub(super) fn original_range(&self, range: &Range<usize>) -> Range<usize> {
        let start = range.start.min(self.len);
        let end = range.end.min(self.len).max(start);
        // The character that `start` lies in; with none there, the place after the last one.
        let first = self.starts.partition_point(|&s| s <= start).saturating_sub(1);
        let Some(&(from, _)) = self.origins.get(first) else { return 0..0 };
        if start == self.len {
            let last = self.origins.last().map_or(0, |o| o.1);
            return last..last;
        }
        if start == end {
            return from..from;
        }
        let last = self.starts.partition_point(|&s| s < end).saturating_sub(1);
        from..self.origins[last].1
    }
}
