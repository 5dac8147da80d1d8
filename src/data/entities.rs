//! HTML entities in scraped texts: the named ones that occur, and all numbered ones.

/// Decodes once; what is no entity stays as it is.
pub(super) fn decode(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        // The longest entity we know is `&#x10FFFF;`.
        let entity = rest
            .bytes()
            .take(10)
            .position(|b| b == b';')
            .and_then(|end| Some((end, character(&rest[1..end])?)));
        if let Some((end, ch)) = entity {
            out.push(ch);
            rest = &rest[end + 1..];
        } else {
            out.push('&');
            rest = &rest[1..];
        }
    }
    out.push_str(rest);
    out
}

fn character(name: &str) -> Option<char> {
    match name {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        "nbsp" => Some(' '),
        _ => {
            let number = name.strip_prefix('#')?;
            let code = match number.strip_prefix(['x', 'X']) {
                Some(hex) => u32::from_str_radix(hex, 16),
                None => number.parse(),
            };
            char::from_u32(code.ok()?)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entities_become_characters_and_the_rest_stays() {
        assert_eq!(
            decode("&#8220;tea &amp; cake&#x201D; &lt;3 &unknown; & é&"),
            "“tea & cake” <3 &unknown; & é&"
        );
    }
}
