//! What of a text is left when its words are taken away: how it was written, copied and stored.

/// What is counted in a text. Each gives two numbers: ln(1 + count for a hundred characters), and whether it occurs.
const COUNTED: usize = 20;
/// Yes-or-no questions on top.
const ASKED: usize = 4;
/// Numbers of a text.
const WIDTH: usize = 2 * COUNTED + ASKED;

/// One row for each text.
pub(super) fn rows(texts: &[&str]) -> Vec<Vec<f64>> {
    texts.iter().map(|text| numbers(text)).collect()
}

/// The length of a text in characters and words, as numbers that a straight line can use.
pub(super) fn lengths(texts: &[&str]) -> Vec<Vec<f64>> {
    let row = |text: &&str| {
        let (characters, words) = (text.chars().count() as f64, text.split_whitespace().count() as f64);
        let log = characters.ln_1p();
        vec![log, log * log, words.ln_1p(), characters / words.max(1.0)]
    };
    texts.iter().map(row).collect()
}

fn numbers(text: &str) -> Vec<f64> {
    let characters = text.chars().count().max(1) as f64;
    let counts = counts(text);
    let mut out = Vec::with_capacity(WIDTH);
    out.extend(counts.iter().map(|count| (100.0 * *count as f64 / characters).ln_1p()));
    out.extend(counts.iter().map(|count| f64::from(u8::from(*count > 0))));
    let (first, last) = (text.chars().next(), text.chars().next_back());
    let asked = [
        first.is_some_and(char::is_lowercase),
        first.is_some_and(is_quote),
        last.is_some_and(|c| matches!(c, '.' | '!' | '?' | '…')),
        text.starts_with("RT "),
    ];
    out.extend(asked.map(|yes| f64::from(u8::from(yes))));
    out
}

fn counts(text: &str) -> [usize; COUNTED] {
    let characters = |test: fn(char) -> bool| text.chars().filter(|c| test(*c)).count();
    let words = |test: fn(&str) -> bool| text.split_whitespace().filter(|w| test(w)).count();
    let pieces = |what: &[&str]| what.iter().map(|piece| text.matches(piece).count()).sum::<usize>();
    [
        words(|w| w.starts_with("http") || w.starts_with("www.") || w.contains("t.co/")),
        words(|w| w.starts_with('@')),
        words(|w| w.starts_with('#')),
        words(|w| w.chars().count() > 1 && w.chars().all(char::is_uppercase)),
        characters(char::is_uppercase),
        characters(|c| c.is_ascii_digit()),
        characters(is_emoji),
        characters(is_quote),
        characters(|c| matches!(c, '\n' | '\r')),
        characters(|c| c == '!'),
        characters(|c| c == '?'),
        characters(|c| matches!(c, ',' | ';' | ':')),
        characters(|c| c == '.'),
        characters(|c| c.is_alphabetic() && !c.is_ascii()),
        pieces(&["...", "…"]),
        pieces(&["  ", "\t", "\u{A0}"]),
        // Entities that were not decoded, and marks of a wrong encoding.
        pieces(&["&amp;", "&lt;", "&gt;", "&quot;", "&#"]),
        pieces(&["\u{FFFD}", "Ã", "â€", "Â"]),
        // What publishers put in place of addresses and names.
        pieces(&["[URL]", "[USER]", "<user>", "<url>", "USER", "URL", "{", "[removed]"]),
        repeated(text),
    ]
}

/// Runs of three or more of one letter.
fn repeated(text: &str) -> usize {
    let mut run = (None, 0);
    let mut found = 0;
    for c in text.chars().filter(|c| c.is_alphabetic()) {
        run = if run.0 == Some(c) { (run.0, run.1 + 1) } else { (Some(c), 1) };
        found += usize::from(run.1 == 3);
    }
    found
}

const fn is_quote(c: char) -> bool {
    matches!(c, '"' | '\'' | '“' | '”' | '‘' | '’' | '«' | '»' | '„')
}

const fn is_emoji(c: char) -> bool {
    matches!(c, '\u{1F1E6}'..='\u{1FAFF}' | '\u{2600}'..='\u{27BF}' | '\u{FE0F}' | '\u{200D}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_do_not_count_and_marks_do() {
        let plain = numbers("the choir sings on monday");
        assert_eq!(plain, numbers("the baker works on sunday"), "other words of equal length are the same");
        assert_eq!(plain.len(), WIDTH);
        for marked in [
            "the choir sings on http://x",
            "@you choir sings on monday",
            "the choir sings on MONDAY",
            "the choir sings on monday!",
            "the choir sings &amp; monday",
            "the choir sings on mondâ€y",
            "the choir siiings onmonday",
            "the choir\nsings on monday",
            "the choir sings on 🙂onday",
        ] {
            assert_ne!(plain, numbers(marked), "{marked}");
        }
    }
}
