//! `countervail user`: accounts of the review desk.

use std::io::Read as _;
use std::process::{Command, ExitCode, Stdio};

use anyhow::Context as _;
use clap::Subcommand;
use secrecy::{ExposeSecret as _, SecretString};

use crate::cli::output::{Hint, Output};
use crate::cli::{block_on, settings};
use crate::domain::audit::Actor;
use crate::domain::user::{Role, UserName};
use crate::service::Service;

/// Passwords longer than this are refused anyway; it bounds what is read, in bytes.
const MAX_PASSWORD: u64 = 4096;

/// Add and list people who may use the review desk
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Add a person; asks for a password
    Add {
        /// What they sign in with: 1 to 64 of a-z, 0-9, `.`, `_`, `-`
        name: UserName,
        /// What they may do: reviewer, lead (also decides what was escalated) or admin
        #[arg(long, default_value = "reviewer")]
        role: Role,
        /// Read the password from standard input instead of asking for it
        #[arg(long)]
        password_stdin: bool,
        #[command(flatten)]
        settings: settings::Args,
    },
    /// List all people, one per line: id, role, when added, name
    List {
        #[command(flatten)]
        settings: settings::Args,
    },
}

pub(crate) fn run(args: Args, output: &Output) -> anyhow::Result<ExitCode> {
    let settings = match &args.verb {
        Verb::Add { settings, .. } | Verb::List { settings } => settings,
    };
    let config = settings.load(Vec::new())?;
    let password = match &args.verb {
        Verb::Add { password_stdin: true, .. } => Some(piped_password()?),
        Verb::Add { .. } => Some(typed_password(output)?),
        Verb::List { .. } => None,
    };
    block_on(async {
        let store = settings::open_store(&config).await?;
        let service = settings::without_model(store.clone(), &config);
        let done = act(args.verb, password, &service, output).await;
        store.close().await;
        done
    })
}

async fn act(
    verb: Verb,
    password: Option<SecretString>,
    service: &Service,
    output: &Output,
) -> anyhow::Result<ExitCode> {
    match (verb, password) {
        (Verb::Add { name, role, .. }, Some(password)) => {
            let user = service.add_user(Actor::Operator, name, password, role).await?;
            output.note(format_args!("added {} `{}`; they can sign in now", user.role, user.name));
        }
        (Verb::Add { .. } | Verb::List { .. }, _) => {
            for user in service.users().await? {
                let moment = settings::moment(user.created_at);
                output.data(format_args!("{}\t{}\t{moment}\t{}", user.id, user.role, user.name))?;
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// All of standard input, without the line break at its end.
fn piped_password() -> anyhow::Result<SecretString> {
    let mut raw = String::new();
    std::io::stdin().take(MAX_PASSWORD).read_to_string(&mut raw).context("cannot read the password")?;
    let end = raw.trim_end_matches(['\r', '\n']).len();
    raw.truncate(end);
    Ok(SecretString::from(raw))
}

fn typed_password(output: &Output) -> anyhow::Result<SecretString> {
    if !output.is_interactive() {
        return Err(anyhow::anyhow!(Hint::new(
            "there is nobody to ask for a password",
            "pipe it in: `printf %s \"$PASSWORD\" | countervail user add NAME --password-stdin`",
        )));
    }
    let _quiet = Quiet::start();
    let first = typed_line(output, "password: ")?;
    let second = typed_line(output, "once more: ")?;
    anyhow::ensure!(first.expose_secret() == second.expose_secret(), "the two passwords differ; try again");
    Ok(first)
}

fn typed_line(output: &Output, question: &str) -> anyhow::Result<SecretString> {
    output.ask(question);
    let mut line = String::new();
    std::io::stdin().read_line(&mut line).context("cannot read the password")?;
    output.note("");
    Ok(SecretString::from(line.trim_end_matches(['\r', '\n']).to_owned()))
}

/// What is typed does not appear while this lives; where there is no `stty`, it does.
struct Quiet;

impl Quiet {
    fn start() -> Self {
        Self::stty("-echo");
        Self
    }

    fn stty(setting: &str) {
        let _ = Command::new("stty").arg(setting).stdin(Stdio::inherit()).stderr(Stdio::null()).status();
    }
}

impl Drop for Quiet {
    fn drop(&mut self) {
        Self::stty("echo");
    }
}
