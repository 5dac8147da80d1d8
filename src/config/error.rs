//! What is wrong with the settings: all of it at once, each problem with its key and where it was set.

use std::fmt;
use std::path::PathBuf;

/// Where a value came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// `default.toml`, inside the binary.
    Default,
    /// The file given with `--config`.
    File(PathBuf),
    /// The variable of this name.
    Environment(String),
    /// The flag of this name.
    Flag(&'static str),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("the defaults"),
            Self::File(path) => write!(f, "{}", path.display()),
            Self::Environment(name) => write!(f, "{name} in the environment"),
            Self::Flag(name) => f.write_str(name),
        }
    }
}

/// One thing to put right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// `section.key`.
    pub key: String,
    pub origin: Origin,
    /// What is wrong, and what is expected.
    pub reason: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` from {}: {}", self.key, self.origin, self.reason)
    }
}

/// The settings cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(transparent)]
    Read(#[from] std::io::Error),
    /// Not TOML at all.
    #[error("{} is not TOML: {reason}", path.display())]
    Syntax { path: PathBuf, reason: String },
    /// TOML, but not ours; every problem there is.
    #[error("{} wrong with the settings{}", count(.0.len()), listed(.0))]
    Problems(Vec<Problem>),
}

fn count(n: usize) -> String {
    if n == 1 { "1 thing is".to_owned() } else { format!("{n} things are") }
}

fn listed(problems: &[Problem]) -> String {
    problems.iter().fold(String::new(), |list, p| list + "\n  " + &p.to_string())
}
