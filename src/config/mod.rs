//! What an operator may set. `default.toml` is the reference: every key with its unit, its range and
//! what it changes. [`load`](load::load) resolves it once, at start-up, into these plain structs, which
//! are then passed down; nobody reads a setting later.

pub mod error;
mod keys;
pub mod load;
mod validate;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use secrecy::SecretString;

/// The documented defaults, as they are printed and as they are read.
pub const DEFAULT_TOML: &str = include_str!("default.toml");

/// Everything, resolved and checked.
#[derive(Debug, Clone)]
pub struct Config {
    pub server: Server,
    pub database: Database,
    pub model: Model,
    pub limits: Limits,
    pub console: Console,
    pub log: Log,
}

/// How the service is reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Server {
    pub listen: SocketAddr,
    pub request_timeout: Duration,
    pub max_body_bytes: usize,
    /// How long requests in flight may go on after a stop was asked for.
    pub shutdown_grace: Duration,
}

/// Where things are remembered.
#[derive(Debug, Clone)]
pub struct Database {
    /// `None`: SQLite in `data_dir`. Prints as `[REDACTED]`, for it may hold a password.
    pub url: Option<SecretString>,
    pub data_dir: PathBuf,
}

/// Which model answers, and how much it takes on.
#[derive(Debug, Clone, PartialEq)]
pub struct Model {
    /// A name under `models/`, or a path.
    pub path: String,
    /// In texts.
    pub queue_capacity: usize,
    /// In bytes of text.
    pub queue_max_bytes: usize,
    /// Longer waits are refused.
    pub queue_max_wait: Duration,
    /// Tokens read in one go; 0: by the number of cores.
    pub max_batch_tokens: usize,
    /// 0: by the number of cores.
    pub tokenizer_threads: usize,
    /// 0: none.
    pub cached_answers: u64,
    /// Whether a first stage that the bundle has is used.
    pub cascade: bool,
    /// Share of the texts it stops that the encoder reads all the same, 0..=1.
    pub cascade_sample: f64,
}

/// Bounds of the use cases.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    pub max_text_bytes: usize,
    pub max_texts_per_request: usize,
    pub claim_ttl: Duration,
    pub idempotency_ttl: Duration,
    pub keep_unflagged_text: bool,
}

/// The review desk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Console {
    pub session_ttl: Duration,
    pub min_password_chars: usize,
    pub secure_cookie: bool,
}

/// What is logged, and in which form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Log {
    pub filter: String,
    pub json: bool,
}
