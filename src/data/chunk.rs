//! Cuts long documents into pieces of at most so many characters, at paragraph and sentence ends.

/// Pieces of `text`, in order, each of at most `limit` characters and none blank. A sentence longer than the
/// limit is cut at a space, a word longer than the limit inside; nothing is lost but white space.
pub(super) fn chunks(text: &str, limit: usize) -> Vec<&str> {
    let limit = limit.max(1);
    let mut out = Vec::new();
    let mut rest = text.trim();
    while !rest.is_empty() {
        let end = cut(rest, limit);
        out.push(rest[..end].trim_end());
        rest = rest[end..].trim_start();
    }
    out
}

/// Where to cut: after the last line or sentence end within `limit` characters, else after the last space, else at
/// the limit.
fn cut(text: &str, limit: usize) -> usize {
    let Some((hard, _)) = text.char_indices().nth(limit) else { return text.len() };
    let head = &text[..hard];
    let sentence = head
        .char_indices()
        .zip(head.chars().skip(1).chain(text[hard..].chars().next()))
        .filter(|((_, ch), next)| {
            *ch == '\n' || (matches!(ch, '.' | '!' | '?' | '。' | '؟' | '।') && next.is_whitespace())
        })
        .last()
        .map(|((at, ch), _)| at + ch.len_utf8());
    // A very short first piece would be a fragment of no use; then a space is the better place.
    match sentence {
        Some(end) if 4 * end >= hard => end,
        _ => head.rfind(char::is_whitespace).filter(|at| *at > 0).unwrap_or(hard),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn pieces_end_where_sentences_do() {
        assert_eq!(chunks("One two. Three four. Five.", 21), ["One two. Three four.", "Five."]);
        assert_eq!(chunks("A heading\n\nSecond line here", 20), ["A heading", "Second line here"]);
        assert_eq!(chunks("abcdefgh", 3), ["abc", "def", "gh"]);
    }

    proptest! {
        #[test]
        fn nothing_is_lost_and_nothing_is_too_long(text in any::<String>(), limit in 1usize..40) {
            let pieces = chunks(&text, limit);
            prop_assert!(pieces.iter().all(|p| p.chars().count() <= limit && !p.trim().is_empty()));
            let strip = |s: &str| s.chars().filter(|c| !c.is_whitespace()).collect::<String>();
            prop_assert_eq!(strip(&pieces.concat()), strip(&text));
        }
    }
}
