//! How the characters of a text file are written. Research data from before UTF-8 won is common enough, and a
//! wrong guess changes texts without anybody noticing, so the file's description says it.

use std::borrow::Cow;
use std::fmt;

use encoding_rs::{UTF_16BE, UTF_16LE, WINDOWS_1252};
use serde::Deserialize;

/// A character encoding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
pub enum Encoding {
    #[default]
    #[serde(rename = "utf-8")]
    Utf8,
    /// Latin-1 is read as Windows-1252, as browsers do: the two differ in control characters only.
    #[serde(rename = "windows-1252", alias = "latin-1")]
    Windows1252,
    /// Little-endian where no byte-order mark says otherwise.
    #[serde(rename = "utf-16")]
    Utf16,
}

/// Bytes that mean nothing in the stated encoding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Undecodable {
    /// 1-based line on which the first of them stands.
    pub line: u64,
}

impl fmt::Display for Undecodable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not UTF-16, or cut in the middle of a character; check `encoding`")
    }
}

impl Encoding {
    /// The text of a file. UTF-8 is repaired with U+FFFD, and every byte means something in Windows-1252; only
    /// UTF-16 can fail.
    ///
    /// # Errors
    /// When the bytes are not UTF-16 though they should be.
    pub fn decode(self, bytes: &[u8]) -> Result<Cow<'_, str>, Undecodable> {
        match self {
            Self::Utf8 => Ok(String::from_utf8_lossy(bytes)),
            Self::Windows1252 => Ok(WINDOWS_1252.decode_without_bom_handling(bytes).0),
            Self::Utf16 => {
                let (encoding, bytes) = match bytes {
                    [0xFE, 0xFF, rest @ ..] => (UTF_16BE, rest),
                    [0xFF, 0xFE, rest @ ..] => (UTF_16LE, rest),
                    _ => (UTF_16LE, bytes),
                };
                encoding.decode_without_bom_handling_and_without_replacement(bytes).ok_or_else(|| {
                    let repaired = encoding.decode_without_bom_handling(bytes).0;
                    let before = repaired.split('\u{FFFD}').next().unwrap_or_default();
                    Undecodable { line: 1 + before.matches('\n').count() as u64 }
                })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_encoding_gives_the_same_word() {
        let word = "Café\nœuvre";
        let utf16 = |big: bool| -> Vec<u8> {
            word.encode_utf16().flat_map(|u| if big { u.to_be_bytes() } else { u.to_le_bytes() }).collect()
        };
        let mark = |mark: [u8; 2], big| [mark.to_vec(), utf16(big)].concat();
        for (encoding, bytes) in [
            (Encoding::Utf8, word.as_bytes().to_vec()),
            (Encoding::Windows1252, b"Caf\xE9\n\x9Cuvre".to_vec()),
            (Encoding::Utf16, utf16(false)),
            (Encoding::Utf16, mark([0xFF, 0xFE], false)),
            (Encoding::Utf16, mark([0xFE, 0xFF], true)),
        ] {
            assert_eq!(encoding.decode(&bytes).unwrap(), word, "{encoding:?}");
        }
    }

    #[test]
    fn half_a_character_is_refused_with_its_line() {
        let lone_surrogate = [b'a', 0, b'\n', 0, 0x00, 0xD8, b'b', 0];
        assert_eq!(Encoding::Utf16.decode(&lone_surrogate), Err(Undecodable { line: 2 }));
        assert_eq!(Encoding::Utf16.decode(&[b'a', 0, b'b']), Err(Undecodable { line: 1 }));
    }
}
