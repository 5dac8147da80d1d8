//! A list of identities and the words they are named by, for slices of texts that carry no such label.
//!
//! A text belongs to every identity whose word stands in it: bounded by what is no letter, digit or `_`, upper and
//! lower case alike in every script. Where two words could match at one place the longer one does, so that `african
//! american` is not also `american`. That is presence of a word, not what the text is about: `black` is a colour
//! too (the method and most of the list are those of Dixon et al. 2018, Measuring and Mitigating Unintended Bias in
//! Text Classification, AIES).

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use regex::{Regex, RegexBuilder};
use serde::Deserialize;

/// A list, ready to be looked for.
#[derive(Debug, Clone)]
pub struct Identities {
    names: Vec<String>,
    /// Index into `names` of each word, case folded.
    words: BTreeMap<String, usize>,
    pattern: Regex,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    identity: Vec<Identity>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Identity {
    name: String,
    words: Vec<String>,
}

impl Identities {
    /// Reads a list.
    pub(super) fn open(path: &Path) -> Result<Self, String> {
        let text = fs_err::read_to_string(path).map_err(|e| e.to_string())?;
        Self::parse(&text).map_err(|reason| format!("{}: {reason}", path.display()))
    }

    fn parse(toml: &str) -> Result<Self, String> {
        let file: File = toml::from_str(toml).map_err(|e| e.message().to_owned())?;
        let mut names = Vec::new();
        let mut words = BTreeMap::new();
        for identity in file.identity {
            if names.contains(&identity.name) {
                return Err(format!("identity `{}` is there twice", identity.name));
            }
            for word in &identity.words {
                let inner = |c: char| c.is_alphanumeric() || c == ' ' || c == '-' || c == '\'';
                if word.trim().is_empty() || !word.chars().all(inner) {
                    return Err(format!("identity `{}`: `{word}` is no word", identity.name));
                }
                if words.insert(word.to_lowercase(), names.len()).is_some() {
                    return Err(format!("the word `{word}` stands for two identities"));
                }
            }
            names.push(identity.name);
        }
        if words.is_empty() {
            return Err("it names no identity".to_owned());
        }
        // At one place the first alternative that matches wins.
        let mut longest_first: Vec<&String> = words.keys().collect();
        longest_first.sort_by_key(|word| (std::cmp::Reverse(word.chars().count()), *word));
        let alternatives: Vec<String> = longest_first.into_iter().map(|w| regex::escape(w)).collect();
        let pattern = RegexBuilder::new(&format!(r"\b(?:{})\b", alternatives.join("|")))
            .case_insensitive(true)
            .build()
            .map_err(|e| format!("the words make no pattern: {e}"))?;
        Ok(Self { names, words, pattern })
    }

    /// The names of all identities, in the order of the list.
    #[must_use]
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// The identities that a text mentions, in the order of the list.
    #[must_use]
    pub fn of(&self, text: &str) -> Vec<&str> {
        let found: BTreeSet<usize> =
            self.pattern.find_iter(text).filter_map(|m| self.index(m.as_str())).collect();
        found.into_iter().map(|i| self.names[i].as_str()).collect()
    }

    /// A text that mentions exactly one identity, with a gap in the place of its words, and that identity.
    #[must_use]
    pub fn masked(&self, text: &str) -> Option<(String, &str)> {
        match self.of(text)[..] {
            [identity] => Some((self.pattern.replace_all(text, "\u{2026}").to_lowercase(), identity)),
            _ => None,
        }
    }

    fn index(&self, matched: &str) -> Option<usize> {
        self.words.get(&matched.to_lowercase()).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list() -> Identities {
        Identities::parse(
            r#"
            [[identity]]
            name = "american"
            words = ["american", "americans"]
            [[identity]]
            name = "african american"
            words = ["african american"]
            [[identity]]
            name = "lake people"
            words = ["озёрные", "lake-people"]
            "#,
        )
        .unwrap()
    }

    #[test]
    fn words_are_bounded_folded_and_the_longest_wins() {
        let list = list();
        assert_eq!(list.of("AMERICANS, and one African American"), ["american", "african american"]);
        assert_eq!(list.of("one African American"), ["african american"]);
        assert_eq!(list.of("panamericana american_x"), Vec::<&str>::new());
        assert_eq!(list.of("ОЗЁРНЫЕ жители"), ["lake people"]);
        assert_eq!(list.of("приозёрные"), Vec::<&str>::new());
    }

    #[test]
    fn a_masked_text_is_the_same_for_every_identity() {
        let list = list();
        let (group, identity) = list.masked("A calm American reads.").unwrap();
        assert_eq!((group.as_str(), identity), ("a calm … reads.", "american"));
        assert_eq!(list.masked("A calm lake-people reads.").unwrap().0, group);
        assert!(list.masked("An American and an African American").is_none());
        assert!(list.masked("Nobody").is_none());
    }

    #[test]
    fn a_list_that_contradicts_itself_is_refused() {
        let two =
            "[[identity]]\nname = \"a\"\nwords = [\"x\"]\n[[identity]]\nname = \"b\"\nwords = [\"X\"]\n";
        for (toml, reason) in [
            (two, "two identities"),
            (&two.replace("\"b\"", "\"a\""), "there twice"),
            ("[[identity]]\nname = \"a\"\nwords = [\"x.*\"]\n", "no word"),
            ("identity = []", "names no identity"),
        ] {
            let error = Identities::parse(toml).unwrap_err();
            assert!(error.contains(reason), "{error}");
        }
    }
}
