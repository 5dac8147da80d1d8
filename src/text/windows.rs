//! Windows over the tokens of a long text: every token is read, none is cut away silently.

use std::ops::Range;

/// Token ranges that together cover `0..len_tokens`, none longer than `max`, each overlapping the one
/// before by `stride` tokens, the last one aligned to the end (so it may overlap by more).
///
/// `max` is taken as at least 1 and `stride` as at most `max - 1`. No tokens, no windows.
#[must_use]
pub fn windows(len_tokens: usize, max: usize, stride: usize) -> Vec<Range<usize>> {
    let max = max.max(1);
    let step = max - stride.min(max - 1);
    let mut out = Vec::new();
    if len_tokens == 0 {
        return out;
    }
    let mut start = 0;
    while start + max < len_tokens {
        out.push(start..start + max);
        start += step;
    }
    out.push(len_tokens.saturating_sub(max)..len_tokens);
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn short_texts_have_one_window() {
        assert_eq!(windows(0, 8, 2), Vec::<Range<usize>>::new());
        for len in [1, 5, 8] {
            assert_eq!(windows(len, 8, 2), vec![Range { start: 0, end: len }]);
        }
    }

    #[test]
    fn the_last_window_is_full() {
        assert_eq!(windows(9, 8, 2), [0..8, 1..9]);
        assert_eq!(windows(20, 8, 2), [0..8, 6..14, 12..20]);
        assert_eq!(windows(21, 8, 2), [0..8, 6..14, 12..20, 13..21]);
    }

    proptest! {
        #[test]
        fn every_token_is_covered(len in 0usize..500, max in 0usize..70, stride in 0usize..90) {
            let mut covered = 0;
            for window in windows(len, max, stride) {
                prop_assert!(window.start <= covered, "gap before {window:?}");
                prop_assert!(window.len() <= max.max(1) && window.end > covered);
                covered = window.end;
            }
            prop_assert_eq!(covered, len);
        }
    }
}
