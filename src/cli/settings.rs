//! What every command with a database has in common: where the settings are, and how it is opened.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use secrecy::ExposeSecret as _;

use crate::cli::output::Hint;
use crate::config::Config;
use crate::config::load::{Flag, load};
use crate::domain::assessment::{Assessment, LanguageSupport, ModelRef};
use crate::domain::policy::Policy;
use crate::domain::score::Score;
use crate::domain::taxonomy::Category;
use crate::inference::handle::Handle;
use crate::service::Service;
use crate::service::clock::Clock;
use crate::service::limits::Limits;
use crate::store::Store;

/// Flags about settings and the database.
#[derive(Debug, clap::Args)]
#[group(id = "settings")]
pub(crate) struct Args {
    /// Settings file (TOML); `COUNTERVAIL__SECTION__KEY` in the environment and flags win over it
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Folder for the database and the cookie key [default: countervail-data]
    #[arg(long, value_name = "DIR")]
    data_dir: Option<String>,
    /// Another database than SQLite in the data folder: postgres://… or sqlite://…
    #[arg(long, value_name = "URL")]
    database_url: Option<String>,
}

impl Args {
    /// The settings of this run; `flags` are those of the command itself.
    pub(crate) fn load(&self, flags: Vec<Flag>) -> anyhow::Result<Config> {
        let mut all = flags;
        all.extend(flag("--data-dir", "database.data_dir", self.data_dir.as_ref()));
        all.extend(flag("--database-url", "database.url", self.database_url.as_ref()));
        load(self.config.as_deref(), &all).context(Hint::new(
            "the settings cannot be used",
            "src/config/default.toml in the source lists every key with its unit and range",
        ))
    }

    /// The flags that reach the same database from another terminal, with a space in front.
    pub(crate) fn repeat(&self) -> String {
        let mut flags = String::new();
        let config = self.config.as_ref().map(|path| path.display().to_string());
        for (name, value) in [("--config", config.as_ref()), ("--data-dir", self.data_dir.as_ref())] {
            if let Some(value) = value {
                flags = format!("{flags} {name} {value}");
            }
        }
        if self.database_url.is_some() {
            // May hold a password.
            flags.push_str(" --database-url …");
        }
        flags
    }
}

/// A flag of the command line as a setting, if it was given.
pub(crate) fn flag(name: &'static str, key: &'static str, value: Option<&String>) -> Option<Flag> {
    value.map(|value| Flag { name, key, value: value.clone() })
}

/// Opens the database, making it first if it is the SQLite file of the data folder.
pub(crate) async fn open_store(config: &Config) -> anyhow::Result<Store> {
    let database = &config.database;
    let (url, what) = if let Some(url) = &database.url {
        (url.expose_secret().to_owned(), "the database of `database.url`".to_owned())
    } else {
        make_data_dir(&database.data_dir)?;
        let file = database.data_dir.join("countervail.sqlite3");
        (sqlite_url(&file)?, file.display().to_string())
    };
    Store::connect(&url).await.with_context(|| {
        Hint::new(format!("cannot open {what}"), "check that it exists and may be written, then try again")
    })
}

/// Makes the data folder, for its owner only.
pub(crate) fn make_data_dir(dir: &Path) -> anyhow::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(dir).with_context(|| {
        Hint::new(
            format!("cannot make the data folder {}", dir.display()),
            "choose another with --data-dir, or make it yourself and let this user write to it",
        )
    })
}

fn sqlite_url(file: &Path) -> anyhow::Result<String> {
    let path = file.to_str().with_context(|| {
        Hint::new(format!("{} is not Unicode", file.display()), "choose another folder with --data-dir")
    })?;
    // These three would end the path or be read as an escape.
    let path = path.replace('%', "%25").replace('?', "%3f").replace('#', "%23");
    Ok(format!("sqlite://{path}?mode=rwc"))
}

/// The bounds of the use cases, from the settings.
pub(crate) fn limits(config: &Config) -> Limits {
    Limits {
        max_items: config.limits.max_texts_per_request,
        max_text_bytes: config.limits.max_text_bytes,
        max_context_bytes: config.limits.max_text_bytes,
        keep_unflagged_text: config.limits.keep_unflagged_text,
        claim_ttl: config.limits.claim_ttl,
        session_ttl: config.console.session_ttl,
        idempotency_ttl: config.limits.idempotency_ttl,
        min_password_chars: config.console.min_password_chars,
        ..Limits::default()
    }
}

/// The use cases about keys and people, which need no model: this one reads no language and flags nothing.
pub(crate) fn without_model(store: Store, config: &Config) -> Service {
    let certain = Score::new(1.0).expect("1 is a probability");
    let policy = Policy {
        version: "none".to_owned(),
        review: certain,
        urgent: certain,
        categories: [certain; Category::COUNT],
    };
    let model = ModelRef { name: "none".to_owned(), digest: String::new() };
    let handle = Handle::scripted(model, policy.clone(), |_| Assessment {
        reading: None,
        language: "und",
        language_support: LanguageSupport::Unsupported,
        windows: 0,
        strongest_window: None,
    });
    Service::new(store, handle, policy, Clock::system(), limits(config))
}

/// A time as commands print it: RFC 3339, UTC, whole seconds.
pub(crate) fn moment(at: time::OffsetDateTime) -> String {
    use time::format_description::well_known::Rfc3339;
    at.replace_nanosecond(0).ok().and_then(|at| at.format(&Rfc3339).ok()).unwrap_or_default()
}
