//! Where a file comes from, so that a program can fetch the same bytes, or a person can make them again.
//!
//! ```toml
//! origin = { git = "https://github.com/owner/name", commit = "40 hexadecimal digits", path = "data/a.csv" }
//! origin = { hub = "owner/name", revision = "main", path = "a.parquet" }
//! origin = { url = "https://example.org/a.csv.gz", unpack = "gzip" }
//! origin = { made = "every third line of …, in the order of the file" }
//! ```
//!
//! What is fetched is checked against the SHA-256 of its source, so a branch, an unencrypted mirror or a
//! repository that has moved cannot change a number; at worst nothing is fetched.

use std::fmt;

use serde::Deserialize;

/// A file's origin.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Written")]
pub struct Origin {
    pub place: Place,
    /// How the file at its origin is compressed; ours is not.
    pub unpack: Option<Unpack>,
}

/// Where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// A file of a git repository on GitHub or a GitLab, at one commit.
    Git {
        repository: String,
        commit: String,
        path: String,
    },
    /// A file of a data set on the Hugging Face hub.
    Hub {
        dataset: String,
        revision: String,
        path: String,
    },
    Url(String),
    /// Cannot be fetched: a sentence that says how the file was made, and from what.
    Made(String),
}

/// Compression.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Unpack {
    Gzip,
}

/// An origin as it is written: the keys of all kinds, so that a wrong mixture can be named.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    git: Option<String>,
    commit: Option<String>,
    hub: Option<String>,
    revision: Option<String>,
    path: Option<String>,
    url: Option<String>,
    made: Option<String>,
    unpack: Option<Unpack>,
}

impl TryFrom<Written> for Origin {
    type Error = String;

    fn try_from(w: Written) -> Result<Self, String> {
        let place = match (w.git, w.commit, w.hub, w.revision, w.path, w.url, w.made) {
            (Some(repository), Some(commit), None, None, Some(path), None, None) => {
                let repository = repository.trim_end_matches('/').trim_end_matches(".git").to_owned();
                git(repository, commit, path)?
            }
            (None, None, Some(dataset), Some(revision), Some(path), None, None) => {
                Place::Hub { dataset, revision, path }
            }
            (None, None, None, None, None, Some(url), None) if is_url(&url) => Place::Url(url),
            (None, None, None, None, None, Some(url), None) => {
                return Err(format!("origin `{url}` must begin with https://"));
            }
            (None, None, None, None, None, None, Some(made)) if w.unpack.is_none() => Place::Made(made),
            _ => {
                return Err("an origin is one of { git, commit, path }, { hub, revision, path }, { url }, \
                            { made }; the first three may add `unpack`"
                    .to_owned());
            }
        };
        Ok(Self { place, unpack: w.unpack })
    }
}

fn is_url(text: &str) -> bool {
    text.starts_with("https://") || text.starts_with("http://")
}

fn git(repository: String, commit: String, path: String) -> Result<Place, String> {
    if commit.len() != 40 || !commit.chars().all(|c| matches!(c, '0'..='9' | 'a'..='f')) {
        return Err(format!("commit `{commit}` of {repository} must be 40 hexadecimal digits"));
    }
    let place = Place::Git { repository, commit, path };
    match raw(&place) {
        Some(_) => Ok(place),
        None => {
            Err("git files can be fetched from https://github.com and from GitLabs; use `url` for others"
                .to_owned())
        }
    }
}

/// The address of a git file's bytes.
fn raw(place: &Place) -> Option<String> {
    let Place::Git { repository, commit, path } = place else { return None };
    let path = encode(path);
    let (host, project) = repository.strip_prefix("https://")?.split_once('/')?;
    if host == "github.com" {
        return Some(format!("https://raw.githubusercontent.com/{project}/{commit}/{path}"));
    }
    host.contains("gitlab").then(|| format!("https://{host}/{project}/-/raw/{commit}/{path}"))
}

/// Percent-encodes what may not stand in the path of an address; `/` stays.
#[must_use]
pub fn encode(path: &str) -> String {
    use std::fmt::Write as _;
    path.bytes().fold(String::with_capacity(path.len()), |mut out, byte| {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                out.push(byte as char);
            }
            _ => write!(out, "%{byte:02X}").expect("a string takes everything"),
        }
        out
    })
}

impl Origin {
    /// The address to fetch with HTTP; `None` for the hub, which has a client of its own, and for what was made.
    #[must_use]
    pub fn address(&self) -> Option<String> {
        match &self.place {
            Place::Git { .. } => raw(&self.place),
            Place::Url(url) => Some(url.clone()),
            Place::Hub { .. } | Place::Made(_) => None,
        }
    }

    /// Whether a program can fetch it.
    #[must_use]
    pub const fn is_fetchable(&self) -> bool {
        !matches!(self.place, Place::Made(_))
    }
}

/// For people: `https://github.com/owner/name at COMMIT, data/a.csv`.
impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.place {
            Place::Git { repository, commit, path } => write!(f, "{repository} at {commit}, {path}")?,
            Place::Hub { dataset, revision, path } => {
                write!(f, "https://huggingface.co/datasets/{dataset} at {revision}, {path}")?;
            }
            Place::Url(url) => f.write_str(url)?,
            Place::Made(made) => f.write_str(made)?,
        }
        match self.unpack {
            Some(Unpack::Gzip) => f.write_str(", unpacked"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(toml: &str) -> Result<Origin, String> {
        let table: std::collections::BTreeMap<String, Origin> =
            toml::from_str(&format!("origin = {toml}")).map_err(|e| e.message().to_owned())?;
        Ok(table["origin"].clone())
    }

    const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";

    #[test]
    fn git_files_have_an_address_on_github_and_gitlab() {
        let git = |host: &str| {
            parse(&format!("{{ git = \"https://{host}/o/r\", commit = \"{COMMIT}\", path = \"a b/é.csv\" }}"))
        };
        assert_eq!(
            git("github.com").unwrap().address().unwrap(),
            format!("https://raw.githubusercontent.com/o/r/{COMMIT}/a%20b/%C3%A9.csv")
        );
        assert_eq!(
            git("gitlab.example.org").unwrap().address().unwrap(),
            format!("https://gitlab.example.org/o/r/-/raw/{COMMIT}/a%20b/%C3%A9.csv")
        );
        assert!(git("example.org").unwrap_err().contains("use `url`"));
    }

    #[test]
    fn an_origin_is_of_one_kind() {
        for (toml, reason) in [
            ("{ git = \"https://github.com/o/r\", commit = \"main\", path = \"a\" }", "40 hexadecimal"),
            ("{ url = \"https://a.example/b\", path = \"c\" }", "an origin is one of"),
            ("{ hub = \"a/b\", path = \"c\" }", "an origin is one of"),
            ("{ made = \"by hand\", unpack = \"gzip\" }", "an origin is one of"),
            ("{ url = \"ftp://a.example/b\" }", "must begin with https://"),
            ("{ site = \"x\" }", "unknown field `site`"),
            ("{ url = \"https://a.example/b\", unpack = \"rar\" }", "unknown variant `rar`"),
        ] {
            let error = parse(toml).unwrap_err();
            assert!(error.contains(reason), "{error}");
        }
    }

    #[test]
    fn it_says_where_in_words() {
        let url = parse("{ url = \"https://a.example/b.gz\", unpack = \"gzip\" }").unwrap();
        assert_eq!(url.to_string(), "https://a.example/b.gz, unpacked");
        let hub = parse("{ hub = \"o/d\", revision = \"main\", path = \"a.parquet\" }").unwrap();
        assert_eq!(hub.to_string(), "https://huggingface.co/datasets/o/d at main, a.parquet");
        assert!(hub.is_fetchable() && hub.address().is_none());
        assert!(!parse("{ made = \"by hand\" }").unwrap().is_fetchable());
    }
}
