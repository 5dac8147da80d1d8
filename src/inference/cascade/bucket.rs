//! Buckets: texts of one language and like length, for which the first stage is certified together or not at all.

use crate::domain::assessment::LanguageSupport;

/// Stands for the texts of which nobody can say what language they are in; scored all the same.
pub const UNKNOWN: &str = "unknown";

/// The language of a bucket; `None` where there is no score at all.
#[must_use]
pub fn language_of(code: &str, support: LanguageSupport) -> Option<&str> {
    match support {
        LanguageSupport::Supported => Some(code),
        LanguageSupport::Unknown => Some(UNKNOWN),
        LanguageSupport::Unsupported => None,
    }
}

/// Where one length ends and the next begins, in characters of the normalised text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lengths(Vec<usize>);

impl Lengths {
    /// # Errors
    /// When `borders` do not rise, or begin with 0.
    pub fn new(borders: Vec<usize>) -> Result<Self, String> {
        if borders.first() == Some(&0) || borders.windows(2).any(|pair| pair[0] >= pair[1]) {
            return Err(format!("lengths are {borders:?}; they must rise and be above 0"));
        }
        Ok(Self(borders))
    }

    /// How many lengths there are; one more than borders.
    #[must_use]
    pub const fn count(&self) -> usize {
        self.0.len() + 1
    }

    #[must_use]
    pub fn borders(&self) -> &[usize] {
        &self.0
    }

    /// Which length a normalised text has.
    #[must_use]
    pub fn index(&self, text: &str) -> usize {
        let chars = text.chars().count();
        self.0.partition_point(|border| *border <= chars)
    }

    /// From how many characters on, and below how many; no limit for the last.
    #[must_use]
    pub fn range(&self, index: usize) -> (usize, Option<usize>) {
        let from = index.checked_sub(1).map_or(0, |before| self.0[before]);
        (from, self.0.get(index).copied())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_length_has_one_place() {
        let lengths = Lengths::new(vec![3, 5]).unwrap();
        let of = |n: usize| lengths.index(&"é".repeat(n));
        assert_eq!([0, 2, 3, 4, 5, 99].map(of), [0, 0, 1, 1, 2, 2]);
        assert_eq!([0, 1, 2].map(|i| lengths.range(i)), [(0, Some(3)), (3, Some(5)), (5, None)]);
        assert_eq!(Lengths::new(Vec::new()).unwrap().count(), 1);
        assert!(Lengths::new(vec![0, 3]).is_err() && Lengths::new(vec![3, 3]).is_err());
    }
}
