//! The shapes of moderation APIs, as bytes: what is sent for some texts, and whether an answer is one.

use anyhow::ensure;
use serde_json::Value;

use super::target::Target;

/// How requests and answers are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Shape {
    /// `POST /v1/moderations`, OpenAI's shape and ours.
    Openai,
    /// `POST /v1/items`, ours; one text a request.
    Items,
    /// `POST /predict` of text-embeddings-inference.
    Tei,
    /// `POST /v1alpha1/comments:analyze`; one text a request.
    Perspective,
}

impl Shape {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Openai => "openai",
            Self::Items => "items",
            Self::Tei => "tei",
            Self::Perspective => "perspective",
        }
    }

    /// Where a service of this shape usually says that it is ready.
    pub(crate) const fn ready(self) -> &'static str {
        match self {
            Self::Tei => "/health",
            Self::Openai | Self::Items | Self::Perspective => "/readyz",
        }
    }

    const fn most_texts(self) -> usize {
        match self {
            Self::Openai | Self::Tei => usize::MAX,
            Self::Items | Self::Perspective => 1,
        }
    }

    /// The body for texts that are JSON strings already, quotes included.
    fn body(self, texts: &[String]) -> String {
        match self {
            Self::Openai => format!("{{\"input\":[{}]}}", texts.join(",")),
            Self::Items => format!("{{\"text\":{}}}", texts[0]),
            // A list of lists: two strings side by side would be one pair.
            Self::Tei => format!("{{\"inputs\":[[{}]],\"truncate\":true}}", texts.join("],[")),
            Self::Perspective => format!(
                "{{\"comment\":{{\"text\":{}}},\"requestedAttributes\":{{\"TOXICITY\":{{}}}},\"doNotStore\":true}}",
                texts[0]
            ),
        }
    }

    /// What is wrong with an answer of status 200 or 201 to `count` texts, if anything is.
    pub(crate) fn wrong(self, body: &[u8], count: usize) -> Option<String> {
        let Ok(answer) = serde_json::from_slice::<Value>(body) else {
            return Some("it is not JSON".to_owned());
        };
        let list = match self {
            Self::Openai => answer["results"].as_array(),
            Self::Tei => answer.as_array(),
            Self::Items => {
                return (!answer["moderation"].is_object()).then(|| "it has no `moderation`".to_owned());
            }
            Self::Perspective => {
                return (!answer["attributeScores"].is_object())
                    .then(|| "it has no `attributeScores`".to_owned());
            }
        };
        match list {
            None => Some("it has no list of results".to_owned()),
            Some(list) if list.len() != count => Some(format!("{} results for {count} texts", list.len())),
            Some(_) => None,
        }
    }
}

/// All requests there can be, by number. When the texts have been sent once they are sent again, each with the number
/// of the pass behind it, so that a service that remembers texts is not measured at remembering; `salt` does the same for
/// several measurements of one service.
pub(crate) struct Requests {
    pub(crate) shape: Shape,
    pub(crate) per_request: usize,
    /// JSON strings without the closing quote.
    texts: Vec<String>,
    salt: u32,
}

impl Requests {
    /// # Errors
    /// When the shape does not take so many texts at once, or there are none.
    pub(crate) fn new(shape: Shape, texts: &[String], per_request: usize, salt: u32) -> anyhow::Result<Self> {
        ensure!(!texts.is_empty() && per_request > 0, "there is nothing to send");
        ensure!(per_request <= shape.most_texts(), "the shape `{}` takes one text a request", shape.name());
        let open = |text: &String| {
            let mut quoted = Value::from(text.as_str()).to_string();
            quoted.pop();
            quoted
        };
        Ok(Self { shape, per_request, texts: texts.iter().map(open).collect(), salt })
    }

    /// The bytes of request `number`, head and body.
    pub(crate) fn bytes(&self, number: usize, target: &Target, out: &mut Vec<u8>) {
        let first = number * self.per_request;
        let texts: Vec<String> = (first..first + self.per_request).map(|i| self.text(i)).collect();
        let body = self.shape.body(&texts);
        let (query, header) = match (&target.key, self.shape) {
            (None, _) => (String::new(), String::new()),
            (Some(key), Shape::Perspective) => (format!("?key={key}"), String::new()),
            (Some(key), _) => (String::new(), format!("authorization: Bearer {key}\r\n")),
        };
        out.clear();
        out.extend_from_slice(
            format!(
                "POST {}{query} HTTP/1.1\r\nhost: {}\r\ncontent-type: application/json\r\n{header}content-length: {}\r\n\r\n{body}",
                target.path,
                target.authority,
                body.len()
            )
            .as_bytes(),
        );
    }

    fn text(&self, at: usize) -> String {
        let (text, pass) = (&self.texts[at % self.texts.len()], at / self.texts.len());
        match (self.salt, pass) {
            (0, 0) => format!("{text}\""),
            (salt, pass) => format!("{text} {salt}.{pass}\""),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::target::Reach;
    use super::*;

    fn sent(shape: Shape, per_request: usize, number: usize, key: Option<&str>) -> (String, Value) {
        let texts = ["say \"hello\"\n", "grüße"].map(str::to_owned);
        let requests = Requests::new(shape, &texts, per_request, 0).expect("fits");
        let target =
            Target::parse("http://127.0.0.1:9/a", Reach::Loopback, key.map(str::to_owned)).expect("fits");
        let mut bytes = Vec::new();
        requests.bytes(number, &target, &mut bytes);
        let whole = String::from_utf8(bytes).expect("UTF-8");
        let (head, body) = whole.split_once("\r\n\r\n").expect("a head");
        assert!(head.contains(&format!("content-length: {}", body.len())), "{head}");
        (head.to_owned(), serde_json::from_str(body).expect("JSON"))
    }

    #[test]
    fn every_shape_carries_the_texts_whole() {
        assert_eq!(sent(Shape::Openai, 2, 0, None).1["input"][0], "say \"hello\"\n");
        assert_eq!(sent(Shape::Openai, 2, 0, None).1["input"][1], "grüße");
        assert_eq!(sent(Shape::Tei, 2, 0, None).1["inputs"][1][0], "grüße");
        assert_eq!(sent(Shape::Items, 1, 1, None).1["text"], "grüße");
        assert_eq!(sent(Shape::Perspective, 1, 0, None).1["comment"]["text"], "say \"hello\"\n");
    }

    #[test]
    fn nothing_is_sent_twice() {
        assert_eq!(sent(Shape::Items, 1, 3, None).1["text"], "grüße 0.1");
        assert_eq!(sent(Shape::Openai, 2, 2, None).1["input"][0], "say \"hello\"\n 0.2");
        let texts = ["a".to_owned()];
        let second = Requests::new(Shape::Items, &texts, 1, 2).expect("fits");
        assert_eq!(second.text(0), "\"a 2.0\"");
    }

    #[test]
    fn the_key_goes_where_the_shape_has_it() {
        assert!(sent(Shape::Tei, 1, 0, Some("k1")).0.contains("\r\nauthorization: Bearer k1\r\n"));
        let (head, _) = sent(Shape::Perspective, 1, 0, Some("k1"));
        assert!(head.starts_with("POST /a?key=k1 HTTP/1.1\r\n") && !head.contains("Bearer"), "{head}");
        assert!(!sent(Shape::Openai, 1, 0, None).0.contains("authorization"));
    }

    #[test]
    fn an_answer_of_another_shape_is_seen() {
        assert_eq!(Shape::Openai.wrong(br#"{"results":[{},{}]}"#, 2), None);
        assert_eq!(Shape::Tei.wrong(br#"[[{"label":"x","score":0.5}]]"#, 1), None);
        assert_eq!(Shape::Items.wrong(br#"{"moderation":{}}"#, 1), None);
        assert_eq!(Shape::Perspective.wrong(br#"{"attributeScores":{}}"#, 1), None);
        for shape in [Shape::Openai, Shape::Items, Shape::Tei, Shape::Perspective] {
            assert!(shape.wrong(b"{}", 1).is_some() && shape.wrong(b"hello", 1).is_some(), "{shape:?}");
        }
        assert!(Shape::Openai.wrong(br#"{"results":[{}]}"#, 2).is_some());
        assert!(Requests::new(Shape::Items, &["a".to_owned()], 2, 0).is_err());
    }
}
