//! Near-duplicate fingerprints: a key that forgets what copies change (case, addresses, handles,
//! punctuation), an exact hash of it, and MinHash with banding for copies that changed a few words.
//!
//! MinHash: Broder, "On the resemblance and containment of documents", 1997. With 16 bands of 4 rows, two
//! texts of similarity 0.7 share a band with probability 0.99, of similarity 0.3 with 0.12.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;
use xxhash_rust::xxh3::xxh3_64;

const HASHES: usize = 64;
/// How many bands a [`Fingerprint`] has.
pub const BANDS: usize = 16;
const ROWS: usize = HASHES / BANDS;
/// From this many words on, a text is compared by word triples; below, by runs of five characters.
const WORDS_FOR_TRIPLES: usize = 8;
const CHARACTERS: usize = 5;

/// What two copies of a text have in common: lower case, no web addresses, handles or punctuation, single
/// spaces. A text of nothing else (emoji, say) keeps its characters.
#[must_use]
pub fn key(text: &str) -> String {
    let mut key = String::with_capacity(text.len());
    for word in text.split_whitespace() {
        if word.starts_with('@') || word.starts_with("http") || word.starts_with("www.") {
            continue;
        }
        let before = key.len();
        if before > 0 {
            key.push(' ');
        }
        let from = key.len();
        for ch in word.nfkc().flat_map(char::to_lowercase) {
            if ch.is_alphanumeric() || is_combining_mark(ch) {
                key.push(ch);
            } else if !matches!(ch, '\'' | '’' | '\u{AD}' | '\u{200B}'..='\u{200F}')
                && !key[from..].ends_with(' ')
                && key.len() > from
            {
                key.push(' ');
            }
        }
        key.truncate(key.trim_end().len());
        // Placeholders that publishers put where an address or a handle stood.
        if key.len() <= from || matches!(&key[from..], "url" | "user" | "httpurl") {
            key.truncate(before);
        }
    }
    if key.is_empty() { text.split_whitespace().collect::<Vec<_>>().join(" ") } else { key }
}

/// XXH3 of [`key`]: equal for exact copies.
#[must_use]
pub fn exact_hash(text: &str) -> u64 {
    xxh3_64(key(text).as_bytes())
}

/// MinHash signature of a text's [`key`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fingerprint([u64; HASHES]);

impl Fingerprint {
    #[must_use]
    pub fn of(text: &str) -> Self {
        Self::of_key(&key(text))
    }

    /// For callers that have the [`key`] already.
    #[must_use]
    pub fn of_key(key: &str) -> Self {
        let mut signature = [u64::MAX; HASHES];
        let mut add = |shingle: &str| {
            let hash = xxh3_64(shingle.as_bytes());
            for (slot, (a, b)) in signature.iter_mut().zip(PERMUTATIONS) {
                *slot = (*slot).min(hash.wrapping_mul(a).wrapping_add(b));
            }
        };
        let words: Vec<&str> = key.split(' ').collect();
        if words.len() >= WORDS_FOR_TRIPLES {
            words.windows(3).for_each(|triple| add(&triple.join(" ")));
        } else {
            let mut starts: Vec<usize> = key.char_indices().map(|(at, _)| at).collect();
            starts.push(key.len());
            if starts.len() <= CHARACTERS {
                add(key);
            }
            for run in starts.windows(CHARACTERS + 1) {
                add(&key[run[0]..run[CHARACTERS]]);
            }
        }
        Self(signature)
    }

    /// One hash per band: two texts that share any of them are candidates.
    #[must_use]
    pub fn bands(&self) -> [u64; BANDS] {
        let mut bands = [0; BANDS];
        for (i, (band, rows)) in bands.iter_mut().zip(self.0.chunks_exact(ROWS)).enumerate() {
            // The band's number is mixed in, so that equal rows in different bands do not meet.
            *band = rows.iter().fold(split_mix(i as u64), |hash, row| split_mix(hash ^ row));
        }
        bands
    }

    /// Estimated Jaccard similarity of the two texts' shingles, 0..=1.
    #[must_use]
    pub fn similarity(&self, other: &Self) -> f64 {
        let equal = self.0.iter().zip(&other.0).filter(|(a, b)| a == b).count();
        equal as f64 / HASHES as f64
    }
}

/// Multiply-and-add permutations of the 64-bit integers: odd factors make them one-to-one.
const PERMUTATIONS: [(u64, u64); HASHES] = {
    let mut out = [(0, 0); HASHES];
    let mut i = 0;
    while i < HASHES {
        out[i] = (split_mix(2 * i as u64) | 1, split_mix(2 * i as u64 + 1));
        i += 1;
    }
    out
};

/// SplitMix64 (Steele, Lea, Flood 2014): a fixed scrambling of an integer.
const fn split_mix(x: u64) -> u64 {
    let mut z = x.wrapping_add(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_key_forgets_what_copies_change() {
        assert_eq!(key("Hello, @someone! Don't  MISS https://example.org"), "hello dont miss");
        assert_eq!(key("one/two—three..."), "one two three");
        assert_eq!(key("[URL] see @USER <user>"), "see");
        assert_eq!(key("🙂 🙂"), "🙂 🙂");
        assert_eq!(exact_hash("The choir sings."), exact_hash("the CHOIR sings @you"));
    }

    #[test]
    fn a_changed_word_is_near_and_another_text_is_far() {
        let long = "the town choir meets every monday evening in the old hall and new singers are always welcome to join us there";
        let a = Fingerprint::of(long);
        let b = Fingerprint::of(&format!("{long} today"));
        let c = Fingerprint::of(
            "a different sentence about the weather in the north, where rain is expected for the rest of the week",
        );
        assert!(a.similarity(&b) > 0.8, "{}", a.similarity(&b));
        assert!(a.similarity(&c) < 0.1, "{}", a.similarity(&c));
        assert!(a.bands().iter().zip(b.bands()).any(|(x, y)| *x == y));
    }

    proptest! {
        #[test]
        fn a_key_is_its_own_key(text in any::<String>()) {
            let once = key(&text);
            prop_assert!(Fingerprint::of_key(&once).similarity(&Fingerprint::of(&text)) >= 1.0);
        }
    }
}
