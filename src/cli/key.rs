//! `countervail key`: credentials of platforms.

use std::process::ExitCode;

use clap::Subcommand;
use secrecy::ExposeSecret as _;

use crate::cli::output::Output;
use crate::cli::{block_on, settings};
use crate::domain::audit::Actor;
use crate::domain::id::ApiKeyId;
use crate::domain::key::{ApiKey, Scope, Scopes};
use crate::service::Service;

/// Make, list and revoke API keys
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Make a key and print its secret, once; it cannot be shown again
    Create {
        /// Whose key this is, in your own words
        #[arg(long)]
        name: String,
        /// What it may be used for [default: all]
        #[arg(long, value_delimiter = ',', value_name = "SCOPE")]
        scopes: Vec<Scope>,
        #[command(flatten)]
        settings: settings::Args,
    },
    /// List all keys, one per line: id, prefix, scopes, when made, when revoked, name
    List {
        #[command(flatten)]
        settings: settings::Args,
    },
    /// Make a key useless, from its next request on
    Revoke {
        /// As printed by `key list`
        id: ApiKeyId,
        #[command(flatten)]
        settings: settings::Args,
    },
}

pub(crate) fn run(args: Args, output: &Output) -> anyhow::Result<ExitCode> {
    let settings = match &args.verb {
        Verb::Create { settings, .. } | Verb::List { settings } | Verb::Revoke { settings, .. } => settings,
    };
    let config = settings.load(Vec::new())?;
    block_on(async {
        let store = settings::open_store(&config).await?;
        let service = settings::without_model(store.clone(), &config);
        let done = act(args.verb, &service, output).await;
        store.close().await;
        done
    })
}

async fn act(verb: Verb, service: &Service, output: &Output) -> anyhow::Result<ExitCode> {
    match verb {
        Verb::Create { name, scopes, .. } => {
            let scopes: Scopes =
                if scopes.is_empty() { Scope::ALL.into() } else { scopes.into_iter().collect() };
            let (key, secret) = service.create_key(Actor::Operator, &name, scopes).await?;
            output.note(format_args!("key {} for `{}`; its secret is shown this once:", key.id, key.name));
            output.data(secret.expose_secret())?;
        }
        Verb::List { .. } => {
            let keys = service.keys().await?;
            if keys.is_empty() {
                output.note("there are no keys yet; make one with `countervail key create --name NAME`");
            }
            for key in &keys {
                output.data(line(key))?;
            }
        }
        Verb::Revoke { id, .. } => {
            let key = service.revoke_key(Actor::Operator, id).await?;
            output.note(format_args!("revoked key {} of `{}`", key.id, key.name));
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn line(key: &ApiKey) -> String {
    let scopes: Vec<&str> = key.scopes.iter().map(|s| s.id()).collect();
    let revoked = key.revoked_at.map_or("-".to_owned(), settings::moment);
    [
        key.id.to_string(),
        key.prefix.clone(),
        scopes.join(","),
        settings::moment(key.created_at),
        revoked,
        key.name.clone(),
    ]
    .join("\t")
}
