//! The text of an item: not blank, bounded, exactly as it was sent.

/// Why a string is not a [`Text`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TextError {
    #[error("text is empty; send at least one visible character")]
    Empty,
    #[error("text is {got} bytes, the limit is {limit}; split it or raise `limits.max_text_bytes`")]
    TooLong { got: usize, limit: usize },
}

/// A text to assess. `Debug` does not print it: texts never reach logs.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Text(String);

impl Text {
    /// # Errors
    /// When `raw` is blank or longer than `limit` bytes.
    pub fn parse(raw: impl Into<String>, limit: usize) -> Result<Self, TextError> {
        let raw = raw.into();
        if raw.len() > limit {
            return Err(TextError::TooLong { got: raw.len(), limit });
        }
        if raw.trim().is_empty() {
            return Err(TextError::Empty);
        }
        Ok(Self(raw))
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Text {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Text({} bytes)", self.0.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blank_and_long_texts_are_refused() {
        assert_eq!(Text::parse(" \n\t", 10), Err(TextError::Empty));
        assert_eq!(Text::parse("hello", 4), Err(TextError::TooLong { got: 5, limit: 4 }));
    }

    #[test]
    fn debug_hides_the_text() {
        let text = Text::parse("secret", 10).expect("valid");
        assert_eq!(format!("{text:?}"), "Text(6 bytes)");
    }
}
