//! Which language a text is in, and whether the model can be trusted to read it.
//!
//! A wrong "unsupported" is a missed call: the text then gets no score at all. So the verdict needs evidence:
//! most letters in a script that no supported language uses, or a long text that reads reliably as another
//! language and has few of the little words of a supported one. Everything doubtful is `Unknown`, and scored.

use whatlang::Lang;

use crate::domain::assessment::LanguageSupport;

/// Letters below which a Latin-script text is too short to call another language.
const LETTERS_TO_REFUSE: usize = 60;
/// Letters below which a text is too short to call its language known.
const LETTERS_TO_KNOW: usize = 12;
/// Foreign letters below which a script is decoration (`ツ`, `Ω`), not writing.
const FOREIGN_LETTERS: usize = 3;
/// Share of English function words above which a text is English, whatever the trigrams say: tweets and
/// slang look Dutch or Afrikaans to trigrams.
const FUNCTION_WORDS: f64 = 0.12;

/// The likeliest language of a text.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Language {
    /// ISO 639-3, `und` when nothing can be said.
    pub code: &'static str,
    /// How certain the guess is, 0..=1.
    pub certainty: f64,
}

impl Language {
    const UNDETERMINED: Self = Self { code: "und", certainty: 0.0 };
}

/// The likeliest language of `text`, by script and letter trigrams.
#[must_use]
pub fn detect(text: &str) -> Language {
    whatlang::detect(text).map_or(Language::UNDETERMINED, |info| Language {
        code: info.lang().code(),
        certainty: info.confidence(),
    })
}

/// The English name of a language by its ISO 639-1 or 639-3 code; `None` for those that [`detect`] never gives.
#[must_use]
pub fn english_name(code: &str) -> Option<&'static str> {
    Lang::from_code(three_letters(code)).map(Lang::eng_name)
}

/// The language of a normalised text and whether it is among `supported` (ISO 639-1 or 639-3 codes).
#[must_use]
pub fn support(text: &str, supported: &[String]) -> (&'static str, LanguageSupport) {
    let words: Vec<&str> = text.split_whitespace().filter(|w| !w.starts_with('@') && *w != "http").collect();
    let text = words.join(" ");
    let codes: Vec<&str> = supported.iter().map(|code| three_letters(code)).collect();
    let scripts: Vec<Script> = codes.iter().flat_map(|code| scripts_of(code)).copied().collect();
    let letters = text.chars().filter(|c| c.is_alphabetic()).count();
    let foreign = text.chars().filter(|c| c.is_alphabetic() && !scripts.contains(&Script::of(*c))).count();
    let guess = detect(&text);
    if foreign >= FOREIGN_LETTERS && 2 * foreign >= letters {
        return (guess.code, LanguageSupport::Unsupported);
    }
    if letters < LETTERS_TO_KNOW {
        return ("und", LanguageSupport::Unknown);
    }
    if codes.contains(&"eng") && english_share(&words) >= FUNCTION_WORDS {
        return ("eng", LanguageSupport::Supported);
    }
    if codes.contains(&guess.code) {
        return (guess.code, LanguageSupport::Supported);
    }
    if guess.certainty > 0.9 && letters >= LETTERS_TO_REFUSE {
        return (guess.code, LanguageSupport::Unsupported);
    }
    (if guess.certainty > 0.9 { guess.code } else { "und" }, LanguageSupport::Unknown)
}

/// Share of words that are frequent in English and rare in the other languages of Latin script.
fn english_share(words: &[&str]) -> f64 {
    const WORDS: &[&str] = &[
        "the", "and", "of", "to", "is", "are", "was", "were", "you", "your", "they", "their", "he", "she",
        "his", "her", "it", "its", "it's", "that", "this", "with", "for", "have", "has", "not", "my", "we",
        "our", "be", "been", "what", "who", "how", "why", "when", "would", "should", "will", "can", "can't",
        "don't", "dont", "i'm", "im", "you're", "like", "just", "all", "from", "by", "but", "if", "than",
        "them", "these", "those",
    ];
    if words.is_empty() {
        return 0.0;
    }
    let known = words
        .iter()
        .filter(|w| {
            let bare = w.trim_matches(|c: char| !c.is_alphanumeric()).to_lowercase().replace('’', "'");
            WORDS.contains(&bare.as_str())
        })
        .count();
    known as f64 / words.len() as f64
}

/// ISO 639-3 for the two-letter codes that recipes use; a three-letter code stays as it is.
fn three_letters(code: &str) -> &str {
    const CODES: &[(&str, &str)] = &[
        ("ar", "ara"),
        ("bn", "ben"),
        ("de", "deu"),
        ("en", "eng"),
        ("es", "spa"),
        ("fa", "pes"),
        ("fr", "fra"),
        ("hi", "hin"),
        ("hr", "hrv"),
        ("id", "ind"),
        ("it", "ita"),
        ("nl", "nld"),
        ("pl", "pol"),
        ("pt", "por"),
        ("ru", "rus"),
        ("sv", "swe"),
        ("tr", "tur"),
        ("uk", "ukr"),
        ("ur", "urd"),
        ("zh", "cmn"),
        ("ja", "jpn"),
        ("ko", "kor"),
        ("he", "heb"),
        ("el", "ell"),
        ("th", "tha"),
        ("ta", "tam"),
        ("vi", "vie"),
    ];
    CODES.iter().find(|(two, _)| *two == code).map_or(code, |(_, three)| three)
}

/// Scripts, as coarsely as the question needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Script {
    Latin,
    Cyrillic,
    Arabic,
    Han,
    Kana,
    Hangul,
    Greek,
    Hebrew,
    Devanagari,
    Bengali,
    Other,
}

impl Script {
    const fn of(ch: char) -> Self {
        match ch {
            '\0'..='\u{02FF}'
            | '\u{1D00}'..='\u{1DBF}'
            | '\u{1E00}'..='\u{1EFF}'
            | '\u{2071}'..='\u{218F}'
            | '\u{2460}'..='\u{24FF}'
            | '\u{2C60}'..='\u{2C7F}'
            | '\u{A720}'..='\u{A7FF}'
            | '\u{AB30}'..='\u{AB6F}'
            | '\u{FB00}'..='\u{FB06}'
            | '\u{FF21}'..='\u{FF5A}'
            | '\u{1D400}'..='\u{1D7FF}'
            | '\u{1F100}'..='\u{1F1FF}' => Self::Latin,
            '\u{0370}'..='\u{03FF}' | '\u{1F00}'..='\u{1FFF}' => Self::Greek,
            '\u{0400}'..='\u{052F}'
            | '\u{1C80}'..='\u{1C8F}'
            | '\u{2DE0}'..='\u{2DFF}'
            | '\u{A640}'..='\u{A69F}' => Self::Cyrillic,
            '\u{0590}'..='\u{05FF}' | '\u{FB1D}'..='\u{FB4F}' => Self::Hebrew,
            '\u{0600}'..='\u{06FF}'
            | '\u{0750}'..='\u{077F}'
            | '\u{0870}'..='\u{08FF}'
            | '\u{FB50}'..='\u{FDFF}'
            | '\u{FE70}'..='\u{FEFE}' => Self::Arabic,
            '\u{0900}'..='\u{097F}' | '\u{A8E0}'..='\u{A8FF}' => Self::Devanagari,
            '\u{0980}'..='\u{09FF}' => Self::Bengali,
            '\u{1100}'..='\u{11FF}'
            | '\u{3130}'..='\u{318F}'
            | '\u{A960}'..='\u{A97F}'
            | '\u{AC00}'..='\u{D7FF}' => Self::Hangul,
            '\u{3040}'..='\u{30FF}' | '\u{31F0}'..='\u{31FF}' => Self::Kana,
            '\u{2E80}'..='\u{2FDF}'
            | '\u{3005}'..='\u{3007}'
            | '\u{3400}'..='\u{4DBF}'
            | '\u{4E00}'..='\u{9FFF}'
            | '\u{F900}'..='\u{FAFF}'
            | '\u{20000}'..='\u{3FFFF}' => Self::Han,
            _ => Self::Other,
        }
    }
}

/// The scripts a language is written in; Latin for those not listed, since most are.
fn scripts_of(code: &str) -> &'static [Script] {
    match Lang::from_code(three_letters(code)) {
        Some(Lang::Ara | Lang::Pes | Lang::Urd) => &[Script::Arabic],
        Some(Lang::Rus | Lang::Ukr | Lang::Bul | Lang::Bel | Lang::Mkd) => &[Script::Cyrillic],
        Some(Lang::Srp) => &[Script::Cyrillic, Script::Latin],
        Some(Lang::Cmn) => &[Script::Han],
        Some(Lang::Jpn) => &[Script::Han, Script::Kana],
        Some(Lang::Kor) => &[Script::Hangul],
        Some(Lang::Ell) => &[Script::Greek],
        Some(Lang::Heb | Lang::Yid) => &[Script::Hebrew],
        Some(Lang::Hin | Lang::Mar | Lang::Nep) => &[Script::Devanagari],
        Some(Lang::Ben) => &[Script::Bengali],
        Some(
            Lang::Tha
            | Lang::Tam
            | Lang::Tel
            | Lang::Kan
            | Lang::Mal
            | Lang::Guj
            | Lang::Pan
            | Lang::Ori
            | Lang::Sin
            | Lang::Khm
            | Lang::Mya
            | Lang::Kat
            | Lang::Hye
            | Lang::Amh,
        ) => &[Script::Other],
        _ => &[Script::Latin],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(text: &str) -> LanguageSupport {
        support(text, &["en".to_owned()]).1
    }

    #[test]
    fn english_is_supported_even_when_it_is_short_or_slangy() {
        assert_eq!(verdict("The choir meets on Monday and everyone is welcome."), LanguageSupport::Supported);
        assert_ne!(verdict("lol nah"), LanguageSupport::Unsupported);
        assert_ne!(
            verdict("@user omg wtf smh tbh ngl fr fr no cap bruh haha lmao big yikes deadass"),
            LanguageSupport::Unsupported
        );
        assert_ne!(verdict("ツ ok"), LanguageSupport::Unsupported);
        assert_ne!(verdict("🙂🙂🙂 123"), LanguageSupport::Unsupported);
        assert_ne!(verdict(""), LanguageSupport::Unsupported);
    }

    #[test]
    fn another_script_is_unsupported() {
        for text in [
            "Хор собирается по понедельникам",
            "الجوقة تجتمع يوم الاثنين",
            "合唱团星期一见面",
            "गायक मंडली सोमवार",
        ] {
            assert_eq!(verdict(text), LanguageSupport::Unsupported, "{text}");
        }
    }

    #[test]
    fn a_long_text_in_another_latin_language_is_unsupported_and_a_short_one_unknown() {
        let german = "Der Chor trifft sich jeden Montag im alten Rathaus, und neue Sängerinnen sind immer herzlich willkommen.";
        assert_eq!(support(german, &["eng".to_owned()]), ("deu", LanguageSupport::Unsupported));
        assert_eq!(support(german, &["en".to_owned(), "de".to_owned()]).1, LanguageSupport::Supported);
        assert_eq!(verdict("Der Chor trifft sich"), LanguageSupport::Unknown);
    }
}
