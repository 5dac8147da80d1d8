//! From a text to windows of token ids, each knowing which bytes of the normalised text it read.

use std::ops::Range;
use std::path::Path;

use tokenizers::Tokenizer;

use crate::inference::classifier::Encoding;
use crate::inference::error::Error;
use crate::text::normalize::Normalized;
use crate::text::windows::windows;

/// How long a window may be and how much it shares with the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WindowShape {
    /// Tokens of a window, special tokens and prefix included.
    pub max_tokens: usize,
    /// Tokens two neighbours share.
    pub overlap: usize,
}

/// One window of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Window {
    pub encoding: Encoding,
    /// Bytes of the normalised text.
    pub range: Range<usize>,
}

/// A tokeniser with the window shape and prefix its model expects.
#[derive(Debug)]
pub struct TextEncoder {
    tokenizer: Tokenizer,
    /// Special tokens before a text, then those of the prefix.
    opening: Vec<u32>,
    closing: Vec<u32>,
    shape: WindowShape,
}

impl TextEncoder {
    /// Reads `tokenizer.json`. Padding and truncation that some files carry are switched off: padding would
    /// enter the mean, truncation would cut silently.
    ///
    /// # Errors
    /// [`Error::Bundle`] when the file is not a tokeniser or the window has no room for text.
    pub fn open(path: &Path, prefix: &str, shape: WindowShape) -> Result<Self, Error> {
        let bundle = |reason: String| Error::Bundle { path: path.to_owned(), reason };
        let mut tokenizer = Tokenizer::from_file(path).map_err(|e| bundle(e.to_string()))?;
        tokenizer.with_padding(None);
        tokenizer.with_truncation(None).map_err(|e| bundle(e.to_string()))?;
        let special = tokenizer.encode("", true).map_err(|e| bundle(e.to_string()))?.get_ids().to_vec();
        let (opening, closing) = special.split_at(special.len().div_ceil(2));
        let mut opening = opening.to_vec();
        if !prefix.is_empty() {
            let prefix = tokenizer.encode(prefix, false).map_err(|e| bundle(e.to_string()))?;
            opening.extend_from_slice(prefix.get_ids());
        }
        let closing = closing.to_vec();
        if shape.max_tokens <= opening.len() + closing.len() {
            return Err(bundle(format!("a window of {} tokens has no room for text", shape.max_tokens)));
        }
        Ok(Self { tokenizer, opening, closing, shape })
    }

    /// Cuts a normalised text into overlapping windows that together hold every token. At least one window.
    ///
    /// # Errors
    /// [`Error::Encode`] when the tokeniser fails.
    pub fn encode(&self, text: &Normalized) -> Result<Vec<Window>, Error> {
        let encoding = self.tokenizer.encode(text.text(), false).map_err(|e| Error::Encode(e.to_string()))?;
        let (ids, offsets) = (encoding.get_ids(), encoding.get_offsets());
        let room = self.shape.max_tokens - self.opening.len() - self.closing.len();
        if ids.is_empty() {
            return Ok(vec![Window { encoding: self.wrap(&[]), range: 0..text.text().len() }]);
        }
        let cut = windows(ids.len(), room, self.shape.overlap);
        Ok(cut
            .into_iter()
            .map(|range| Window {
                encoding: self.wrap(&ids[range.clone()]),
                range: offsets[range.start].0..offsets[range.end - 1].1.max(offsets[range.start].0),
            })
            .collect())
    }

    fn wrap(&self, ids: &[u32]) -> Encoding {
        let mut all = Vec::with_capacity(self.opening.len() + ids.len() + self.closing.len());
        all.extend_from_slice(&self.opening);
        all.extend_from_slice(ids);
        all.extend_from_slice(&self.closing);
        Encoding { ids: all }
    }
}
