//! `countervail serve`: the service and the review desk.

use std::net::SocketAddr;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context as _;
use rand::TryRng as _;
use rand::rngs::SysRng;
use secrecy::SecretString;
use tokio::net::TcpListener;

use crate::cli::output::{Hint, Output};
use crate::cli::settings::{flag, limits, make_data_dir, open_store};
use crate::cli::{block_on, settings};
use crate::config::{self, Config};
use crate::domain::audit::Actor;
use crate::domain::user::Role;
use crate::http::server::{Ended, serve};
use crate::http::state::{Access, AppState, CookieKey, Settings};
use crate::inference;
use crate::inference::cascade::Use;
use crate::inference::engine;
use crate::inference::handle::Handle;
use crate::service::Service;
use crate::service::clock::Clock;
use crate::telemetry::metrics::Recorder;
use crate::telemetry::{self, LogFormat};

/// How often old sessions and idempotency keys are cleared away.
const UPKEEP: Duration = Duration::from_mins(10);

/// Answer texts and run the review desk
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// IP address and port; anything but loopback can be reached from other machines [default: 127.0.0.1:8080]
    #[arg(long, value_name = "ADDR")]
    listen: Option<String>,
    /// Model bundle: a name under models/, or the path of its folder [default: default]
    #[arg(long, value_name = "NAME|PATH")]
    model: Option<String>,
    /// Try it out: no API key is needed, from this machine only
    #[arg(long)]
    dev: bool,
    #[command(flatten)]
    settings: settings::Args,
}

#[expect(clippy::needless_pass_by_value, reason = "every command takes its arguments by value")]
pub(crate) fn run(args: Args, output: &Output) -> anyhow::Result<ExitCode> {
    let flags = [
        flag("--listen", "server.listen", args.listen.as_ref()),
        flag("--model", "model.path", args.model.as_ref()),
    ];
    let config = args.settings.load(flags.into_iter().flatten().collect())?;
    let access = access(args.dev, config.server.listen)?;
    let format = if config.log.json { LogFormat::Json } else { LogFormat::Text };
    telemetry::init(&config.log.filter, format)?;
    let handle = open_model(&config)?;
    block_on(start(config, access, handle, (&args.settings, output)))
}

fn access(dev: bool, listen: SocketAddr) -> anyhow::Result<Access> {
    match (dev, listen.ip().is_loopback()) {
        (false, _) => Ok(Access::Keys),
        (true, true) => Ok(Access::Keyless),
        (true, false) => Err(anyhow::anyhow!(Hint::new(
            format!("--dev needs no key, so it is refused on {listen}, which other machines can reach"),
            "listen on 127.0.0.1, or leave --dev out and make a key with `countervail key create`",
        ))),
    }
}

/// Opens and verifies the bundle, and starts the threads that work with it.
fn open_model(config: &Config) -> anyhow::Result<Handle> {
    let model = &config.model;
    let path = &model.path;
    let settings = engine::Settings {
        queue_texts: model.queue_capacity,
        queue_bytes: model.queue_max_bytes,
        queue_wait: model.queue_max_wait,
        batch_tokens: model.max_batch_tokens,
        readers: model.tokenizer_threads,
        cache_entries: model.cached_answers,
    };
    let cascade = if model.cascade { Use::On { sample: model.cascade_sample } } else { Use::Off };
    inference::open(path, settings, cascade).with_context(|| {
        Hint::new(
            format!("cannot open the model `{path}`"),
            "give a name under models/ or the path of a bundle with --model",
        )
    })
}

async fn start(
    config: Config,
    access: Access,
    handle: Handle,
    (given, output): (&settings::Args, &Output),
) -> anyhow::Result<ExitCode> {
    let store = open_store(&config).await?;
    let policy = handle.policy().clone();
    let service = Service::new(store.clone(), handle, policy, Clock::system(), limits(&config));
    let state = AppState {
        service: service.clone(),
        settings: Settings {
            access,
            request_timeout: config.server.request_timeout,
            max_body_bytes: config.server.max_body_bytes,
            secure_cookie: config.console.secure_cookie,
        },
        cookie_key: cookie_key(&config.database.data_dir)?,
        recorder: Recorder::install(),
    };
    let listener = listen(&config.server).await?;
    greet(&service, access, listener.local_addr()?, given, output);
    if access == Access::Keyless {
        offer_dev_account(&service, output).await?;
    }
    output.note("  stop          Ctrl-C");
    let upkeep = tokio::spawn(tidy(service));
    let ended = serve(listener, state, stop_signal(), config.server.shutdown_grace).await;
    upkeep.abort();
    store.close().await;
    if ended.context("the service stopped answering")? == Ended::CutOff {
        output.note("stopped; some requests were still running and were cut off, unacknowledged");
    }
    Ok(ExitCode::SUCCESS)
}

async fn listen(server: &config::Server) -> anyhow::Result<TcpListener> {
    TcpListener::bind(server.listen).await.with_context(|| {
        Hint::new(
            format!("cannot listen on {}", server.listen),
            "choose another port with --listen; port 0 takes a free one",
        )
    })
}

fn greet(service: &Service, access: Access, address: SocketAddr, given: &settings::Args, output: &Output) {
    let model = service.model();
    let digest: String = model.digest.chars().take("sha256:".len() + 12).collect();
    let base = format!("http://{address}");
    let flags = given.repeat();
    output.note(format_args!("Countervail {} answers on {base}", env!("CARGO_PKG_VERSION")));
    output.note(format_args!(
        "  model         {} ({digest}), policy {}",
        model.name,
        service.policy().version
    ));
    output.note(format_args!("  review desk   {base}/console"));
    output.note(format_args!("  add a person  countervail user add NAME{flags}"));
    let key = match access {
        Access::Keys => {
            output.note(format_args!("  make a key    countervail key create --name NAME{flags}"));
            " -H 'authorization: Bearer KEY'"
        }
        Access::Keyless => {
            output.note("  no key        needed, from this machine (--dev)");
            ""
        }
    };
    output.note(format_args!(
        "  try it        curl {base}/v1/moderations{key} -H 'content-type: application/json' -d '{{\"input\":\"hello\"}}'"
    ));
}

/// Whoever tries it out should see the desk at once: the first time, there is an account ready.
async fn offer_dev_account(service: &Service, output: &Output) -> anyhow::Result<()> {
    if !service.users().await?.is_empty() {
        return Ok(());
    }
    let password = random_password(service.limits().min_password_chars)?;
    let name = "dev".parse().context("the name is a valid one")?;
    service.add_user(Actor::Operator, name, SecretString::from(password.clone()), Role::Lead).await?;
    output.note(format_args!("  sign in       as `dev` with {password} (shown this once)"));
    Ok(())
}

/// At least 16 characters of an alphabet of 32 that has no look-alikes: 80 bits.
fn random_password(at_least: usize) -> anyhow::Result<String> {
    const ALPHABET: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
    let mut bytes = vec![0; at_least.max(16)];
    SysRng.try_fill_bytes(&mut bytes).context("cannot get randomness from the operating system")?;
    Ok(bytes.iter().map(|b| char::from(ALPHABET[usize::from(b % 32)])).collect())
}

/// The key that signs cookies, from the data folder; made at the first start, so that a restart signs
/// nobody out.
fn cookie_key(data_dir: &Path) -> anyhow::Result<CookieKey> {
    make_data_dir(data_dir)?;
    let path = data_dir.join("cookie.key");
    match fs_err::read(&path) {
        Ok(bytes) => CookieKey::from_bytes(&bytes).with_context(|| {
            Hint::new(
                format!("{} is damaged", path.display()),
                "delete it; a new one is made, and everybody signs in again",
            )
        }),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let key = CookieKey::generate();
            write_private(&path, key.as_bytes())?;
            Ok(key)
        }
        Err(error) => Err(error.into()),
    }
}

fn write_private(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    use std::io::Write as _;

    let mut options = fs_err::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    fs_err::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(bytes)?;
    Ok(file.sync_all()?)
}

/// Ready when the process is asked to stop: Ctrl-C, or SIGTERM from whoever supervises it.
async fn stop_signal() {
    let interrupt = async {
        // Without a handler, Ctrl-C ends the process at once, which is what is left then.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    #[cfg(unix)]
    let terminate = async {
        match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
            Ok(mut signal) => drop(signal.recv().await),
            Err(_) => std::future::pending().await,
        }
    };
    #[cfg(not(unix))]
    let terminate = std::future::pending::<()>();
    tokio::select! {
        () = interrupt => {}
        () = terminate => {}
    }
}

async fn tidy(service: Service) {
    let mut every = tokio::time::interval(UPKEEP);
    loop {
        every.tick().await;
        if let Err(error) = service.tidy_up().await {
            tracing::warn!(error = %error, "could not clear away old sessions and idempotency keys");
        }
    }
}
