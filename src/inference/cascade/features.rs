//! What the first stage sees of a text: hashes of its words, of pairs of neighbouring words, and of runs of three to
//! five characters within a word, its edges counted. Training and serving both read through [`each_feature`].
//!
//! Everything is computed from a normalised text, lower-cased, in one pass and without a table of words: a hash is
//! the feature (Weinberger et al., "Feature Hashing for Large Scale Multitask Learning", ICML 2009; without their
//! sign, since weights are learnt for the hashed features themselves). Two n-grams that fall together share a weight.

use unicode_normalization::char::is_combining_mark;

/// Weights of the first stage: 2¹⁸ bytes, about what a core's second-level cache holds.
pub const FEATURES: usize = 1 << BITS;
const BITS: u32 = 18;
/// Shortest and longest run of characters.
const RUNS: (usize, usize) = (3, 5);
/// Words of a chunk. A long text is read in chunks, since one sentence would drown in the mean of a document.
pub const CHUNK_WORDS: usize = 48;
/// From one chunk to the next.
pub const CHUNK_STEP: usize = 24;

/// Two odd constants of wyhash: the bits of a product with them are well mixed at the top.
const MIX: u64 = 0xA076_1D64_78BD_642F;
const SPREAD: u64 = 0xE703_7ED1_A0B4_28DB;
/// Keep words, pairs and runs apart.
const WORD_SEED: u64 = 0x8EBC_6AF0_9C88_C6E3;
const PAIR_SEED: u64 = 0x5899_65CC_7537_4CC3;
const RUN_SEED: u64 = 0x1D8E_4E27_C47D_124F;
/// Stands at both edges of a word; no character has this number.
const EDGE: u32 = u32::MAX;

/// Hears the features of a text, word by word.
pub trait Listener {
    /// A feature of the word that is being read, below [`FEATURES`].
    fn feature(&mut self, index: u32);
    /// The word is over.
    fn end_of_word(&mut self);
}

/// Tells `listener` every feature of a normalised text, in a fixed order.
///
/// A word is a run of letters, digits and marks; an apostrophe inside it does not end it and is not part of it. Any
/// other character is a word of its own (an emoji says something), but for spaces and the punctuation of ASCII.
pub fn each_feature(text: &str, listener: &mut impl Listener) {
    let mut words = Words { word: Vec::with_capacity(32), before: PAIR_SEED, listener };
    for ch in text.chars() {
        if ch.is_ascii() {
            match ch {
                'a'..='z' | '0'..='9' => words.word.push(u32::from(ch)),
                'A'..='Z' => words.word.push(u32::from(ch.to_ascii_lowercase())),
                '\'' => {}
                _ => words.end(),
            }
        } else if ch.is_alphanumeric() || is_combining_mark(ch) {
            words.word.extend(ch.to_lowercase().map(u32::from));
        } else if ch != '’' {
            words.end();
            if !ch.is_whitespace() {
                words.word.push(u32::from(ch));
                words.end();
            }
        }
    }
    words.end();
}

struct Words<'a, L> {
    word: Vec<u32>,
    /// Hash of the word before.
    before: u64,
    listener: &'a mut L,
}

impl<L: Listener> Words<'_, L> {
    fn end(&mut self) {
        if self.word.is_empty() {
            return;
        }
        let hash = self.word.iter().fold(WORD_SEED, |hash, ch| step(hash, *ch));
        self.listener.feature(index(hash));
        self.listener.feature(index((self.before.rotate_left(31) ^ hash).wrapping_mul(MIX)));
        self.before = hash;
        self.word.push(EDGE);
        // The run from the edge before the word, then those from each of its characters.
        self.runs_from(Some(EDGE), 0);
        for start in 0..self.word.len() - 1 {
            self.runs_from(None, start);
        }
        self.word.clear();
        self.listener.end_of_word();
    }

    fn runs_from(&mut self, edge: Option<u32>, start: usize) {
        let (mut hash, mut length) = (RUN_SEED, 0);
        for ch in edge.iter().chain(&self.word[start..]).take(RUNS.1) {
            hash = step(hash, *ch);
            length += 1;
            if length >= RUNS.0 {
                self.listener.feature(index(hash));
            }
        }
    }
}

fn step(hash: u64, ch: u32) -> u64 {
    let mixed = (hash ^ u64::from(ch)).wrapping_mul(MIX);
    mixed ^ (mixed >> 32)
}

fn index(hash: u64) -> u32 {
    (hash.wrapping_mul(SPREAD) >> (u64::BITS - BITS)) as u32
}

/// Where the chunks of a text of so many words begin and end. One for a text without words, too.
pub fn chunks(words: usize) -> impl Iterator<Item = (usize, usize)> {
    let more = words.saturating_sub(CHUNK_WORDS).div_ceil(CHUNK_STEP);
    (0..=more).map(move |i| {
        // The last chunk is a whole one, like the last window of the encoder.
        let begin = (i * CHUNK_STEP).min(words.saturating_sub(CHUNK_WORDS));
        (begin, (begin + CHUNK_WORDS).min(words))
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    #[derive(Default)]
    struct Heard {
        words: Vec<Vec<u32>>,
        now: Vec<u32>,
    }

    impl Listener for Heard {
        fn feature(&mut self, index: u32) {
            self.now.push(index);
        }

        fn end_of_word(&mut self) {
            self.words.push(std::mem::take(&mut self.now));
        }
    }

    fn heard(text: &str) -> Vec<Vec<u32>> {
        let mut heard = Heard::default();
        each_feature(text, &mut heard);
        assert!(heard.now.is_empty(), "the last word did not end");
        heard.words
    }

    #[test]
    fn case_and_ascii_punctuation_say_nothing_and_an_emoji_is_a_word() {
        assert_eq!(heard("Tea, is READY!"), heard("tea is ready"));
        assert_eq!(heard("don't don’t"), heard("dont dont"));
        assert_eq!(heard("tea😀").len(), 2);
        assert_eq!(heard("ÉTÉ"), heard("été"));
        assert!(heard(" .,! ").is_empty());
    }

    #[test]
    fn a_word_has_itself_its_pair_and_its_runs() {
        // "tea" between two edges has five characters: three runs of 3, two of 4, one of 5.
        assert_eq!(heard("tea")[0].len(), 2 + 6);
        assert_eq!(heard("a")[0].len(), 2 + 1);
        let (alone, second) = (heard("tea"), heard("green tea"));
        let differ: Vec<usize> = (0..8).filter(|i| alone[0][*i] != second[1][*i]).collect();
        assert_eq!(differ, [1], "only the pair depends on the word before");
    }

    #[test]
    fn different_words_rarely_fall_together() {
        let words: Vec<String> = (0..2000).map(|i| format!("w{i}")).collect();
        let distinct: BTreeSet<u32> = words.iter().map(|w| heard(w)[0][0]).collect();
        // 2000 throws into 2¹⁸ places meet about 2000² / 2¹⁹ = 7.6 times.
        assert!(distinct.len() > 1975, "{}", distinct.len());
    }

    proptest! {
        #[test]
        fn every_feature_has_a_weight(text in "\\PC{0,80}") {
            prop_assert!(heard(&text).iter().flatten().all(|f| (*f as usize) < FEATURES));
        }

        #[test]
        fn chunks_cover_every_word(words in 0usize..1000) {
            let mut covered = 0;
            for (begin, end) in chunks(words) {
                prop_assert!(begin <= covered && end - begin <= CHUNK_WORDS && end >= covered);
                prop_assert!(words < CHUNK_WORDS || end - begin == CHUNK_WORDS);
                covered = end;
            }
            prop_assert_eq!(covered, words);
        }
    }
}
