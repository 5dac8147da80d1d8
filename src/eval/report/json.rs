//! JSON that people can compare line by line: broken into lines down to the fields of a target, and on one line
//! below that, since a curve of a hundred points is not read one number a line.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::ser::{Formatter, PrettyFormatter, Serializer};

/// Deepest level whose elements stand on lines of their own: report, benchmarks, benchmark, results, result, targets,
/// target.
const LEVELS: usize = 7;

/// The value as JSON with a final line break.
///
/// # Errors
/// When a map has a key that is no string, or a number is not finite.
pub(super) fn to_string(value: &impl Serialize) -> serde_json::Result<String> {
    let mut out = Vec::new();
    let lines = Lines { pretty: PrettyFormatter::new(), depth: 0 };
    value.serialize(&mut Serializer::with_formatter(&mut out, lines))?;
    out.push(b'\n');
    Ok(String::from_utf8(out).expect("serde_json writes UTF-8"))
}

/// [`PrettyFormatter`] down to [`LEVELS`].
struct Lines<'a> {
    pretty: PrettyFormatter<'a>,
    depth: usize,
}

impl Lines<'_> {
    fn begin<W: Write + ?Sized>(&mut self, out: &mut W, bracket: &[u8]) -> io::Result<bool> {
        self.depth += 1;
        if self.depth > LEVELS {
            out.write_all(bracket)?;
        }
        Ok(self.depth <= LEVELS)
    }

    fn end<W: Write + ?Sized>(&mut self, out: &mut W, bracket: &[u8]) -> io::Result<bool> {
        self.depth -= 1;
        if self.depth >= LEVELS {
            out.write_all(bracket)?;
        }
        Ok(self.depth < LEVELS)
    }

    fn separate<W: Write + ?Sized>(&self, out: &mut W, first: bool) -> io::Result<bool> {
        if self.depth > LEVELS && !first {
            out.write_all(b", ")?;
        }
        Ok(self.depth <= LEVELS)
    }
}

impl Formatter for Lines<'_> {
    fn begin_array<W: Write + ?Sized>(&mut self, out: &mut W) -> io::Result<()> {
        if self.begin(out, b"[")? { self.pretty.begin_array(out) } else { Ok(()) }
    }

    fn end_array<W: Write + ?Sized>(&mut self, out: &mut W) -> io::Result<()> {
        if self.end(out, b"]")? { self.pretty.end_array(out) } else { Ok(()) }
    }

    fn begin_array_value<W: Write + ?Sized>(&mut self, out: &mut W, first: bool) -> io::Result<()> {
        if self.separate(out, first)? { self.pretty.begin_array_value(out, first) } else { Ok(()) }
    }

    fn end_array_value<W: Write + ?Sized>(&mut self, out: &mut W) -> io::Result<()> {
        if self.depth <= LEVELS { self.pretty.end_array_value(out) } else { Ok(()) }
    }

    fn begin_object<W: Write + ?Sized>(&mut self, out: &mut W) -> io::Result<()> {
        if self.begin(out, b"{")? { self.pretty.begin_object(out) } else { Ok(()) }
    }

    fn end_object<W: Write + ?Sized>(&mut self, out: &mut W) -> io::Result<()> {
        if self.end(out, b"}")? { self.pretty.end_object(out) } else { Ok(()) }
    }

    fn begin_object_key<W: Write + ?Sized>(&mut self, out: &mut W, first: bool) -> io::Result<()> {
        if self.separate(out, first)? { self.pretty.begin_object_key(out, first) } else { Ok(()) }
    }

    fn begin_object_value<W: Write + ?Sized>(&mut self, out: &mut W) -> io::Result<()> {
        out.write_all(b": ")
    }

    fn end_object_value<W: Write + ?Sized>(&mut self, out: &mut W) -> io::Result<()> {
        if self.depth <= LEVELS { self.pretty.end_object_value(out) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn it_is_the_same_json_on_fewer_lines() {
        let deep = json!({"a": [{"b": [{"c": [{"d": {"e": [1, 2], "f": {}}, "g": []}]}]}], "h": null});
        let written = to_string(&deep).unwrap();
        assert_eq!(serde_json::from_str::<Value>(&written).unwrap(), deep);
        assert!(written.contains(r#""d": {"e": [1, 2], "f": {}}"#), "{written}");
        assert!(written.lines().count() > 8, "{written}");
    }
}
