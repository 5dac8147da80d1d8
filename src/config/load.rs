//! Puts the layers together: defaults, file, environment, flags. The only place that reads the environment.

use std::path::{Path, PathBuf};

use toml::Table;

use crate::config::error::{Error, Origin};
use crate::config::keys::Keys;
use crate::config::{Config, DEFAULT_TOML, validate};

/// Begins the name of every variable of ours; sections and keys follow, parted by two underscores.
const PREFIX: &str = "COUNTERVAIL__";

/// A value given on the command line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flag {
    /// As it is typed, e.g. `--listen`.
    pub name: &'static str,
    /// What it sets, e.g. `server.listen`.
    pub key: &'static str,
    pub value: String,
}

/// The settings of this run.
///
/// # Errors
/// [`Error::Read`] and [`Error::Syntax`] for the file; [`Error::Problems`] with everything else that is wrong.
pub fn load(file: Option<&Path>, flags: &[Flag]) -> Result<Config, Error> {
    let file = match file {
        Some(path) => Some((path.to_owned(), fs_err::read_to_string(path)?)),
        None => None,
    };
    let environment = std::env::vars_os().filter_map(|(name, value)| {
        // A variable that is not Unicode cannot be named like ours, or holds no value that we could use.
        Some((name.into_string().ok()?, value.to_string_lossy().into_owned()))
    });
    resolve(file, environment, flags)
}

/// [`load`] without the machine: the file's path and contents, and the variables.
fn resolve(
    file: Option<(PathBuf, String)>,
    environment: impl Iterator<Item = (String, String)>,
    flags: &[Flag],
) -> Result<Config, Error> {
    let defaults: Table = DEFAULT_TOML.parse().expect("default.toml is part of the binary, and tested");
    let mut keys = Keys::from_defaults(&defaults);
    if let Some((path, contents)) = file {
        match contents.parse() {
            Ok(table) => keys.lay_table(&table, &Origin::File(path)),
            Err(error) => return Err(Error::Syntax { path, reason: toml_error(&error) }),
        }
    }
    let mut variables: Vec<_> = environment.filter(|(name, _)| name.starts_with(PREFIX)).collect();
    variables.sort();
    for (name, value) in variables {
        let key = name[PREFIX.len()..].to_lowercase().replace("__", ".");
        keys.lay_str(&key, &value, &Origin::Environment(name));
    }
    for flag in flags {
        keys.lay_str(flag.key, &flag.value, &Origin::Flag(flag.name));
    }
    let config = validate::config(&mut keys);
    if keys.problems.is_empty() { Ok(config) } else { Err(Error::Problems(keys.problems)) }
}

fn toml_error(error: &toml::de::Error) -> String {
    // The full form quotes the line, which may hold a password.
    error.message().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_file(contents: &str) -> Result<Config, Error> {
        resolve(Some(("my.toml".into(), contents.to_owned())), std::iter::empty(), &[])
    }

    fn variable(name: &str, value: &str) -> (String, String) {
        (name.to_owned(), value.to_owned())
    }

    #[test]
    fn the_defaults_are_complete_and_valid() {
        let config = resolve(None, std::iter::empty(), &[]).expect("valid");
        assert_eq!(config.server.listen.to_string(), "127.0.0.1:8080");
        assert!(config.database.url.is_none());
        assert_eq!(config.limits.max_text_bytes, 32_768);
    }

    #[test]
    fn later_layers_win() {
        let file =
            Some(("my.toml".into(), "[server]\nlisten = \"127.0.0.1:1\"\n[log]\njson = true".to_owned()));
        let environment = [
            variable("COUNTERVAIL__SERVER__LISTEN", "127.0.0.1:2"),
            variable("COUNTERVAIL__LIMITS__CLAIM_TTL_S", "90"),
            variable("PATH", "/bin"),
        ];
        let flag = Flag { name: "--listen", key: "server.listen", value: "127.0.0.1:3".to_owned() };
        let config = resolve(file, environment.into_iter(), &[flag]).expect("valid");
        assert_eq!(config.server.listen.port(), 3);
        assert_eq!(config.limits.claim_ttl.as_secs(), 90);
        assert!(config.log.json);
    }

    #[test]
    fn every_problem_is_named_with_its_key_and_source() {
        let file = Some((
            "my.toml".into(),
            "speed = 1\n[server]\nlisten = \"here\"\nlissten = 1\n[limits]\nmax_text_bytes = 0\n[web]\na = 1"
                .to_owned(),
        ));
        let environment =
            [variable("COUNTERVAIL__LOG__JSON", "yes"), variable("COUNTERVAIL__MODEL__QUEUE_CAPACITY", "3")];
        let error = resolve(file, environment.into_iter(), &[]).expect_err("invalid");
        insta::assert_snapshot!(error, @"
        7 things are wrong with the settings
          `server.lissten` from my.toml: there is no such key; the keys of [server] are listen, max_body_bytes, request_timeout_ms, shutdown_grace_ms
          `speed` from my.toml: expected a section, as in `[speed]`
          `web.a` from my.toml: there is no such section; the sections are console, database, limits, log, model, server
          `log.json` from COUNTERVAIL__LOG__JSON in the environment: expected true or false, got a string
          `server.listen` from my.toml: `here` is not an address and port such as 127.0.0.1:8080 or [::1]:8080
          `limits.max_text_bytes` from my.toml: is 0, expected 1 to 1048576
          `model.queue_capacity` from COUNTERVAIL__MODEL__QUEUE_CAPACITY in the environment: is 3, less than `limits.max_texts_per_request`, which is 128: a full call could never be answered
        ");
    }

    #[test]
    fn a_database_url_is_never_repeated() {
        let error = with_file("[database]\nurl = \"mysql://u:secret@h/d\"").expect_err("invalid");
        assert!(!error.to_string().contains("secret"), "{error}");
        let error = with_file("[database]\nurl = \"postgres://u:secret@h/d").expect_err("not TOML");
        assert!(!error.to_string().contains("secret"), "{error}");
        let config = with_file("[database]\nurl = \"postgres://u:secret@h/d\"").expect("valid");
        assert!(!format!("{config:?}").contains("secret"));
    }

    #[test]
    fn every_key_is_explained() {
        let mut explained = false;
        for line in DEFAULT_TOML.lines() {
            if line.contains(" = ") && !line.starts_with('#') {
                assert!(explained, "no comment above {line}");
            }
            explained = line.starts_with('#');
        }
    }
}
